# SPDX-License-Identifier: Apache-2.0
"""A checkout that is newer than its `.venv` says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.run.locked_packages import LOCK, demand_locked_packages, lacking


def test_this_python_has_all_of_the_lock_file() -> None:
    """Lose this and every run ends with a message about packages that are there."""
    assert "pytest==" in LOCK.read_text()
    assert lacking(LOCK) == []


def test_missing_package_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lose this and whoever has updated the checkout gets a traceback that ends in ModuleNotFoundError."""
    lock = tmp_path / "requirements.txt"
    pins = ("pytest==1", "no-such-package==1.2.3", "another-one==4")
    lock.write_text(
        "".join(f"{pin} \\\n    --hash=sha256:00\n" for pin in pins)
        + 'elsewhere==1 ; sys_platform == "x" \\\n'
    )
    with pytest.raises(SystemExit) as ended:
        demand_locked_packages(lock)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no-such-package, another-one not installed" in said
    assert said.endswith("  what to do: run ./setup.sh\n")
