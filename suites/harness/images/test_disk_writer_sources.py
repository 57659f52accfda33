# SPDX-License-Identifier: Apache-2.0
"""What the guest agent's disk writer writes, remembers and finds, over a file of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.evidence.blocks import faults, laps_after, new_disk
from fixtures.guest.written_disk import blocks_held, requests_ended
from suites.harness.support.agent_parts import Part, compiled_part

MODULES = ["disk_writer", "jobs", "disk_requests", "block", "text"]
WRITTEN, ONCE, BLOCKS = 96, 16, 128
"""As in agent_parts/disk_writer.c."""
Answer = dict[str, str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """The disk writer."""
    return compiled_part("disk_writer", MODULES, tmp_path_factory.mktemp("disk_writer"))


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new disk, in the directory in which the writer runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "disk").write_bytes(new_disk("io", BLOCKS))
    return tmp_path / "disk"


def _answers(said: str) -> list[Answer]:
    return [dict(word.split("=", 1) for word in line.split()) for line in said.splitlines()]


def test_suite_reads_what_the_guest_wrote(program: Part, disk: Path) -> None:
    """Lose this and the image at the end is compared with blocks that no guest writes."""
    _begun, ended, verified = _answers(program("write", "laps", "3", "end", "verify"))
    assert requests_ended(ended)
    assert blocks_held(verified)
    assert int(ended["laps"]) >= 3
    lap_of = laps_after(int(ended["laps"]), int(ended["position"]), WRITTEN, ONCE)
    assert faults(disk.read_bytes(), "io", BLOCKS, lap_of) == ""


@pytest.mark.parametrize(
    "damage, what",
    [
        (("keep", "5", "laps", "2", "end", "put", "5"), "an acknowledged write is lost"),
        (("keep", "5", "laps", "2", "end", "half", "5"), "a block is torn"),
        (("end", "keep", "6", "put", "5"), "a block holds what belongs elsewhere"),
        (("end", "keep", "6", "put", "127"), "a block holds what belongs elsewhere"),
    ],
)
def test_damage_is_found(program: Part, disk: Path, damage: tuple[str, ...], what: str) -> None:
    """Lose this and a disk that loses, tears or misplaces writes passes."""
    *_others, verified = _answers(program("write", "laps", "1", *damage, "verify"))
    held = blocks_held(verified)
    assert disk.exists()
    assert (held.held, held.what) == (False, what)
    assert held.detail.startswith(f"1 of {BLOCKS} blocks")


@pytest.mark.parametrize(
    "kept, put, what",
    [
        ("5", "put", "an acknowledged write is lost"),
        ("5", "half", "a block is torn"),
        ("6", "put", "a block holds what belongs elsewhere"),
    ],
)
def test_damage_that_the_next_lap_mends_is_found(
    program: Part, disk: Path, kept: str, put: str, what: str
) -> None:
    """Lose this and a write that is lost once, as at the switchover of a move, passes."""
    first_lap = ("keep", kept, "write-once", "laps", "1", "end")
    *_others, ended, verified = _answers(program(*first_lap, put, "5", "write", "laps", "2", "end", "verify"))
    held = blocks_held(verified)
    assert (held.held, held.what, verified["bad"], verified["overwritten_bad"]) == (False, what, "0", "1")
    assert "first 5: " in held.detail
    lap_of = laps_after(int(ended["laps"]), int(ended["position"]), WRITTEN, ONCE)
    assert faults(disk.read_bytes(), "io", BLOCKS, lap_of) == "", "the next laps have mended it"


def test_writer_rests_after_its_laps(program: Part, disk: Path) -> None:
    """Lose this and a later lap hides a write that was lost."""
    _begun, ended, verified = _answers(program("write-once", "laps", "1", "end", "verify"))
    assert (ended["laps"], ended["position"], ended["ended"]) == ("1", "0", str(2 * (WRITTEN + ONCE)))
    assert requests_ended(ended)
    assert blocks_held(verified)
    assert faults(disk.read_bytes(), "io", BLOCKS, laps_after(1, 0, WRITTEN, ONCE)) == ""


@pytest.mark.usefixtures("disk")
def test_failed_request_is_found(program: Part) -> None:
    """Lose this and a disk that fails each write after the move passes."""
    _begun, ended = _answers(program("write", "laps", "1", "refuse", "laps", "1", "end"))
    held = requests_ended(ended)
    assert not held
    assert "Input/output%20error" in held.detail


@pytest.mark.usefixtures("disk")
def test_failed_write_does_not_count_as_acknowledged(program: Part) -> None:
    """Lose this and a write that the disk refused is said to be lost."""
    *_others, verified = _answers(program("write", "laps", "1", "refuse", "laps", "1", "end", "verify"))
    assert blocks_held(verified)
