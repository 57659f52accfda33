# SPDX-License-Identifier: Apache-2.0
"""What the guest agent finds in a CD-ROM drive, over a file of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.evidence.blocks import BLOCK, block, new_disk
from fixtures.guest.cdrom import medium_faults
from fixtures.matrix.cdroms import FIRST, Medium
from suites.harness.support.agent_parts import Part, compiled_part

MODULES = ["cdrom", "jobs", "block", "text"]
MEDIUM = Medium(FIRST.name, 32)
"""As in agent_parts/cdrom.c."""
Answer = dict[str, str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """The part of the agent that uses a drive."""
    return compiled_part("cdrom", MODULES, tmp_path_factory.mktemp("cdrom"))


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A medium, in the directory in which the agent runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drive").write_bytes(new_disk(MEDIUM.name, MEDIUM.blocks))
    return tmp_path / "drive"


def _answers(said: str) -> list[Answer]:
    return [dict(word.split("=", 1) for word in line.split()) for line in said.splitlines()]


@pytest.mark.usefixtures("drive")
def test_medium_is_read_and_the_tray_opened(program: Part) -> None:
    """Lose this and every drive counts as broken."""
    read, closed, ejected, opened = _answers(program("read", "state", "eject", "state"))
    assert medium_faults(read, MEDIUM) == ""
    assert (closed["status"], ejected["failure"], opened["status"]) == ("disc", "none", "open")


@pytest.mark.parametrize(
    "change, why",
    [
        (block("cdrom-2", 5, 0), "foreign"),
        (block(MEDIUM.name, 6, 0), "misplaced"),
        (bytes(BLOCK), "foreign"),
        (block(MEDIUM.name, 5, 0)[:-1] + b"x", "torn"),
    ],
)
def test_other_content_is_found(program: Part, drive: Path, change: bytes, why: str) -> None:
    """Lose this and a guest that reads another medium than before passes."""
    content = drive.read_bytes()
    drive.write_bytes(content[: 5 * BLOCK] + change + content[6 * BLOCK :])
    (read,) = _answers(program("read"))
    assert medium_faults(read, MEDIUM) == f"1 of 32 blocks are not those of {MEDIUM.name}; first 5: {why}"


def test_medium_that_is_too_short_is_found(program: Part, drive: Path) -> None:
    """Lose this and a guest that does not see how long a new medium is passes."""
    drive.write_bytes(drive.read_bytes()[: 16 * BLOCK])
    (read,) = _answers(program("read"))
    assert (read["bad"], read["first_bad"], read["why"]) == ("16", "16", "unread")


def test_drive_without_a_medium_says_so(program: Part, drive: Path) -> None:
    """Lose this and an empty drive counts as one with a medium of no blocks."""
    drive.unlink()
    (read,) = _answers(program("read"))
    assert "cannot be read: open: No medium found" in medium_faults(read, MEDIUM).replace("%20", " ")


@pytest.mark.usefixtures("drive")
def test_requests_to_open_the_tray_are_counted(program: Part) -> None:
    """Lose this and a guest that nobody asks passes, or other events count as requests."""
    _read, before, after = _answers(program("read", "requests", "ask", "requests"))
    assert (before["requests"], after["requests"]) == ("0", "1")


@pytest.mark.usefixtures("drive")
def test_tray_that_does_not_open_is_found(program: Part) -> None:
    """Lose this and a tray that is stuck counts as open."""
    _read, ejected, state = _answers(program("read", "stick", "eject", "state"))
    assert ejected["failure"].endswith("SCSI%20status%202")
    assert state["status"] == "disc"
