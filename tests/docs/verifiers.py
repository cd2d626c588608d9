"""The verifiers of the author guide, each run by the interpreter it is written for.

A verifier reads a request a line and writes an answer a line, so that one process serves every test.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from django.conf import settings

EXAMPLES = settings.BASE_DIR / "docs" / "examples"
PYTHON = """
import base64, json, sys
sys.path.insert(0, sys.argv[1])
from kasilabs_plugin import NotFromKasiLabs, verify
for line in sys.stdin:
    sent = json.loads(line)
    body, known = base64.b64decode(sent.pop("body")), {name: sent[name] for name in ("slug", "secrets", "platform_url")}
    try:
        print(json.dumps(verify(sent["authorization"], body, **known)), flush=True)
    except NotFromKasiLabs:
        print('"refused"', flush=True)
"""
NODE = """
import { pathToFileURL } from "node:url";
import { createInterface } from "node:readline";
const { NotFromKasiLabs, verify } = await import(pathToFileURL(`${process.argv[1]}/verify.mjs`));
for await (const line of createInterface({ input: process.stdin })) {
  const sent = JSON.parse(line);
  const known = { slug: sent.slug, secrets: sent.secrets, platformUrl: sent.platform_url };
  try {
    console.log(JSON.stringify(verify(sent.authorization, Buffer.from(sent.body, "base64"), known)));
  } catch (error) {
    if (!(error instanceof NotFromKasiLabs)) throw error;
    console.log('"refused"');
  }
}
"""
PHP = """
require $argv[1] . '/verify.php';
while (($line = fgets(STDIN)) !== false) {
    $sent = json_decode($line, true);
    try {
        $body = base64_decode($sent['body']);
        $call = verify($sent['authorization'], $body, $sent['slug'], $sent['secrets'], $sent['platform_url']);
        echo json_encode($call), PHP_EOL;
    } catch (NotFromKasiLabs) {
        echo '"refused"', PHP_EOL;
    }
}
"""
PHP_SETTINGS = ["-n", "-d", "display_errors=1", "-d", "error_reporting=-1"]
COMMANDS = {
    "python": [sys.executable, "-c", PYTHON],
    "node": ["node", "--input-type=module", "-e", NODE],
    "php": ["php", *PHP_SETTINGS, "-r", PHP, "--"],
}


@dataclass(frozen=True)
class Sent:
    """A request as an endpoint gets it, and what the endpoint knows."""

    authorization: str
    body: bytes
    slug: str
    secrets: list[str]
    platform_url: str


Verify = Callable[[Sent], object]
"""Returns the call that a verifier accepts, or the word `refused`; anything else it prints fails the test."""


@contextmanager
def running(language: str) -> Iterator[Verify]:
    """Run the verifier of a language until the block ends."""
    command = [*COMMANDS[language], str(EXAMPLES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        questions, answers = process.stdin, process.stdout
        assert questions
        assert answers

        def verify(sent: Sent) -> object:
            given = {**asdict(sent), "body": base64.b64encode(sent.body).decode()}
            print(json.dumps(given), file=questions, flush=True)
            return json.loads(answers.readline())

        yield verify
