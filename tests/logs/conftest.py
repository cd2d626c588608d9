import pytest

from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.factories import Cast


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)
