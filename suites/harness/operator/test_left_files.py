# SPDX-License-Identifier: Apache-2.0
"""The files with the definitions of guests on their way: written whole, and read if they are not."""

import errno
import os
from pathlib import Path

import pytest

from suites.harness.operator.conftest import ScriptedHost, squeezed
from suites.harness.support.scripted_daemons import Migration, ScriptedGuest

DAMAGED = {"empty": b"", "half": b"<domain><name>web</na", "no text": b"<domain>\xff</domain>"}


@pytest.fixture(params=DAMAGED)
def damaged(request: pytest.FixtureRequest, host: ScriptedHost, web: ScriptedGuest) -> Path:
    """A file that a host left which went down while it was written."""
    file = host.layout.home_xml(web.uuid)
    file.parent.mkdir(parents=True)
    file.write_bytes(DAMAGED[request.param])
    return file


def test_damaged_file_is_named_by_the_plan(host: ScriptedHost, web: ScriptedGuest, damaged: Path) -> None:
    """Lose this and one damaged file ends each command with a traceback."""
    command, output = host.command()
    assert command.plan() == 1
    assert f"{web.uuid} is home, but its move was not brought to its end" in output.getvalue()
    assert damaged.exists()


def test_damaged_file_of_a_guest_at_home_is_forgotten(
    host: ScriptedHost, web: ScriptedGuest, damaged: Path
) -> None:
    """Lose this and no guest of the host moves any more, or the table has one twice."""
    status, output = host.go()
    assert status == 0, output
    assert "1 running guest: 1 to be moved" in output
    assert (damaged.exists(), squeezed(output).count("the host's own daemon running")) == (False, 1)


def test_damaged_file_moves_no_guest(host: ScriptedHost, web: ScriptedGuest, damaged: Path) -> None:
    """Lose this and a guest gets half a definition, or nobody learns where it is."""
    host.home.loses(web)
    host.away.runs(web)
    status, output = host.go()
    assert status == 1
    assert f"stopped: {damaged}, the definition with which web comes home, is gone or damaged" in output
    assert "what to do: shut web down where it is, and start it at the host's own daemon" in output
    assert "web the second daemon running" in squeezed(output)
    assert (host.away.flags, set(host.away.active), damaged.exists()) == ([], {web.uuid}, True)


def test_file_that_goes_while_it_is_read_is_no_trouble(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a plan ends with a traceback at the moment when a guest comes home."""
    file = host.layout.home_xml(web.uuid)
    file.parent.mkdir(parents=True)
    file.symlink_to("gone")
    assert host.layout.left() == {(web.uuid, web.uuid)}


def test_full_disk_stops_before_the_guest_leaves(
    host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest leaves whose definition is not on the disk, or a half of it stays there."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, output = host.go()
    assert status == 1
    assert "No space left on device" in output
    assert "web the host's own daemon running" in squeezed(output)
    assert (host.home.flags, list(host.layout.home_xml(web.uuid).parent.iterdir())) == ([], [])


def test_kept_definition_is_roots_alone(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a file that a killed command left gives the password of a display to everyone."""
    host.away.migrations = [Migration(fails="no")]
    file = host.layout.home_xml(web.uuid)
    file.parent.mkdir(parents=True)
    file.with_name(f"{file.name}.new").touch(mode=0o666)
    assert host.go()[0] == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
