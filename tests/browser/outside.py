"""What stands outside of the platform: the endpoint of a plugin, and the agent of a number."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.browser import stage
from tests.support import samples

TICKET = {"subject": "Wrong amount", "description": "The October invoice shows the wrong amount."}


@dataclass
class Desk:
    """The endpoint of SUPPORT_DESK: it has an address from the start, and runs once its secret is known."""

    port: int
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self, secret: str) -> None:
        self.stack.enter_context(samples.running("support_desk", self.port, secret))

    def manifest(self) -> str:
        document = json.loads(stage.sample("support_desk"))
        return json.dumps({**document, "baseUrl": f"http://127.0.0.1:{self.port}/tools"}, indent=2)


@dataclass
class Agent:
    """The agent of a number: a program somewhere else that has its key."""

    url: str
    key: str

    def tools(self) -> list[str]:
        answer = requests.get(f"{self.url}/agent/v1/tools", headers=self._headers(), timeout=10)
        return [tool["name"] for tool in answer.json()["tools"]]

    def call(self) -> tuple[int, Any]:
        """Return the status, and what the plugin answered or the gate that refused."""
        body = {"tool": "support_desk__create_support_ticket", "input": TICKET}
        answer = requests.post(f"{self.url}/agent/v1/calls", json=body, headers=self._headers(), timeout=20)
        document = answer.json()
        return answer.status_code, document.get("output") or document["gate"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}
