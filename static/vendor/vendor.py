"""Fetch, check and rebuild the third-party files this repository carries.

``manifest.json`` names each package, its exact version, its licence and the SHA-256 of each file as it is checked in,
so a reader can prove that nothing was edited by hand. ``npm`` is needed to fetch; ``--check`` works offline.

    python static/vendor/vendor.py            fetch again, refuse when a hash differs
    python static/vendor/vendor.py --record   fetch again and write the new hashes
    python static/vendor/vendor.py --check    compare the files at hand with the manifest
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = Path(__file__).with_name("manifest.json")
SPRITE_HEAD = '<svg xmlns="http://www.w3.org/2000/svg">\n'
SHAPE = re.compile(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*?/>", re.DOTALL)
SOURCE_MAP = re.compile(rb"\n?(?:/\*[#@] sourceMappingURL=.*?\*/|//[#@] sourceMappingURL=[^\n]*)\s*")


def unpack(name: str, version: str, into: Path) -> Path:
    """Download one package at one version and return the folder that holds its files."""
    answer = subprocess.run(
        ["npm", "pack", f"{name}@{version}", "--json", "--pack-destination", str(into)],
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / json.loads(answer.stdout)[0]["filename"]
    folder = into / name.replace("/", "-")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / "package"


def without_source_map(content: bytes) -> bytes:
    """WhiteNoise's manifest storage aborts ``collectstatic`` on a source map that is not there."""
    return SOURCE_MAP.sub(b"", content)


def symbol(name: str, svg: str) -> str:
    """One icon as a ``<symbol>``: shapes only, so that colour and stroke come from the page."""
    shapes = [re.sub(r"\s+", " ", shape) for shape in SHAPE.findall(svg)]
    drawn = [shape for shape in shapes if 'd="M0 0h24v24H0z"' not in shape]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(drawn)}</symbol>\n'


def sprite(folder: Path, names: list[str]) -> bytes:
    """All icons in use as one file, in the order of the manifest."""
    symbols = [symbol(name, (folder / f"{name}.svg").read_text()) for name in names]
    return (SPRITE_HEAD + "".join(symbols) + "</svg>\n").encode()


def content_of(file: dict[str, Any], folder: Path) -> bytes:
    source = folder / file["from"]
    return sprite(source, file["icons"]) if "icons" in file else without_source_map(source.read_bytes())


def fetch(manifest: dict[str, Any], *, record: bool) -> list[str]:
    """Write every file of the manifest; return the paths whose hash is not the recorded one."""
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in manifest["packages"]:
            folder = unpack(package["name"], package["version"], Path(scratch))
            for file in package["files"]:
                content = content_of(file, folder)
                found = hashlib.sha256(content).hexdigest()
                if record:
                    file["sha256"] = found
                elif found != file["sha256"]:
                    wrong.append(file["to"])
                    continue
                (ROOT / file["to"]).parent.mkdir(parents=True, exist_ok=True)
                (ROOT / file["to"]).write_bytes(content)
    return wrong


def changed(manifest: dict[str, Any]) -> list[str]:
    """Paths that are missing or no longer hold what the manifest says."""
    files = [file for package in manifest["packages"] for file in package["files"]]
    return [file["to"] for file in files if not is_as_recorded(file)]


def is_as_recorded(file: dict[str, Any]) -> bool:
    path = ROOT / file["to"]
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == str(file["sha256"])


def main() -> str | None:
    """Return what is wrong, one path a line, or None."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--record", action="store_true")
    chosen = arguments.parse_args()
    manifest = json.loads(MANIFEST.read_text())
    wrong = changed(manifest) if chosen.check else fetch(manifest, record=chosen.record)
    if chosen.record:
        MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")
    return "\n".join(f"{path}: not what the manifest records" for path in wrong) or None


if __name__ == "__main__":
    sys.exit(main())
