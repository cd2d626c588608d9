"""How many passwords and codes are checked: strangers are slowed where they are, a known device keeps its way in."""

from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from kasilabs.accounts import known_devices
from kasilabs.accounts.models import Notice, OutgoingMail, RateCounter, SignInWarning, User
from tests.support import factories, mails
from tests.support.clock import StandingClock
from tests.support.statements import statements
from tests.support.visits import link_in, page

SIGN_IN, RESET, CODE = "/accounts/login/", "/accounts/password/reset/", "/accounts/2fa/authenticate/"
pytestmark = pytest.mark.usefixtures("limits_clock")
REAUTHENTICATE = "/accounts/reauthenticate/"
WRONG = "email address and password do not match"
TOO_MANY = "Too many wrong passwords."


def at(address: str = "192.0.2.1") -> Client:
    return Client(REMOTE_ADDR=address)


def try_password(client: Client, person: User, typed: str = "wrong") -> Any:
    return client.post(SIGN_IN, {"login": person.email, "password": typed})


def gets_in(client: Client, person: User, password: str = factories.PASSWORD) -> bool:
    return bool(try_password(client, person, password).status_code == 302)


def known(person: User, address: str = "192.0.2.1") -> Client:
    """Return a browser this person has signed in with and out of."""
    client = at(address)
    assert gets_in(client, person)
    client.post("/accounts/logout/")
    return client


def guess(person: User, times: int, *addresses: str) -> int:
    """Type wrong passwords in turn from these addresses; return how many were checked."""
    answers = [page(try_password(at(addresses[n % len(addresses)]), person, f"wrong {n}")) for n in range(times)]
    assert all((WRONG in answer) != (TOO_MANY in answer) for answer in answers)
    return sum(WRONG in answer for answer in answers)


def test_five_wrong_passwords_are_checked_from_one_address(cast: factories.Cast) -> None:
    assert guess(cast.viewer, 100, "192.0.2.66") == 5
    assert TOO_MANY in page(try_password(at("192.0.2.66"), cast.viewer, factories.PASSWORD))


def test_a_stranger_stops_only_themselves(cast: factories.Cast) -> None:
    guess(cast.viewer, 100, "192.0.2.66")
    assert gets_in(at("192.0.2.1"), cast.viewer)
    assert gets_in(at("192.0.2.66"), cast.admin)


def test_a_stranger_with_twenty_addresses_stops_nobody_elsewhere(cast: factories.Cast) -> None:
    owner = known(cast.owner)
    assert guess(cast.owner, 400, *[f"198.51.{number}.7" for number in range(20)]) == 100
    assert gets_in(owner, cast.owner)
    assert gets_in(at("203.0.113.9"), cast.owner)


def test_twenty_addresses_of_one_network_count_together(cast: factories.Cast) -> None:
    owner = known(cast.owner, "198.51.100.77")
    assert guess(cast.owner, 400, *[f"198.51.100.{number}" for number in range(20)]) == 20
    assert not gets_in(at("198.51.100.99"), cast.owner)
    assert gets_in(owner, cast.owner)


@pytest.mark.parametrize(
    ("addresses", "checked"),
    [
        ([f"2001:db8:1:2:{number}::1" for number in range(20)], 5),
        ([f"2001:db8:1:{number}::1" for number in range(20)], 20),
        ([f"2001:db8:{number}::1" for number in range(20)], 100),
        (["192.0.2.66", "::ffff:192.0.2.66"], 5),
    ],
    ids=["one /64", "one /48", "twenty /48", "IPv4 as IPv6"],
)
def test_ipv6_addresses_count_by_their_network(cast: factories.Cast, addresses: list[str], checked: int) -> None:
    assert guess(cast.viewer, 100, *addresses) == checked


def test_a_refused_request_counts_nothing(cast: factories.Cast, limits_clock: StandingClock) -> None:
    guess(cast.viewer, 50, "192.0.2.66")
    limits_clock.advance(timedelta(minutes=4))
    guess(cast.viewer, 50, "192.0.2.66")
    limits_clock.advance(timedelta(minutes=1))
    assert guess(cast.viewer, 100, "192.0.2.66") == 5


def test_right_passwords_are_not_counted(cast: factories.Cast) -> None:
    guess(cast.viewer, 4, "192.0.2.1")
    assert {gets_in(at(), cast.viewer) for _ in range(40)} == {True}
    assert guess(cast.viewer, 2, "192.0.2.1") == 1


def test_one_address_gets_thirty_wrong_passwords_a_minute_over_all_people(cast: factories.Cast) -> None:
    answers = [
        page(at().post(SIGN_IN, {"login": f"person{number}@x.example", "password": "wrong"})) for number in range(31)
    ]
    assert [TOO_MANY in answer for answer in answers] == [False] * 30 + [True]
    assert not gets_in(at(), cast.viewer)
    assert gets_in(at("192.0.2.2"), cast.viewer)


