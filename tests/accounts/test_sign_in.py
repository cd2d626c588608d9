import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.http import HttpResponse
from django.test import Client

from kasilabs.accounts.models import AuditEntry, User
from tests.support import factories, mails
from tests.support.visits import As, link_in, page

SIGN_IN, RESET = "/accounts/login/", "/accounts/password/reset/"
SAME_SENTENCE = "This email address and password do not match."
pytestmark = pytest.mark.usefixtures("empty_cache")


def sign_in(email: str, password: str = factories.PASSWORD, *, address: str = "192.0.2.1", **more: str) -> HttpResponse:
    client = Client(REMOTE_ADDR=address)
    return client.post(SIGN_IN, {"login": email, "password": password, **more})  # type: ignore[return-value]


def test_a_person_signs_in_and_lands_in_their_organization(cast: factories.Cast) -> None:
    client = Client()
    answer = client.post(SIGN_IN, {"login": " Viewer@Kasi-Legal.Example ", "password": factories.PASSWORD})
    assert answer["Location"] == "/"
    assert client.get("/")["Location"] == "/o/kasi-legal/"


def test_an_unknown_address_and_a_wrong_password_read_the_same(cast: factories.Cast) -> None:
    wrong, unknown = sign_in(cast.viewer.email, "wrong"), sign_in("nobody@x.example", "wrong")
    assert (wrong.status_code, unknown.status_code) == (200, 200)
    assert SAME_SENTENCE in page(wrong)
    assert SAME_SENTENCE in page(unknown)


def test_somebody_switched_off_does_not_get_in(cast: factories.Cast) -> None:
    User.objects.filter(pk=cast.viewer.pk).update(is_active=False)
    answer = sign_in(cast.viewer.email)
    assert "_auth_user_id" not in answer.client.session  # type: ignore[attr-defined]


@pytest.mark.parametrize(("remember", "seconds"), [({"remember": "on"}, 14 * 24 * 3600), ({}, "")])
def test_a_device_is_remembered_for_fourteen_days_when_asked(
    cast: factories.Cast, remember: dict[str, str], seconds: int | str
) -> None:
    cookie = sign_in(cast.viewer.email, **remember).cookies["sessionid"]
    assert cookie["max-age"] == seconds


def test_sign_in_leads_nowhere_else(cast: factories.Cast) -> None:
    answer = sign_in(cast.viewer.email, next="https://evil.example/")
    assert answer["Location"] == "/"


def test_sign_up_is_closed(db: None) -> None:
    answer = Client().post(
        "/accounts/signup/",
        {"email": "new@x.example", "password1": factories.PASSWORD, "password2": factories.PASSWORD},
    )
    assert "An owner or admin adds people" in page(answer)
    assert User.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_reset_link_sets_a_first_password() -> None:
    person = User.objects.create_user("new@x.example", name="Nia")
    client = Client(headers={"host": "localhost"})
    assert client.post(RESET, {"email": "New@X.example"})["Location"] == "/accounts/password/reset/done/"
    form = client.get(link_in(mails.sent()[0]))["Location"]
    client.post(form, {"password1": "quite another one", "password2": "quite another one"})
    assert sign_in(person.email, "quite another one").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_reset_link_works_once() -> None:
    factories.user("a@x.example")
    Client().post(RESET, {"email": "a@x.example"})
    link, client = link_in(mails.sent()[0]), Client()
    form = client.get(link)["Location"]
    client.post(form, {"password1": "quite another one", "password2": "quite another one"})
    assert "Send a new link" in page(Client().get(link))


def test_a_short_or_common_password_is_refused(cast: factories.Cast, as_: As) -> None:
    client = as_(cast.viewer)
    for weak in ("short", "password1234", "1234567890123"):
        client.post(
            "/accounts/password/change/", {"oldpassword": factories.PASSWORD, "password1": weak, "password2": weak}
        )
        cast.viewer.refresh_from_db()
        assert cast.viewer.check_password(factories.PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_another_address_counts_when_its_link_was_opened() -> None:
    person = factories.user("old@x.example")
    client = Client()
    client.post(SIGN_IN, {"login": person.email, "password": factories.PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    client.post("/accounts/email/", {"email": "new@x.example", "action_add": ""})
    client.post("/accounts/email/", {"email": "new@x.example", "action_primary": ""})
    person.refresh_from_db()
    assert person.email == "old@x.example"
    client.post(link_in(mails.sent()[0]))
    person.refresh_from_db()
    entry = AuditEntry.objects.get(action="user.email_changed")
    assert (person.email, entry.before, entry.after) == (
        "new@x.example",
        {"email": "old@x.example"},
        {"email": "new@x.example"},
    )


def test_a_link_to_an_address_somebody_has_changes_nothing(cast: factories.Cast) -> None:
    address = EmailAddress.objects.create(user=cast.stranger, email=cast.viewer.email)
    Client().post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/")
    cast.stranger.refresh_from_db()
    assert cast.stranger.email == "stranger@rival-law.example"
    assert AuditEntry.objects.count() == 0


def test_an_address_is_changed_only_after_the_password_was_typed_again(cast: factories.Cast, as_: As) -> None:
    answer = as_(cast.viewer).post("/accounts/email/", {"email": "new@x.example", "action_add": ""})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not EmailAddress.objects.filter(email="new@x.example").exists()


def test_somebody_without_an_organization_is_told_what_to_do(cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.reviewer).get("/"))
    assert "You do not belong to an organization yet" in shown
    assert cast.reviewer.email in shown
