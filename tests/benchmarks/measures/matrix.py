"""The matrix of sixty rows and thirty numbers, answered inside this process."""

import gzip

from grants.changes import plugins
from kasilabs.accounts.permissions import Role
from tests.benchmarks.figures import Result, most
from tests.benchmarks.measures import pages, platform
from tests.support import factories
from tests.support.factories import ACTOR

NUMBERS, PLUGINS, TOOLS = 30, 6, 9
"""Six groups of nine tools and one permission are sixty rows."""

TARGETS = (most("server_ms", 60), most("queries", 8), most("gzip_kb", 25))


def measure() -> Result:
    result = Result(TARGETS)
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    numbers = [factories.number(organization, f"Number {place}") for place in range(NUMBERS)]
    for place in range(PLUGINS):
        tools = [{**platform.TOOL, "name": f"repeat_text_{each}"} for each in range(TOOLS)]
        installation = platform.install(organization, slug=f"SUPPORT_DESK_{place}", name=f"Desk {place}", tools=tools)
        for number in numbers:
            plugins.grant_plugin(instance=number, installation=installation, tools=None, permissions=None, actor=ACTOR)
    page = pages.page(factories.member(organization, Role.OWNER).user, "/o/kasi-legal/grants/")
    result.note("server_ms", page.milliseconds)
    result.note("queries", page.queries)
    result.note("gzip_kb", len(gzip.compress(page.body, 6)) / 1024)
    return result
