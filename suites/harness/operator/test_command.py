# SPDX-License-Identifier: Apache-2.0
"""What the operator's command does and prints on a host without trouble. The daemons are scripted."""

import subprocess
import sys

import libvirt
import pytest

from fixtures.errors import UsageError
from fixtures.operator.asked import options
from fixtures.places import ROOT
from fixtures.printable import REPLACED
from suites.harness.operator.conftest import ScriptedHost, squeezed
from suites.harness.support.scripted_daemons import NEW, UUID, Migration, ScriptedGuest

WITHOUT = (
    "import runpy, sys; sys.modules[{!r}] = None; runpy.run_module('fixtures.operator', run_name='__main__')"
)


def _without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where Python does not have that module."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(module), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_needs_no_module() -> None:
    """Lose this and one must install packages to read what the command would do with them."""
    done = _without("libvirt", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--postcopy" in done.stdout
    assert "Exit status 0: every guest is home" in done.stdout
    assert "docs/hot-patch-a-host.md" in done.stdout


@pytest.mark.parametrize("module", ["libvirt", "rich.console"])
def test_missing_module_is_one_message(module: str) -> None:
    """Lose this and a host without these packages shows a traceback, with the status of guests not moved."""
    done = _without(module)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {sys.executable} has no module {module}\n"
        "  what to do: apt install python3-rich python3-libvirt, and run the command by /usr/bin/python3\n"
    )


@pytest.mark.parametrize("seconds", ["x", "-5", "0", "nan", "86401"])
def test_wrong_seconds_say_what_is_allowed(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lose this and the message names a function of the program."""
    with pytest.raises(SystemExit) as ended:
        options([f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert (
        f"it must be a number greater than 0 and at most 86400, and is '{seconds}'" in capsys.readouterr().err
    )


def test_longest_time_that_the_message_names_is_allowed() -> None:
    """Lose this and the message says what is not true."""
    assert options(["--seconds=86400"]).seconds == 86400


def test_every_guest_comes_home_under_the_new_qemu(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the command does not do what it is for."""
    host.other()
    status, output = host.go()
    assert status == 0, output
    assert set(host.home.active) == {web.uuid, UUID.format(2)}
    assert squeezed(output).count(f"the host's own daemon running (booted) process {NEW}, as installed") == 2
    assert host.ended == 1
    assert not host.layout.left()


def test_plan_changes_nothing(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and looking is not safe."""
    command, output = host.command()
    assert command.plan() == 0
    assert "to be moved" in output.getvalue()
    assert not host.home.flags
    assert not host.layout.state.exists()


def test_definition_stays_with_the_hosts_own_daemon(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest that is away, or its host after a crash, has no definition any more."""
    host.go()
    forbidden = libvirt.VIR_MIGRATE_UNDEFINE_SOURCE | libvirt.VIR_MIGRATE_PERSIST_DEST
    assert [flags & forbidden for flags in host.home.flags + host.away.flags] == [0, 0]


def test_guest_that_precopy_cannot_move_goes_by_postcopy(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and busy guests never move."""
    host.home.migrations = [Migration(needs_postcopy=True)]
    status, output = host.go(seconds=0.3)
    assert status == 0, output
    assert "web: the host's own daemon → the second daemon by postcopy" in output


@pytest.mark.parametrize("why", ["paused", "in files"])
def test_guest_that_libvirt_moves_by_precopy_only_is_not_asked_for_more(
    host: ScriptedHost, web: ScriptedGuest, why: str
) -> None:
    """Lose this and libvirt refuses to move such a guest at all."""
    if why == "paused":
        web.state = libvirt.VIR_DOMAIN_PAUSED
    else:
        web.more = "<memoryBacking><source type='file'/></memoryBacking>"
    status, output = host.go()
    assert status == 0, output
    flags = host.home.flags + host.away.flags
    assert [each & libvirt.VIR_MIGRATE_POSTCOPY for each in flags] == [0, 0]


def test_guest_with_a_job_on_its_disk_stays(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the command stops at a guest that libvirt does not move, with the others unmoved."""
    web.devices = "<disk type='file'><target dev='vda'/></disk><disk type='file'><target dev='vdb'/></disk>"
    web.worked_on = ("vdb",)
    status, output = host.go()
    assert status == 1, output
    assert "a job copies or merges its disk vdb" in " ".join(output.split())
    assert web.uuid in host.home.active


def test_guest_that_ends_before_its_turn_is_no_trouble(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest that its owner has shut down stops the update of all others."""
    guest = host.other()
    host.starts = lambda: host.home.loses(web)
    status, output = host.go()
    assert status == 0, output
    assert "web has ended meanwhile" in output
    assert set(host.home.active) == {guest.uuid}


def test_hostile_name_is_printed_without_its_controls(host: ScriptedHost) -> None:
    """Lose this and a guest's name moves the cursor of the operator's terminal."""
    host.home.runs(ScriptedGuest("a\u009b2J[red]\u202eb"))
    command, output = host.command()
    command.plan()
    assert f"a[red]{REPLACED}b" in output.getvalue()
    assert "\u202e" not in output.getvalue()


def test_only_the_named_guests_move(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and an operator cannot try it with one guest first."""
    host.other()
    command, _ = host.command(5.0, "xen")
    assert command.go() == 0
    assert len(host.home.flags) == 1
    assert host.home.active[UUID.format(2)].name == "xen"


def test_name_of_no_guest_is_refused(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a name with a typing error looks like a host without work."""
    command, _ = host.command(5.0, "wbe")
    with pytest.raises(UsageError, match="--guest: no guest runs that is called wbe"):
        command.plan()


def test_second_command_is_refused(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and two commands move one guest."""
    first, _ = host.command()
    again, _ = host.command()
    with first._alone(), pytest.raises(UsageError, match="lock: another command is moving"):
        again.go()


def test_wrong_name_is_refused_before_anything_moves(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and guests come home first, and then no table says where they are."""
    host.away.migrations = [Migration(fails="no")]
    host.go()
    command, output = host.command(5.0, "wbe")
    with pytest.raises(UsageError, match="no guest runs that is called wbe"):
        command.go()
    assert (set(host.away.active), output.getvalue()) == ({web.uuid}, "")


def test_name_of_a_guest_that_is_away_brings_it_home(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the guest for which one asks stays away."""
    host.away.migrations = [Migration(fails="no")]
    host.go()
    command, output = host.command(5.0, "web")
    assert command.go() == 0, output.getvalue()
    assert set(host.home.active) == {web.uuid}
