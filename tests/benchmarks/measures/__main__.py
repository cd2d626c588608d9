"""``python -m tests.benchmarks.measures NAME`` in an environment that stands; one JSON object on stdout."""

import json
import sys

from tests.benchmarks.measures import calls, idempotency, logs, matrix, pages, schema_cost, schemas, start, tools

MEASURES = {
    "calls": calls,
    "idempotency": idempotency,
    "tools": tools,
    "logs": logs,
    "matrix": matrix,
    "pages": pages,
    "schema_cost": schema_cost,
    "schemas": schemas,
    "start": start,
}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]].measure().document))
