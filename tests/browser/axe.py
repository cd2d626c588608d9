"""What axe finds on a page. It runs over the debugging protocol, so the page's own policy stays in force."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

SOURCE = (Path(__file__).parent / "axe.min.js").read_text()
RUN = """
axe.run(Object.assign({ resultTypes: ["violations"] }, %s)).then(found => JSON.stringify(
  found.violations.flatMap(each => each.nodes.map(node => `${each.id} ${node.target.join(" ")}`))))
"""

EVERYTHING: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
COLOUR: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""The rules that a theme can break; the structure of a page is the same in every theme."""

LAYOUT: dict[str, Any] = {"runOnly": ["target-size", "scrollable-region-focusable"]}
"""The rules that a narrow window can break."""


def findings(page: Page, options: dict[str, Any] = EVERYTHING) -> list[str]:
    """Return a line for every finding: the rule, and where."""
    session = page.context.new_cdp_session(page)
    try:
        if not _evaluate(session, "!!window.axe"):
            _evaluate(session, SOURCE + ";0")
        found: list[str] = json.loads(_evaluate(session, RUN % json.dumps(options)))
    finally:
        session.detach()
    return found


def _evaluate(session: CDPSession, expression: str) -> Any:
    answer = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
    assert "exceptionDetails" not in answer, answer
    return answer["result"]["value"]
