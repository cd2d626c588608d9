"""The signers of the author guide, each run by the interpreter it is written for."""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.docs.verifiers import EXAMPLES, PHP_SETTINGS

PYTHON = """
import base64, json, sys
sys.path.insert(0, sys.argv[1])
from sign_bridge import sign
given = json.loads(sys.argv[2])
print(sign(given.pop("method"), given.pop("path"), base64.b64decode(given.pop("body")), **given))
"""
NODE = """
import { pathToFileURL } from "node:url";
const { sign } = await import(pathToFileURL(`${process.argv[1]}/sign_bridge.mjs`));
const { method, path, body, platform_url: platformUrl, chat_token: chatToken, ...given } = JSON.parse(process.argv[2]);
console.log(sign(method, path, Buffer.from(body, "base64"), { ...given, platformUrl, chatToken }));
"""
PHP = """
require $argv[1] . '/sign_bridge.php';
$given = json_decode($argv[2], true);
$known = [$given['issuer'], $given['kid'], $given['secret'], $given['platform_url']];
$sent = [$given['key'] ?? null, $given['chat_token'] ?? null];
echo sign($given['method'], $given['path'], base64_decode($given['body']), ...$known, ...$sent), PHP_EOL;
"""
COMMANDS = {
    "python": [sys.executable, "-c", PYTHON],
    "node": ["node", "--input-type=module", "-e", NODE],
    "php": ["php", *PHP_SETTINGS, "-r", PHP, "--"],
}


def sign(language: str, method: str, path: str, body: bytes, **known: Any) -> str:
    """Return the token that the signer of a language makes; `known` are the names of the Python one."""
    given: Mapping[str, Any] = {"method": method, "path": path, "body": base64.b64encode(body).decode(), **known}
    command = [*COMMANDS[language], str(EXAMPLES), json.dumps(given)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
