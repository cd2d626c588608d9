"""Asking for a link that sets a new password: nobody can block it, flood with it, or learn from it who has one."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from kasilabs.accounts import password_links
from kasilabs.accounts.models import OutgoingMail, PasswordLinkRequest, RateCounter, User
from kasilabs.jobs import sweep
from tests.support import factories, mails
from tests.support.clock import StandingClock
from tests.support.concurrency import at_once
from tests.support.statements import statements

SIGN_IN, RESET = "/accounts/login/", "/accounts/password/reset/"
SENT = "/accounts/password/reset/done/"
HALF_AN_HOUR = timedelta(minutes=30)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_cache", "limits_clock")]


@pytest.fixture
def owner(transactional_db: None) -> User:
    return factories.user("a@x.example")


def at(address: str = "192.0.2.1") -> Client:
    return Client(REMOTE_ADDR=address)


def ask(client: Client, email: str = "a@x.example") -> Any:
    return client.post(RESET, {"email": email})


def known(person: User) -> Client:
    """Returns a browser this person has signed in with and out of."""
    client = at()
    client.post(SIGN_IN, {"login": person.email, "password": factories.PASSWORD})
    client.post("/accounts/logout/")
    return client


def half_an_hour_later(clock: StandingClock) -> None:
    clock.advance(HALF_AN_HOUR)
    PasswordLinkRequest.objects.update(due_at=clock.now() - HALF_AN_HOUR)


def test_asking_reads_the_same_for_an_address_with_and_without_an_account(owner: User) -> None:
    answers = [ask(at(), f"{name}@x.example") for name in ("A", "nobody")]
    assert [answer["Location"] for answer in answers] == [SENT, SENT]
    assert [message.to for message in mails.sent()] == [[owner.email]]
    assert PasswordLinkRequest.objects.count() == 0


@pytest.mark.parametrize("device", ["new", "of somebody else"])
def test_asking_is_the_same_work_for_an_address_with_and_without_an_account(owner: User, device: str) -> None:
    client = at() if device == "new" else known(factories.user("b@x.example"))
    work: dict[str, list[list[str]]] = {}
    for address in (owner.email, "nobody@x.example"):
        work[address] = []
        for _ in range(5):
            work[address].append(statements(partial(ask, client, address)))
            sweep.run_due()
    assert work[owner.email] == work["nobody@x.example"]
    assert sum("accounts_passwordlinkrequest" in statement for statement in work[owner.email][0]) == 1


def test_somebody_switched_off_gets_no_link(owner: User) -> None:
    User.objects.update(is_active=False)
    ask(at())
    assert mails.sent() == []


def test_no_row_and_no_mail_at_rest_holds_the_link_in_the_clear(owner: User) -> None:
    ask(at())
    password_links.answer(claimed(PasswordLinkRequest.objects.get()))
    stored = str(list(OutgoingMail.objects.values())) + str(list(PasswordLinkRequest.objects.values()))
    assert "/accounts/password/reset/key/" not in stored
    assert "/accounts/password/reset/key/" in str(mails.sent()[0].body)


def claimed(asked: PasswordLinkRequest) -> PasswordLinkRequest:
    assert asked.claim(now=asked.due_at, lease=timedelta(minutes=1))
    return asked


def test_a_stranger_who_asks_and_asks_fills_no_mailbox(owner: User, limits_clock: StandingClock) -> None:
    for number in range(100):
        assert ask(at(f"198.51.{number}.7"))["Location"] == SENT
        sweep.run_due()
    assert len(mails.sent()) == 2
    asked = PasswordLinkRequest.objects.get()
    assert asked.due_at == limits_clock.now() + HALF_AN_HOUR
    half_an_hour_later(limits_clock)
    assert len(mails.sent()) == 3
    assert not PasswordLinkRequest.objects.exists()


def test_an_owner_gets_a_link_on_their_own_device_whatever_strangers_ask(owner: User) -> None:
    device = known(owner)
    for number in range(5):
        ask(at(f"198.51.{number}.7"))
        sweep.run_due()
    assert len(mails.sent()) == 2
    assert ask(device)["Location"] == SENT
    assert len(mails.sent()) == 3


def test_an_owner_elsewhere_gets_the_link_that_waits(owner: User, limits_clock: StandingClock) -> None:
    for number in range(3):
        ask(at(f"198.51.{number}.7"))
        sweep.run_due()
    ask(at("203.0.113.9"))
    half_an_hour_later(limits_clock)
    assert len(mails.sent()) == 3
    mail.outbox.clear()
    ask(at("203.0.113.9"))
    assert len(mails.sent()) == 1


def test_asks_that_wait_are_one(owner: User) -> None:
    for _ in range(3):
        ask(at())
    assert PasswordLinkRequest.objects.count() == 1
    assert len(mails.sent()) == 1


def test_asks_at_once_are_one(owner: User) -> None:
    answers = at_once(*[lambda: ask(at()).status_code for _ in range(8)])
    assert answers == [302] * 8
    assert PasswordLinkRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("addresses", "granted"),
    [
        (["192.0.2.66"], 10),
        ([f"2001:db8:1:2:{number}::1" for number in range(20)], 10),
        ([f"192.0.2.{number}" for number in range(1, 20)], 60),
        ([f"2001:db8:1:{number}::1" for number in range(20)], 60),
    ],
    ids=["an address", "a /64", "a /24", "a /48"],
)
def test_asking_is_slowed_where_it_comes_from(transactional_db: None, addresses: list[str], granted: int) -> None:
    answers = [ask(at(addresses[n % len(addresses)]), f"{n}@x.example").status_code for n in range(granted + 2)]
    assert answers == [302] * granted + [429] * 2
    assert RateCounter.objects.count() <= len(addresses) + 1
    assert PasswordLinkRequest.objects.count() == granted
    assert ask(at("203.0.113.9"))["Location"] == SENT


def test_who_asks_too_often_is_told_when_to_try_again(transactional_db: None) -> None:
    refused = [ask(at(), f"{n}@x.example") for n in range(11)][-1]
    assert (refused.status_code, refused["Retry-After"]) == (429, "600")


def test_a_device_of_their_own_is_not_slowed_by_strangers_at_the_same_address(owner: User) -> None:
    device = known(owner)
    for number in range(12):
        ask(at(), f"{number}@x.example")
    assert ask(at()).status_code == 429
    assert ask(device)["Location"] == SENT
    assert [ask(device).status_code for _ in range(10)] == [302] * 9 + [429]


@pytest.mark.parametrize("email", ["", "x", "a" * 400 + "@x.example", "a@x.example\0", "a@x.example\nb@x.example"])
def test_what_is_no_address_is_said_and_asks_for_nothing(transactional_db: None, email: str) -> None:
    assert ask(at(), email).status_code == 200
    assert PasswordLinkRequest.objects.count() == 0


def test_an_address_as_long_as_they_get_is_asked_for(transactional_db: None) -> None:
    email = "a" * 64 + "@" + ".".join(["b" * 60] * 4) + ".example"
    assert ask(at(), email)["Location"] == SENT
    assert mails.sent() == []
