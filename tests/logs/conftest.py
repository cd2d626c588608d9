import pytest

from kasilabs.whatsapp.models import Instance
from tests import make


@pytest.fixture
def number(cast: make.Cast) -> Instance:
    return make.number(cast.organization)
