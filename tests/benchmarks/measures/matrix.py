"""The matrix of sixty rows and thirty numbers, answered inside this process, in turns with the bare view of a call."""

import gzip
from statistics import median

from grants.changes import plugins
from kasilabs.accounts.permissions import Role
from tests.benchmarks import servers
from tests.benchmarks.load import Load, run_load
from tests.benchmarks.measures import sample_data, timing
from tests.benchmarks.results import Result, most
from tests.support import factories
from tests.support.factories import ACTOR

ROUNDS = 5
NUMBERS, PLUGINS, TOOLS = 30, 6, 9
"""Six groups of nine tools and one permission are sixty rows."""

BARE_VIEW_MS = 2
"""What the bare view takes on the machine that the target is written for."""

TARGETS = (most("server_ms_where_the_bare_view_takes_2", 60), most("queries", 8), most("gzip_kb", 25))


def measure() -> Result:
    result = Result(TARGETS)
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    numbers = [factories.number(organization, f"Number {place}") for place in range(NUMBERS)]
    for place in range(PLUGINS):
        tools = [{**sample_data.TOOL, "name": f"repeat_text_{each}"} for each in range(TOOLS)]
        installation = sample_data.install(
            organization, slug=f"SUPPORT_DESK_{place}", name=f"Desk {place}", tools=tools
        )
        for number in numbers:
            plugins.grant_plugin(instance=number, installation=installation, tools=None, permissions=None, actor=ACTOR)
    owner = factories.member(organization, Role.OWNER).user
    with servers.echo_plugin(), servers.bare() as bare:
        load = Load(bare.port, "/calls", sample_data.call(), seconds=2)
        turns = [(run_load(load), timing.measure_page(owner, "/o/kasi-legal/grants/")) for _ in range(ROUNDS)]
    for found, _page in turns:
        result.add_errors(found.errors)
    _found, page = turns[-1]
    result.add("server_ms", median(page.milliseconds for _found, page in turns))
    result.add("bare_view_ms", median(found.p50 for found, _page in turns))
    ratios = [page.milliseconds / found.p50 for found, page in turns]
    result.add("server_ms_where_the_bare_view_takes_2", median(ratios) * BARE_VIEW_MS)
    result.add("queries", page.queries)
    result.add("raw_kb", len(page.body) / 1024)
    result.add("gzip_kb", len(gzip.compress(page.body, 6)) / 1024)
    return result
