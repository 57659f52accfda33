# SPDX-License-Identifier: Apache-2.0
"""Writing report files so that a reader never meets half a file, and text that no renderer chokes on."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` without terminal escapes and control characters, and without lone surrogates.

    Reasons quote guests' consoles and QEMU's stderr. What those contain must neither move the reader's
    cursor nor make an XML file malformed. Line breaks and tabs stay.
    """
    return _CONTROL.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode("utf-8")


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
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
