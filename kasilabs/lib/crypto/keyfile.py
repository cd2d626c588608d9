"""Keys that the demo makes for itself, in a file beside its data that only its owner can read."""

import json
import os
import secrets
from pathlib import Path

from kasilabs.lib.crypto import aes


def read_or_make(path: Path) -> dict[str, str]:
    """Returns the keys in `path`; makes them first when there are none.

    Two processes that start at once agree: the finished file is linked into place, and only one link succeeds.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {"SECRET_KEY": secrets.token_urlsafe(48), "ENCRYPTION_KEYS": aes.make_key("k1")}
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    keys: dict[str, str] = json.loads(path.read_text())
    return keys
