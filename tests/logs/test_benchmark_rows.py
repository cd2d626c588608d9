"""The rows the benchmark of the log is measured with are written in SQL, which knows no default of a model."""

import re

from kasilabs.logs.models import Call
from tests.benchmarks.measures.logs import SEED


def test_the_benchmark_fills_every_column_that_may_not_be_null() -> None:
    columns = re.search(r"INSERT INTO logs_call \(([^)]+)\)", SEED)
    assert columns
    wanted = {str(field.column) for field in Call._meta.concrete_fields if not field.null}
    assert wanted - set(re.findall(r"\w+", columns[1])) == set()
