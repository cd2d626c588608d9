from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasilabs.jobs import bell, duties


@pytest.fixture(autouse=True)
def _own_bell(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Give each test a bell of its own; others ring in the one of the test run."""
    settings.JOBS_URL = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
    yield
    bell.huey().storage.close()


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, duties.Duty]:
    """The duties of the test alone, in place of the platform's."""
    found: dict[str, duties.Duty] = {}
    monkeypatch.setattr(duties, "_duties", found)
    return found
