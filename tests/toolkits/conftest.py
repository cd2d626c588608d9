from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasilabs.jobs import bell
from kasilabs.whatsapp.models import Instance
from tests.support import factories


@pytest.fixture(autouse=True)
def _own_bell(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Give each test a bell of its own; others ring in the one of the test run."""
    settings.JOBS_URL = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
    yield
    bell.huey().storage.close()


@pytest.fixture
def number(transactional_db: None) -> Instance:
    return factories.number(factories.organization("kasi-gas", name="Kasi Gas"))
