"""Two calls at once about one conversation: the row decides whose it is, whatever both of them have read before."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from kasilabs.calls.customer import CustomerContext, SentConversation
from kasilabs.whatsapp.models import Conversation, Customer
from tests.support.concurrency import at_once, or_error
from tests.support.platform import Platform
from tests.support.waiting import HANGS_AFTER_SECONDS

PHONES = [f"+25471122233{digit}" for digit in range(4)]
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@pytest.fixture
def conversation(platform: Platform) -> Conversation:
    """A conversation that no customer is known of."""
    platform.agent.call(conversation={"id": "chat-1"})
    return Conversation.objects.get(customer=None)


def writing(
    platform: Platform, all_have_read: threading.Barrier, sent: SentConversation
) -> Callable[[], CustomerContext]:
    """Read what is known, wait until everybody has, and write what is new."""
    installation = platform.legal.plugin_grants.get().installation

    def write() -> CustomerContext:
        context = CustomerContext.load(installation, platform.legal, sent)
        all_have_read.wait()
        with transaction.atomic():
            context.create_missing()
        return context

    return write


def test_one_of_two_first_customers_gets_the_conversation(platform: Platform, conversation: Conversation) -> None:
    barrier = threading.Barrier(2, timeout=HANGS_AFTER_SECONDS)
    writers = [writing(platform, barrier, SentConversation("chat-1", phone=phone)) for phone in PHONES[:2]]
    done = at_once(*map(or_error, writers))
    (won,) = [each for each in done if isinstance(each, CustomerContext)]
    (lost,) = [each for each in done if isinstance(each, Exception)]
    assert isinstance(lost, IntegrityError)
    conversation.refresh_from_db()
    assert conversation.customer_id == won.customer_id
    assert Customer.objects.count() == 1


def test_the_latest_of_two_messages_stays(platform: Platform, conversation: Conversation) -> None:
    barrier = threading.Barrier(3, timeout=HANGS_AFTER_SECONDS)
    moments = [NOW, NOW + timedelta(seconds=2.5), NOW + timedelta(seconds=1)]
    sent = [SentConversation("chat-1", last_message_at=moment) for moment in moments]
    at_once(*[writing(platform, barrier, each) for each in sent])
    conversation.refresh_from_db()
    assert conversation.last_customer_message_at == moments[1]


def test_every_call_that_comes_too_late_is_told_that_it_is_another_customers(
    platform: Platform, conversation: Conversation
) -> None:
    def calling(phone: str) -> Callable[[], tuple[int, str]]:
        def call() -> tuple[int, str]:
            answer = platform.agent.call(conversation={"id": "chat-1", "customer": {"phone": phone}})
            return answer.status_code, answer.json().get("code", "")

        return call

    answers = at_once(*map(calling, PHONES))
    assert sorted(answers) == [(200, ""), *[(409, "conversation_mismatch")] * 3]
    conversation.refresh_from_db()
    assert {row.customer_id for row in platform.rows() if row.state == "succeeded"} == {None, conversation.customer_id}
