# SPDX-License-Identifier: Apache-2.0
"""Log files that libvirt writes itself: bounded on disk and in memory, whatever a QEMU says."""

from pathlib import Path

import pytest

from fixtures.hosts import file_bounds
from fixtures.hosts.file_bounds import FileBounds, cut_out_middle
from fixtures.hosts.local import LOCAL
from fixtures.hosts.output import KEPT_BYTES
from fixtures.path.libvirt.logs import bounded_log
from fixtures.waiting import Deadline, comes_true

FLOOD = 40 << 20
BEGIN, END = b"2026-11-26: starting up\n", b"\nout of luck"


@pytest.fixture
def flooded(tmp_path: Path) -> Path:
    """A log of 40 MiB."""
    file = tmp_path / "qemu" / "guest.log"
    file.parent.mkdir()
    file.write_bytes(BEGIN + b"f" * FLOOD + END)
    return file


def on_disk(file: Path) -> int:
    """Bytes that the file takes on disk."""
    return file.stat().st_blocks * 512


def test_long_log_is_read_within_bounds(flooded: Path) -> None:
    """Lose this and the evidence of one cell takes gigabytes of memory and of the report."""
    text = bounded_log(LOCAL, flooded)
    assert text.startswith(BEGIN.decode())
    assert text.endswith(END.decode())
    assert f"… {len(BEGIN) + FLOOD + len(END) - 2 * KEPT_BYTES} bytes left out …" in text


def test_log_of_one_cell_begins_where_the_cell_did(tmp_path: Path) -> None:
    """Lose this and a cell shows the errors of another one that ran on the same daemon."""
    file = tmp_path / "daemon.log"
    file.write_bytes(b"earlier\nnow\n")
    assert bounded_log(LOCAL, file, since=8) == "now\n"
    assert bounded_log(LOCAL, file, since=99) == ""
    assert bounded_log(LOCAL, tmp_path / "absent.log") == ""


def test_middle_is_given_back_while_its_writer_goes_on(flooded: Path) -> None:
    """Lose this and a QEMU that libvirt runs fills the host's disk with its stderr."""
    with flooded.open("ab", buffering=0) as writer:
        cut_out_middle(flooded)
        writer.write(b" again")
    assert on_disk(flooded) < 3 * KEPT_BYTES
    assert bounded_log(LOCAL, flooded).startswith(BEGIN.decode())
    assert bounded_log(LOCAL, flooded).endswith("out of luck again")


def test_short_log_is_left_alone(tmp_path: Path) -> None:
    """Lose this and the logs of healthy guests have holes."""
    file = tmp_path / "guest.log"
    file.write_bytes(b"x" * KEPT_BYTES)
    cut_out_middle(file)
    assert file.read_bytes() == b"x" * KEPT_BYTES


def test_every_log_below_a_directory_is_watched(flooded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and logs are only bounded after the cell, when the disk is full."""
    monkeypatch.setattr(file_bounds, "LOOK_SECONDS", 0.01)
    bounds = FileBounds(flooded.parent.parent)
    assert comes_true(lambda: on_disk(flooded) <= 3 * KEPT_BYTES, Deadline.after(20))
    bounds.close()
    assert not bounds._thread.is_alive()
