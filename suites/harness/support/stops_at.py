# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for a run that is to be killed at one moment: it says that the moment has come, and waits.

The moment is a call of one function of the suite, and the run stops before or after it. Only the thread that
calls it stops: QEMUs, daemons and the suite's other threads go on, as they do when a run is killed.
"""

from __future__ import annotations

import functools
import importlib
import os
import time
from pathlib import Path
from typing import Any

import pytest

MOMENT, REACHED = "HOTPATCH_STOPS_AT", "HOTPATCH_STOPPED"
"""Variables of the environment: `before package.module:Class.method` (or `after`), and the file that is made
once the run has stopped there."""
MOST_SECONDS = 300.0
NOT_KILLED = 75


def pytest_configure() -> None:
    """Have this process stop there, if it gets there; of a run with workers, one of them does."""
    when, _, where = os.environ[MOMENT].partition(" ")
    module, _, name = where.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        owner = getattr(owner, each)
    pytest.MonkeyPatch().setattr(owner, last, _stopping(getattr(owner, last), when))


def _stopping(function: Any, when: str) -> Any:
    @functools.wraps(function)
    def stops(*args: Any, **more: Any) -> Any:
        if when == "before":
            _stop()
        result = function(*args, **more)
        if when == "after":
            _stop()
        return result

    return stops


def _stop() -> None:
    Path(os.environ[REACHED]).touch()
    time.sleep(MOST_SECONDS)
    os._exit(NOT_KILLED)
