"""How long a failed row waits."""

from datetime import timedelta
from typing import Any

import pytest

from kasilabs.jobs import backoff


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 5), (2, 20), (3, 80), (4, 320), (5, 1280), (6, 3600), (7, 3600), (100_000, 3600)]
)
def test_the_longest_wait_grows_fourfold_up_to_an_hour(settings: Any, tries: int, seconds: int) -> None:
    settings.JOBS_RETRY_SECONDS = 5
    assert backoff.delay(tries, random=lambda: 1) == timedelta(seconds=seconds)


def test_every_share_of_it_is_possible(settings: Any) -> None:
    settings.JOBS_RETRY_SECONDS = 5
    assert [backoff.delay(2, random=lambda share=share: share) for share in (0, 0.25, 0.5)] == [  # type: ignore[misc]
        timedelta(0),
        timedelta(seconds=5),
        timedelta(seconds=10),
    ]
