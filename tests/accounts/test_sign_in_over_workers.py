from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import factories
from tests.support.gunicorn import workers
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_cache")]


def test_wrong_passwords_are_counted_over_all_workers() -> None:
    person = factories.user("a@x.example")
    with workers(2) as running:
        page = f"{running.url}/accounts/login/"
        token = requests.get(page, timeout=HANGS_AFTER_SECONDS).cookies["csrftoken"]

        def guess(number: int) -> str:
            typed = {"login": person.email, "password": f"wrong {number}", "csrfmiddlewaretoken": token}
            return requests.post(page, typed, cookies={"csrftoken": token}, timeout=HANGS_AFTER_SECONDS).text

        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(guess, range(14)))
    # Whoever cannot have the lock on the counter for a second is refused too: never more than five, sometimes fewer.
    looked_at = sum("do not match" in answer for answer in answers)
    assert 1 <= looked_at <= 5
    assert sum("Too many wrong passwords" in answer for answer in answers) == 14 - looked_at
