import pytest

from tests.support import bridges
from tests.support.bridges import BridgePlugin


@pytest.fixture
def gas(transactional_db: None) -> BridgePlugin:
    """A plugin that holds every bridge permission."""
    return bridges.build()
