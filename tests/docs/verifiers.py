"""The verifiers of the author guide, each run by the interpreter it is written for."""

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass

from django.conf import settings

EXAMPLES = settings.BASE_DIR / "docs" / "examples"
PYTHON = """
import base64, json, sys
sys.path.insert(0, sys.argv[1])
from kasilabs_plugin import NotFromKasiLabs, verify
sent = json.load(sys.stdin)
body, known = base64.b64decode(sent.pop("body")), {name: sent[name] for name in ("slug", "secrets", "platform_url")}
try:
    print(json.dumps(verify(sent["authorization"], body, **known)))
except NotFromKasiLabs:
    print("refused")
"""
NODE = """
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
const { NotFromKasiLabs, verify } = await import(pathToFileURL(`${process.argv[1]}/verify.mjs`));
const sent = JSON.parse(readFileSync(0, "utf8"));
const known = { slug: sent.slug, secrets: sent.secrets, platformUrl: sent.platform_url };
try {
  console.log(JSON.stringify(verify(sent.authorization, Buffer.from(sent.body, "base64"), known)));
} catch (error) {
  if (!(error instanceof NotFromKasiLabs)) throw error;
  console.log("refused");
}
"""
PHP = """
require $argv[1] . '/verify.php';
$sent = json_decode(stream_get_contents(STDIN), true);
try {
    $body = base64_decode($sent['body']);
    echo json_encode(verify($sent['authorization'], $body, $sent['slug'], $sent['secrets'], $sent['platform_url']));
} catch (NotFromKasiLabs) {
    echo 'refused';
}
"""
COMMANDS = {
    "python": [sys.executable, "-c", PYTHON],
    "node": ["node", "--input-type=module", "-e", NODE],
    "php": ["php", "-r", PHP, "--"],
}
LANGUAGES = [name for name, command in COMMANDS.items() if name != "php" or shutil.which(command[0])]
"""Python and Node always; PHP where there is one."""


@dataclass(frozen=True)
class Sent:
    """A request as an endpoint gets it, and what the endpoint knows."""

    authorization: str
    body: bytes
    slug: str
    secrets: list[str]
    platform_url: str


def run(language: str, sent: Sent) -> object:
    """Return the call that a verifier accepts, or the word `refused`; anything else it prints fails the test."""
    given = json.dumps({**asdict(sent), "body": base64.b64encode(sent.body).decode()})
    command = [*COMMANDS[language], str(EXAMPLES)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.strip()
    return printed if printed == "refused" else json.loads(printed)