def test_one_network_gets_120_wrong_passwords_a_minute_over_all_people(cast: factories.Cast) -> None:
    answers = [
        page(
            at(f"2001:db8:1:{number % 5}::1").post(SIGN_IN, {"login": f"person{number}@x.example", "password": "wrong"})
        )
        for number in range(121)
    ]
    assert [TOO_MANY in answer for answer in answers] == [False] * 120 + [True]
    assert not gets_in(at("2001:db8:1:9::1"), cast.viewer)
    assert gets_in(at("2001:db8:2:9::1"), cast.viewer)


def test_who_tries_ever_other_accounts_makes_no_more_rows_than_are_checked(cast: factories.Cast) -> None:
    for number in range(60):
        at().post(SIGN_IN, {"login": f"person{number}@x.example", "password": "wrong"})
    of_the_stranger, of_each_account = 2, 4
    assert RateCounter.objects.count() == of_the_stranger + 30 * of_each_account


def test_an_account_gets_300_wrong_passwords_in_five_minutes_from_all_unknown_devices(cast: factories.Cast) -> None:
    owner = known(cast.owner)
    assert guess(cast.owner, 350, *[f"198.{number}.100.7" for number in range(70)]) == 300
    assert not gets_in(at("203.0.113.9"), cast.owner)
    assert gets_in(owner, cast.owner)


def test_an_unknown_address_is_slowed_like_a_known_one(cast: factories.Cast) -> None:
    nobody = User(email="nobody@x.example")
    assert guess(nobody, 20, "192.0.2.66") == guess(cast.viewer, 20, "192.0.2.67")


def test_capitals_and_spaces_make_no_other_account(cast: factories.Cast) -> None:
    spellings = [cast.viewer.email, cast.viewer.email.upper(), f" {cast.viewer.email.title()} "]
    for spelling in spellings * 2:
        at("192.0.2.66").post(SIGN_IN, {"login": spelling, "password": "wrong"})
    assert not gets_in(at("192.0.2.66"), cast.viewer)


def test_a_known_device_has_a_limit_of_its_own(cast: factories.Cast) -> None:
    owner = known(cast.owner)
    checked = [WRONG in page(try_password(owner, cast.owner)) for _ in range(12)]
    assert checked == [True] * 10 + [False] * 2
    assert not gets_in(owner, cast.owner)
    assert gets_in(at(), cast.owner)


def test_a_device_is_known_only_for_who_signed_in_there(cast: factories.Cast) -> None:
    device = known(cast.viewer, "192.0.2.66")
    for _ in range(5):
        try_password(device, cast.owner)
    assert not gets_in(device, cast.owner)
    assert gets_in(device, cast.viewer)


def test_a_device_is_known_for_everybody_who_signed_in_there(cast: factories.Cast) -> None:
    device = known(cast.viewer)
    assert gets_in(device, cast.owner)
    guess(cast.viewer, 5, "192.0.2.1")
    guess(cast.owner, 5, "192.0.2.1")
    device.post("/accounts/logout/")
    assert gets_in(device, cast.viewer)
    device.post("/accounts/logout/")
    assert gets_in(device, cast.owner)


@pytest.mark.parametrize("value", ["", "x", "W10:x:y", "\xe9", "a" * 4000])
def test_a_forged_cookie_makes_no_device_known(cast: factories.Cast, value: str) -> None:
    guess(cast.owner, 5, "192.0.2.66")
    stranger = at("192.0.2.66")
    stranger.cookies[known_devices.COOKIE] = value
    assert not gets_in(stranger, cast.owner)


def test_the_cookie_is_kept_for_long_and_from_scripts(cast: factories.Cast) -> None:
    cookie = try_password(at(), cast.viewer, factories.PASSWORD).cookies[known_devices.COOKIE]
    kept = {name: cookie[name] for name in ("httponly", "samesite", "max-age", "path")}
    assert kept == {"httponly": True, "samesite": "Lax", "max-age": 400 * 24 * 3600, "path": "/"}
    assert cast.viewer.email not in cookie.value


def test_a_browser_remembers_at_most_twenty_people(cast: factories.Cast) -> None:
    device = known(cast.viewer)
    for _ in range(20):
        gets_in(device, factories.user())
        device.post("/accounts/logout/")
    assert len(device.cookies[known_devices.COOKIE].value) < 2000
    guess(cast.viewer, 5, "192.0.2.1")
    assert not gets_in(device, cast.viewer)


def test_a_wrong_password_makes_no_device_known(cast: factories.Cast) -> None:
    assert known_devices.COOKIE not in try_password(at(), cast.viewer).cookies


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_told_once_a_day_of_many_wrong_passwords(limits_clock: StandingClock) -> None:
    person = factories.user("a@x.example")
    guess(person, 100, *[f"198.51.{number}.7" for number in range(20)])
    (mail,) = mails.sent()
    assert (mail.to, mail.subject) == ([person.email], "KasiLabs: Somebody tries to sign in as you")
    limits_clock.advance(timedelta(hours=23))
    guess(person, 100, "198.51.100.7")
    assert len(mails.sent()) == 1
    limits_clock.advance(timedelta(hours=1))
    guess(person, 100, "198.51.100.7")
    assert len(mails.sent()) == 2
    assert person.notices.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_mistypes_twenty_times_is_not_warned(limits_clock: StandingClock) -> None:
    person = factories.user("a@x.example")
    guess(person, 20, "192.0.2.66")
    limits_clock.advance(timedelta(hours=1))
    guess(person, 20, "192.0.2.66")
    assert not mails.sent()
    guess(person, 1, "192.0.2.66")
    assert len(mails.sent()) == 1


