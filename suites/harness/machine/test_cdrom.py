# SPDX-License-Identifier: Apache-2.0
"""How a CD-ROM drive is asked for and changed by QMP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import fixtures.machine.qmp_acts
from fixtures.machine.cdrom import QmpDrive
from fixtures.machine.management import ActFailed
from fixtures.matrix.cdroms import SECOND
from suites.harness.support.scripted_qmp import Answer, connected, refuses, returns

CLOSED = {"qdev": "cdrom", "locked": False, "tray_open": False}
OPENS_TRAY = "blockdev-open-tray"
CHANGES = ["blockdev-remove-medium", "blockdev-add", "blockdev-insert-medium", "blockdev-close-tray"]


def _drive(monitor: object) -> QmpDrive:
    machine: Any = SimpleNamespace(
        monitor=monitor, host=SimpleNamespace(attempt_dir=Path("/place")), last_words=lambda: "it is gone"
    )
    return QmpDrive(machine)


def _moves(is_open: bool) -> Answer:
    def answer(qemu: Any, command: Mapping[str, Any]) -> None:
        qemu.event("DEVICE_TRAY_MOVED", **{"device": "", "id": "cdrom", "tray-open": is_open})
        returns({})(qemu, command)

    return answer


@pytest.mark.parametrize(
    "said, tray",
    [({}, "closed"), ({"locked": True}, "locked"), ({"tray_open": True}, "open")],
)
def test_tray_is_as_qemu_says(said: dict[str, Any], tray: str) -> None:
    """Lose this and a tray that is not as before its move passes."""
    with connected({"query-block": returns([{"qdev": "io"}, CLOSED | said])}) as (monitor, _):
        assert _drive(monitor).tray() == tray


def test_drive_that_qemu_lacks_is_a_failure() -> None:
    """Lose this and a destination without the drive breaks the suite."""
    with (
        connected({"query-block": returns([{"qdev": "io"}])}) as (monitor, _),
        pytest.raises(ActFailed, match="QEMU knows no drive cdrom"),
    ):
        _drive(monitor).tray()


def test_medium_is_changed_in_order() -> None:
    """Lose this and QEMU refuses a medium, or the guest never sees the tray close."""
    answers = {OPENS_TRAY: _moves(is_open=True), "query-block": returns([CLOSED])}
    answers |= {name: returns({}) for name in CHANGES} | {CHANGES[-1]: _moves(is_open=False)}
    with connected(answers) as (monitor, qemu):
        drive = _drive(monitor)
        drive.ask_to_open()
        drive.insert(SECOND)
        assert qemu.commands[-6:] == [OPENS_TRAY, "query-block", *CHANGES]


def test_tray_that_never_opens_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a medium is taken out of a drive that the guest uses, or the suite waits for ever."""
    monkeypatch.setattr(fixtures.machine.qmp_acts, "EVENT_SECONDS", 0.1)
    with (
        connected({"query-block": returns([CLOSED | {"locked": True}])}) as (monitor, _),
        pytest.raises(ActFailed, match="the event DEVICE_TRAY_MOVED with tray-open true"),
    ):
        _drive(monitor).insert(SECOND)


def test_refused_command_is_a_failure_of_the_act() -> None:
    """Lose this and a build that refuses to open a tray breaks the suite."""
    with (
        connected({OPENS_TRAY: refuses("no tray")}) as (monitor, _),
        pytest.raises(ActFailed, match="no tray"),
    ):
        _drive(monitor).ask_to_open()
