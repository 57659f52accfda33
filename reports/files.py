# SPDX-License-Identifier: Apache-2.0
"""Writing report files so that a reader never sees half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, text: str) -> Path:
    r"""Write `text` as UTF-8 to `path` in one step, and make its directory; returns `path`.

    Lone surrogates become `\udcXX`, which is also how JSON spells them. Raises OSError as the file
    system does; the earlier content of `path` is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        # mkstemp makes private files; a report is for everybody who may read its directory.
        Path(name).chmod(0o644)
        return Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