@pytest.mark.django_db(transaction=True)
def test_the_warning_says_how_many_when_from_where_and_what_to_do() -> None:
    person = factories.user("a@x.example")
    guess(person, 57, "192.0.2.66")
    asked = SignInWarning.objects.get()
    (mail,) = mails.sent()
    client = Client()
    client.force_login(person)
    shown = page(client.get("/notices/"))
    for part in (
        "57 wrong passwords were entered for your account within an hour",
        f"until {asked.created.astimezone(UTC):%d %b %Y, %H:%M} UTC",
        "the last one from 192.0.2.66",
        "the devices you signed in with before still let you in",
        "set a new password",
        "turn on the second factor",
    ):
        assert part in shown
        assert part in " ".join(str(mail.body).split())
    assert "http://127.0.0.1:8000/accounts/password/change/" in str(mail.body)


@pytest.mark.django_db(transaction=True)
def test_an_address_nobody_has_is_told_nothing() -> None:
    guess(User(email="nobody@x.example"), 50, "192.0.2.66")
    assert SignInWarning.objects.count() == 1
    assert mails.sent() == []
    assert (Notice.objects.count(), OutgoingMail.objects.count(), SignInWarning.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("device", ["new", "of somebody else", "with a session"])
def test_a_wrong_password_is_the_same_work_for_an_address_with_and_without_an_account(device: str) -> None:
    """Up to the warning, and also beyond the limits: who counts statements learns nothing about an account."""
    factories.user("a@x.example")
    other, client = factories.user("b@x.example"), at()
    if device == "of somebody else":
        client = known(other)
    elif device == "with a session":
        client.force_login(other)
        client.post("/accounts/logout/")
    work = {}
    for address in ("a@x.example", "z@x.example"):
        work[address] = [
            statements(partial(client.post, SIGN_IN, {"login": address, "password": "wrong"})) for _ in range(23)
        ]
    assert work["a@x.example"] == work["z@x.example"]
    assert len({len(each) for each in work["a@x.example"]}) > 1


def set_password(client: Client, person: User, password: str) -> None:
    """Set a password through the link in the mail."""
    client.post(RESET, {"email": person.email})
    form = client.get(link_in(mails.sent()[-1]))["Location"]
    client.post(form, {"password1": password, "password2": password})


@pytest.mark.django_db(transaction=True)
def test_a_new_password_ends_the_wait_after_wrong_ones() -> None:
    person = factories.user("a@x.example")
    guess(person, 6, "192.0.2.1")
    set_password(at(), person, "quite another one")
    assert gets_in(at(), person, "quite another one")


@pytest.mark.django_db(transaction=True)
def test_who_set_the_password_gets_in_whatever_is_tried_beside_them() -> None:
    person = factories.user("a@x.example")
    client = at("192.0.2.1")
    set_password(client, person, "quite another one")
    guess(person, 30, "192.0.2.1")
    assert gets_in(client, person, "quite another one")


def test_somebody_signed_in_confirms_their_password_whatever_is_tried_beside_them(cast: factories.Cast) -> None:
    client = at("192.0.2.66")
    client.force_login(cast.owner)
    guess(cast.owner, 30, "192.0.2.66")
    assert client.post(REAUTHENTICATE, {"password": factories.PASSWORD}).status_code == 302


def with_totp(person: User) -> User:
    TOTP.activate(person, generate_totp_secret())
    return person


def try_codes(client: Client, times: int) -> list[bool]:
    """Type wrong codes; return for each whether it was checked."""
    answers = [page(client.post(CODE, {"code": f"{number:06}"})) for number in range(times)]
    return ["Too many wrong codes." not in answer for answer in answers]


def test_codes_from_unknown_devices_share_one_limit(cast: factories.Cast) -> None:
    person = with_totp(cast.owner)
    stranger, elsewhere = at("192.0.2.66"), at("198.51.100.1")
    assert gets_in(stranger, person)
    assert gets_in(elsewhere, person)
    assert try_codes(stranger, 7) == [True] * 5 + [False] * 2
    assert try_codes(elsewhere, 1) == [False]


def test_codes_of_a_known_device_have_a_limit_of_their_own(cast: factories.Cast) -> None:
    owner = known(cast.owner)
    person, stranger = with_totp(cast.owner), at("192.0.2.66")
    gets_in(stranger, person)
    try_codes(stranger, 6)
    gets_in(owner, person)
    assert try_codes(owner, 6) == [True] * 5 + [False]


def test_a_device_is_known_only_after_the_second_step(cast: factories.Cast) -> None:
    answer = try_password(at(), with_totp(cast.owner), factories.PASSWORD)
    assert answer["Location"].startswith(CODE)
    assert known_devices.COOKIE not in answer.cookies
