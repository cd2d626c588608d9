"""``python -m tests.benchmarks.measures NAME`` on a stage that stands; one JSON object on stdout."""

import json
import sys

from tests.benchmarks.measures import calls, logs, matrix, start, tools

MEASURES = {"calls": calls, "tools": tools, "logs": logs, "matrix": matrix, "start": start}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]].measure().document))
