# SPDX-License-Identifier: Apache-2.0
"""A running program has a small disk for a directory, which the suite fills and empties."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError, Unsupported
from fixtures.hosts import small_disk
from fixtures.hosts.interface import Program
from fixtures.hosts.local import LOCAL
from fixtures.hosts.local_process import LocalProcess
from fixtures.hosts.mounts import ended
from fixtures.hosts.small_disk import SmallDisk
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

HOST = Build("host", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
PLACE = Path("/run/state")
WRITES = """
import os
from pathlib import Path
while name := os.read(FD, 100).decode():
    try:
        Path("/run/state", name).write_text("kept")
        said = " ".join(sorted(os.listdir("/run/state")))
    except OSError as error:
        said = error.strerror
    os.write(FD, said.encode())
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can fill the disk of a running program")


class Writer:
    """A program that writes a file of each name that it is sent, and answers what is there then."""

    def __init__(self, state: Path) -> None:
        self._ours, theirs = LOCAL.stream()
        with closing(theirs):
            argv = [str(PYTHON), "-I", "-c", WRITES.replace("FD", str(theirs.number))]
            program = Program(HOST, argv, state.parent / "said", [theirs], state={str(PLACE): state})
            self.process = LOCAL.start(program)
        assert self.writes("first") == "below first"  # It runs.

    @property
    def pid(self) -> int:
        """Its PID on the host."""
        assert isinstance(self.process, LocalProcess)
        return self.process.pid

    def writes(self, name: str) -> str:
        """What it answers."""
        self._ours.send(name.encode())
        return self._ours.recv(4096).decode()

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self.process.kill()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The directory of the host that stands for its own."""
    place = tmp_path / "state"
    (place / "below").mkdir(parents=True)
    (place / "below" / "old").write_text("old")
    return place


@pytest.fixture
def writer(state: Path) -> Iterator[Writer]:
    """A program with that directory."""
    with closing(Writer(state)) as found:
        yield found


@only_root
def test_disk_is_full_until_it_is_emptied(writer: Writer, state: Path) -> None:
    """Lose this and a disk is never full, or never has room again, and the cells prove nothing."""
    disk = SmallDisk(writer.pid, PLACE)
    assert writer.writes("second") == "below first second"
    disk.fill()
    assert disk.is_full
    assert writer.writes("third") == "No space left on device"
    disk.empty()
    assert writer.writes("fourth").split() == ["below", "first", "fourth", "second", "third"]
    assert sorted(path.name for path in state.iterdir()) == ["below", "first"]  # Of the host's disk.


@only_root
def test_disk_of_a_program_that_has_ended_needs_no_room(writer: Writer) -> None:
    """Lose this and a daemon that crashes because its disk is full is an error of the suite."""
    disk = SmallDisk(writer.pid, PLACE)
    disk.fill()
    writer.process.kill()
    disk.empty()


@only_root
def test_program_keeps_what_it_had(writer: Writer) -> None:
    """Lose this and a daemon whose disk is full has lost its domains as well."""
    SmallDisk(writer.pid, PLACE)
    seen = Path(f"/proc/{writer.pid}/root") / PLACE.relative_to("/")
    assert (seen / "below" / "old").read_text() == "old"


@only_root
def test_disk_that_is_not_small_is_an_error_of_the_suite(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the suite fills the host's own disk."""
    disk = SmallDisk(writer.pid, PLACE)
    monkeypatch.setattr(small_disk, "SIZE", 8192)
    with pytest.raises(RigError, match="takes more than 8192 bytes"):
        disk.fill()


@only_root
def test_program_that_is_gone_gets_no_disk() -> None:
    """Lose this and a build is blamed for what the suite could not do."""
    with pytest.raises(RigError, match=r"/run/state gets no small disk: /proc/\d+/ns/mnt: No such file"):
        SmallDisk(2**22 + 1, PLACE)


def test_copy_that_fails_is_explained() -> None:
    """Lose this and somebody whose daemon gets no small disk reads `None: None`."""

    def fails(_arguments: list[str]) -> int:
        raise shutil.Error([("/run/state/gone", "/tmp/there", "No such file or directory")])

    with pytest.raises(SystemExit, match=r"/run/state/gone.*No such file"):
        ended(fails)


def test_only_root_fills_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and who is not root sees an error in the place of what is not supported."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unsupported, match="only root"):
        SmallDisk(1, PLACE)
