"""The chat token of a bridge request: whether it still serves, and how often it has."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from bridges.models import ChatTokenUse
from installations.models import Installation
from kasilabs.calls import chat_token
from kasilabs.calls.chat_token import ChatToken
from kasilabs.lib.crypto.jwt import BadToken
from kasilabs.logs.models import Call, CallState


def verify(text: str, installation: Installation) -> tuple[ChatToken, bool]:
    """Returns a chat token of this installation, and whether it still serves. Raises BadToken, CannotOpen.

    It serves while its call is open and 30 seconds more, and never beyond its own end.
    """
    token = chat_token.read(text)
    if token.installation != installation.id:
        raise BadToken
    now = timezone.now()
    call = Call.objects.filter(pk=token.call).only("state", "finished").first()
    if call is None or now >= token.expires:
        return token, False
    grace = timedelta(seconds=chat_token.GRACE_SECONDS)
    return token, call.state == CallState.OPEN or (call.finished is not None and now < call.finished + grace)


def count_use(token: ChatToken, family: str) -> bool:
    """Counts one use of a token for a family of actions; False when the family is used up, and nothing is counted.

    In the caller's transaction. The UPDATE decides between two that want the last use.
    """
    use = ChatTokenUse(jti=token.jti, family=family, expires=token.expires)
    ChatTokenUse.objects.bulk_create([use], ignore_conflicts=True)
    left = ChatTokenUse.objects.filter(jti=token.jti, family=family, count__lt=chat_token.USE_CAPS[family])
    return bool(left.update(count=F("count") + 1))


def prune(now: datetime) -> int:
    """Deletes the counts of tokens that are over, and returns how many there were."""
    deleted, _rows = ChatTokenUse.objects.filter(expires__lte=now).delete()
    return deleted
