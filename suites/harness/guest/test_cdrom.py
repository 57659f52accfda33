# SPDX-License-Identifier: Apache-2.0
"""What is made of a CD-ROM drive that does, or does not, what it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pytest

import fixtures.guest.seen
from fixtures.errors import RigError
from fixtures.evidence.checks import Check
from fixtures.guest.cdrom import CDROM_MEDIUM, CDROM_TRAY, Cdrom
from fixtures.machine.cdrom import Tray
from fixtures.machine.management import ActFailed
from fixtures.matrix.cdroms import FIRST, CdromOptions, Medium


@dataclass
class _Drive:
    """A guest and its manager with one drive; `wrong` says what does not work."""

    wrong: str = ""
    asks: bool = True
    medium: str = FIRST.name
    is_open: bool = False
    in_use: bool = False
    requests: int = 0
    checks: list[Check] = field(default_factory=list)

    def ask(self, command: str, **given: Any) -> dict[str, str]:
        """The agent."""
        answer = {"failure": "none"}
        if command == "cdrom-read":
            self.in_use = True
            bad = given["medium"] != self.medium or self.wrong == "reads other blocks"
            answer |= {"blocks": "32", "bad": str(int(bad)), "first_bad": "7", "why": "foreign"}
            if self.wrong == "reads nothing":
                answer["failure"] = "open: No medium found"
        elif command == "cdrom-eject":
            if self.wrong == "is stuck":
                return {"failure": "eject: Device or resource busy"}
            self.is_open, self.in_use = True, False
        elif command == "cdrom-state":
            closed = not self.is_open or self.wrong == "looks closed"
            answer["status"] = "disc" if closed else "open"
        return answer | {"requests": str(self.requests)}

    def tray(self) -> Tray | None:
        """The manager, with all that follows."""
        if self.wrong == "QEMU says nothing":
            raise ActFailed("QEMU knows no drive")
        if not self.asks:
            return None
        if self.is_open:
            return "open"
        return "locked" if self.in_use and self.wrong != "has no lock" else "closed"

    def ask_to_open(self) -> None:
        self.requests += self.wrong != "is not asked"

    def insert(self, medium: Medium) -> None:
        if self.wrong == "takes no medium":
            raise ActFailed("waited 20 s")
        self.medium, self.is_open = medium.name, False

    def record(self, check: Check) -> Check:
        self.checks.append(check)
        return check


def _steps(drive: _Drive, *, is_open: bool) -> Iterator[Check]:
    agent: Any = drive
    cdrom = Cdrom(CdromOptions("ahci", open=is_open), lambda: agent, lambda: drive, drive.record)
    wrong, drive.wrong = drive.wrong, ""
    cdrom.is_used()
    drive.wrong = wrong
    yield from cdrom.is_as_before()
    yield from cdrom.takes_another_medium()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait for a request."""
    monkeypatch.setattr(fixtures.guest.seen, "SEEN_SECONDS", 0.0)


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("is_open", [True, False])
def test_drive_in_order_passes(asks: bool, is_open: bool) -> None:
    """Lose this and every drive counts as broken."""
    checks = list(_steps(_Drive(asks=asks), is_open=is_open))
    assert [check.detail for check in checks if not check] == []
    assert {check.name for check in checks} == {CDROM_MEDIUM, CDROM_TRAY}


@pytest.mark.parametrize(
    "wrong, is_open, name, words",
    [
        (
            "reads other blocks",
            False,
            CDROM_MEDIUM,
            "1 of 32 blocks are not those of cdrom-1; first 7: foreign",
        ),
        ("reads nothing", False, CDROM_MEDIUM, "cdrom-1 cannot be read: open: No medium found"),
        ("reads nothing", True, CDROM_MEDIUM, "cdrom-2 cannot be read: open: No medium found"),
        ("has no lock", False, CDROM_TRAY, "QEMU says that the tray is closed, not locked"),
        ("QEMU says nothing", False, CDROM_TRAY, "QEMU knows no drive"),
        ("is not asked", False, CDROM_TRAY, "no request to open the tray arrived within 10 s"),
        ("is stuck", False, CDROM_TRAY, "eject: Device or resource busy"),
        ("looks closed", True, CDROM_TRAY, "the guest sees `disc`, not `open`"),
        ("looks closed", False, CDROM_TRAY, "the guest sees `disc`, not `open`"),
        ("takes no medium", True, CDROM_TRAY, "waited 20 s"),
    ],
)
def test_drive_that_fails_is_found(wrong: str, is_open: bool, name: str, words: str) -> None:
    """Lose this and a guest whose drive does that passes."""
    drive = _Drive(wrong)
    held = list(takewhile(bool, _steps(drive, is_open=is_open)))
    assert held == drive.checks[:-1]
    assert (drive.checks[-1].name, drive.checks[-1].detail) == (name, words)


@pytest.mark.parametrize("wrong, is_open", [("reads other blocks", False), ("is stuck", True)])
def test_drive_that_never_worked_is_an_error(wrong: str, is_open: bool) -> None:
    """Lose this and a build is blamed for a drive that failed before any move."""
    agent: Any = _Drive(wrong)
    cdrom = Cdrom(CdromOptions("ahci", open=is_open), lambda: agent, lambda: agent, agent.record)
    with pytest.raises(RigError, match="CD-ROM drive does not work before any move"):
        cdrom.is_used()
