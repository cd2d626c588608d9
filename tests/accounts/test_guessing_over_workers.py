"""Wrong passwords over two gunicorn workers, many at once, as strangers and owners send them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urljoin

import pytest
import requests

from kasilabs.accounts.guessing import PASSWORDS_FROM_UNKNOWN_DEVICES
from kasilabs.accounts.models import RateCounter, User
from tests.support import factories
from tests.support.gunicorn import workers
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
WRONG, TOO_MANY = "email address and password do not match", "Too many wrong passwords"


@pytest.fixture(scope="module")
def url(django_db_setup: None) -> Iterator[str]:
    with workers(2, BEHIND_PROXY="1") as running:
        yield running.url


class Browser(requests.Session):
    """A browser at an address of its own, behind the proxy of a running platform."""

    def __init__(self, url: str, address: str) -> None:
        super().__init__()
        self.url, self.headers["X-Forwarded-For"] = url, address
        self.get(urljoin(url, "/accounts/login/"), timeout=HANGS_AFTER_SECONDS)

    def post_form(self, path: str, **fields: str) -> requests.Response:
        form = {**fields, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        return self.post(urljoin(self.url, path), form, timeout=HANGS_AFTER_SECONDS, allow_redirects=False)

    def sign_in(self, person: User, password: str) -> requests.Response:
        return self.post_form("/accounts/login/", login=person.email, password=password)

    def gets_in(self, person: User) -> bool:
        return self.sign_in(person, factories.PASSWORD).status_code == 302


def guess(person: User, strangers: list[Browser], times: int) -> list[str]:
    """Let strangers type wrong passwords, eight at once; return the pages they got."""

    def wrong(number: int) -> str:
        stranger = strangers[number % len(strangers)]
        return stranger.sign_in(person, f"wrong {number}").text

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(wrong, range(times)))


@contextmanager
def guessing_on(person: User, strangers: list[Browser]) -> Iterator[list[str]]:
    """Let strangers type wrong passwords without end while the block runs; yields the pages they have got."""
    answers: list[str] = []
    is_over = threading.Event()

    def keep_guessing() -> None:
        while not is_over.is_set():
            answers.extend(guess(person, strangers, len(strangers)))

    with ThreadPoolExecutor(1) as pool:
        guessing = pool.submit(keep_guessing)
        try:
            yield answers
        finally:
            is_over.set()
        guessing.result()


def test_an_owner_gets_in_while_a_stranger_with_twenty_addresses_keeps_guessing(url: str) -> None:
    owner = factories.user("owner@x.example")
    device = Browser(url, "203.0.113.1")
    assert device.gets_in(owner)
    device.post_form("/accounts/logout/")
    strangers = [Browser(url, f"198.51.{number}.7") for number in range(20)]
    answers = guess(owner, strangers, 200)
    assert sum(WRONG in answer for answer in answers) == 100
    assert sum(TOO_MANY in answer for answer in answers) == 100
    assert not strangers[0].gets_in(owner)
    with guessing_on(owner, strangers) as answers:
        assert device.gets_in(owner)
        assert Browser(url, "203.0.113.2").gets_in(owner)
    assert all(TOO_MANY in answer for answer in answers)
    counter = RateCounter.objects.get(key=PASSWORDS_FROM_UNKNOWN_DEVICES.per(owner.email).key)
    assert counter.count == 100


def test_one_stranger_gets_five_of_a_hundred_at_once_checked(url: str) -> None:
    owner = factories.user("owner@x.example")
    answers = guess(owner, [Browser(url, "198.51.100.7")], 100)
    assert sum(WRONG in answer for answer in answers) == 5
    assert Browser(url, "203.0.113.1").gets_in(owner)
