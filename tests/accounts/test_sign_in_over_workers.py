from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import factories
from tests.support.gunicorn import workers

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_cache")]


def test_wrong_passwords_are_counted_over_all_workers() -> None:
    person = factories.user("a@x.example")
    with workers(2) as running:
        page = f"{running.url}/accounts/login/"
        token = requests.get(page, timeout=5).cookies["csrftoken"]

        def guess(number: int) -> str:
            typed = {"login": person.email, "password": f"wrong {number}", "csrfmiddlewaretoken": token}
            return requests.post(page, typed, cookies={"csrftoken": token}, timeout=10).text

        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(guess, range(14)))
    assert sum("do not belong together" in answer for answer in answers) == 5
    assert sum("Too many wrong passwords" in answer for answer in answers) == 9
