# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests of the options of a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.places import MATRIX_FILE
from fixtures.run import hooks, resuming, selecting
from suites.harness.support.configured import (
    Configure,
)


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Reads options as pytest does, with reports in a temporary directory."""
    for module in (selecting, resuming):
        monkeypatch.setattr(module, "REPORTS", tmp_path)

    def made(**given: object) -> Any:
        options = dict.fromkeys(("shard", "cells", "arch", "only_new", "resume", "short", "plan"))
        options |= dict.fromkeys(("support", "waivers", "base"))
        options |= {"matrix": str(MATRIX_FILE), "old": "debian-12", "new": "debian-13", "collect_only": True}
        options |= dict.fromkeys(("allure_report_dir", "xmlpath", *selecting.SELECTING))
        options |= {"seed": "7", "repeat": "1", "accelerator": "auto"} | given
        options |= {"_m": options["markexpr"] or "", "_k": options["keyword"] or ""}
        config: Any = SimpleNamespace(
            stash=pytest.Stash(),
            option=SimpleNamespace(**options),
            args=["suites"],
            hook=SimpleNamespace(pytest_deselected=lambda **_: None),
            invocation_params=SimpleNamespace(args=("suites",)),
            getoption=lambda name: options[name.removeprefix("--").replace("-", "_")],
            getini=lambda _name: ["postcopy"],
            addinivalue_line=lambda *_line: None,
        )
        hooks.pytest_configure(config)
        return config

    return made
