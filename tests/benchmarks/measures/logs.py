"""The page of the log over a million rows, the first page and the thousandth, answered inside this process."""

import sys
from typing import Any
from uuid import UUID

from django.db import connection

from kasilabs.accounts.models import Organization
from kasilabs.accounts.permissions import Role
from kasilabs.lib import pagination
from kasilabs.logs import search
from kasilabs.logs.filters import Filters
from tests.benchmarks.measures import timing
from tests.benchmarks.results import Result, most
from tests.support import factories

ROWS = 1_000_000
NUMBERS = 8
DEEP = 1000
"""The page that is as far from the first as anybody goes."""

TARGETS = (most("slowest_first_ms", 100), most("slowest_deep_ms", 100))

SEED = """
INSERT INTO logs_call (
    id, organization_id, kind, instance_id, instance_name, plugin, plugin_name, version, mode, tool, state, status,
    code, reason, gate, detail, gate_trace, alias, tested_by, created, finished, duration_ms, timings, plugin_status,
    attempts, request, masked, response, response_bytes, request_id, fingerprint, key)
SELECT
    (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
        || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
    %(organization)s, 'tool', (%(numbers)s::uuid[])[1 + n %% %(count)s], 'Number ' || n %% %(count)s,
    (ARRAY['SUPPORT_DESK', 'GAS_OS', 'LEGAL_FILES'])[1 + n %% 3], 'Plugin ' || n %% 3, '1.0.0',
    CASE WHEN n %% 5 = 0 THEN 'sandbox' ELSE 'live' END, 'tool_' || n %% 17,
    state, CASE state WHEN 'succeeded' THEN 200 WHEN 'refused' THEN 403 WHEN 'declined' THEN 422 ELSE 502 END,
    CASE state WHEN 'succeeded' THEN '' WHEN 'plugin_fault' THEN 'plugin_error' ELSE state END,
    CASE state WHEN 'succeeded' THEN '' WHEN 'refused' THEN 'tool_off' WHEN 'declined' THEN 'no_' || n %% 7
        ELSE 'http_status' END,
    CASE state WHEN 'refused' THEN 'tool_grant' WHEN 'declined' THEN 'business' ELSE '' END,
    '', '[{"gate": "number", "passed": true}]', '', '',
    moment, moment + interval '80 ms', 80, '{"wait_ms": 71.2}', 200, 1,
    jsonb_build_object('tool', 'tool_' || n %% 17, 'input', jsonb_build_object('subject', hash)), '[]',
    jsonb_build_object('reference', hash, 'status', 'created'), 64, hash, '', ''
FROM (
    SELECT n, md5(n::text) AS hash, now() - n * interval '2.5 s' AS moment,
        CASE WHEN n %% 50 = 0 THEN 'plugin_fault' WHEN n %% 20 = 0 THEN 'refused' WHEN n %% 33 = 0 THEN 'declined'
            ELSE 'succeeded' END AS state
    FROM generate_series(1, %(rows)s) AS n
) AS made
"""


def measure() -> Result:
    result = Result(TARGETS)
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    numbers = [factories.number(organization, f"Number {place}").id for place in range(NUMBERS)]
    _seed(organization, numbers)
    user = factories.member(organization, Role.OWNER).user
    first, deep = [], []
    for name, filters in _asked(numbers[0]).items():
        first.append(timing.measure_page(user, f"/o/kasi-legal/logs/{filters.query()}").milliseconds)
        deep.append(timing.measure_page(user, f"/o/kasi-legal/logs/{_deep(organization, filters)}").milliseconds)
        result.add(f"{name}_first_ms", first[-1])
        result.add(f"{name}_deep_ms", deep[-1])
    result.add("slowest_first_ms", max(first))
    result.add("slowest_deep_ms", max(deep))
    return result


def _seed(organization: Organization, numbers: list[UUID]) -> None:
    print(f"  seeding {ROWS} rows", file=sys.stderr)
    values: dict[str, Any] = {"organization": organization.id, "numbers": numbers, "count": len(numbers), "rows": ROWS}
    with connection.cursor() as sql:
        sql.execute(SEED, values)
        sql.execute("VACUUM ANALYZE logs_call")


def _asked(number: UUID) -> dict[str, Filters]:
    return {
        "everything": Filters(),
        "faults": Filters(status="plugin_fault"),
        "week": Filters(range="week"),
        "number": Filters(number=number),
        "tool": Filters(plugin="SUPPORT_DESK", tool="tool_3"),
        "gate": Filters(gate="tool_grant"),
        "declined": Filters(status="declined"),
        "reason": Filters(status="declined", reason="no_3"),
        "reason_alone": Filters(reason="http_status"),
        "sandbox": Filters(mode="sandbox"),
        "faults_of_number": Filters(status="plugin_fault", number=number, plugin="GAS_OS"),
        "nothing": Filters(status="our_fault", tool="tool_3", plugin="GAS_OS"),
        "no_reason": Filters(status="our_fault", reason="exception", number=number),
    }


def _deep(organization: Organization, filters: Filters) -> str:
    """Return the query of page DEEP, or of the last one where there are fewer."""
    rows = search.matching(organization, filters).order_by("-id").values_list("id", flat=True)
    before = rows[(DEEP - 1) * search.PAGE_SIZE - 1 :][:1]
    last = next(iter(before), None) or next(iter(rows.order_by("id")[search.PAGE_SIZE : search.PAGE_SIZE + 1]), None)
    if last is None:
        return filters.query()
    return filters.query(older=pagination.encode_cursor(last, filters.params, "older"))
