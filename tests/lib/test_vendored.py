import hashlib
import json
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = json.loads((ROOT / "static/vendor/manifest.json").read_text())["packages"]
FILES = [file for package in PACKAGES for file in package["files"]]


def test_vendored_files_are_byte_for_byte_what_the_manifest_records() -> None:
    found = {file["to"]: hashlib.sha256((ROOT / file["to"]).read_bytes()).hexdigest() for file in FILES}
    assert found == {file["to"]: file["sha256"] for file in FILES}


def test_no_third_party_file_is_missing_from_the_manifest() -> None:
    known = {file["to"] for file in FILES} | {"static/vendor/manifest.json", "static/vendor/vendor.py"}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "static/vendor").rglob("*") if path.is_file()}
    assert {path for path in there if "__pycache__" not in path} <= known


def test_no_vendored_file_asks_for_a_source_map() -> None:
    asking = [file["to"] for file in FILES if b"sourceMappingURL" in (ROOT / file["to"]).read_bytes()]
    assert asking == []
