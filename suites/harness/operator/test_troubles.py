# SPDX-License-Identifier: Apache-2.0
"""What the operator's command does when something goes wrong: nothing more, and it says where guests are."""

import io
import os
import signal

import pytest

from fixtures.operator import settle
from fixtures.operator.command import Command
from fixtures.operator.trouble import Trouble
from fixtures.waiting import Deadline, comes_true
from suites.harness.operator.conftest import AVAILABLE_MIB, ScriptedHost, squeezed
from suites.harness.support.scripted_daemons import NEW, Migration, ScriptedGuest


def test_first_failure_stops_the_command(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and what broke one guest goes on to the next."""
    guest = host.other()
    host.home.migrations = [Migration(fails="Address already in use")]
    status, output = host.go()
    assert status == 1
    assert "stopped: the move from the host's own daemon to the second daemon failed" in output
    assert "Address already in use" in output
    assert set(host.home.active) == {web.uuid, guest.uuid}
    assert len(host.home.flags) == 1
    assert not host.layout.left()


def test_guest_that_cannot_come_home_is_named_with_its_place(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the operator looks for the guest where it is not."""
    host.away.migrations = [Migration(fails="no")]
    status, output = host.go()
    assert status == 1
    assert "web the second daemon running" in squeezed(output)
    assert "virsh -c 'away' list" in output
    assert host.ended == 0
    assert host.layout.left() == {("web", web.uuid)}


def test_next_run_brings_home_what_was_left(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest that is away stays there."""
    guest = host.other()
    host.away.migrations = [Migration(fails="no")]
    host.go()
    status, output = host.go()
    assert status == 0, output
    assert "web is with the second daemon, and comes home first" in output
    assert set(host.home.active) == {web.uuid, guest.uuid}


def test_guest_larger_than_the_memory_stays(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the kernel ends a guest to make room for another."""
    web.memory_mib = AVAILABLE_MIB
    guest = host.other()
    status, output = host.go()
    assert status == 1
    assert f"it needs {AVAILABLE_MIB + 256} MiB of memory, and {AVAILABLE_MIB} MiB are available" in output
    assert host.away.arrived
    assert len(host.home.flags) == 1
    assert set(host.home.active) == {web.uuid, guest.uuid}


def test_memory_that_is_gone_meanwhile_stops_the_command(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the memory of the time of the plan counts, hours later."""

    def lessens() -> None:
        (host.root / "proc/meminfo").write_text("MemAvailable: 1024 kB\n")

    host.starts = lessens
    status, output = host.go()
    assert status == 1
    assert "stopped: web: it needs 320 MiB of memory, and 1 MiB are available" in output
    assert not host.home.flags


def test_guest_with_a_device_of_the_host_stays(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and one such guest keeps a whole host from its update."""
    web.devices = "<hostdev mode='subsystem' type='pci'/>"
    guest = host.other()
    status, output = host.go()
    assert status == 1
    assert "cannot move" in output
    assert "it has a device of the host" in output
    assert "1 up to date" not in output
    assert len(host.home.flags) == 1
    assert set(host.home.active) == {web.uuid, guest.uuid}


def test_second_daemon_that_dies_before_the_move_leaves_guests_alone(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and the command waits for a daemon that is gone."""

    def dies() -> None:
        host.away.dead = True

    host.home.migrations = [Migration(fails="Lost connection to destination host", begins=dies)]
    status, output = host.go()
    assert status == 1
    assert "Lost connection to destination host" in output
    assert "web the host's own daemon running" in squeezed(output)


def test_second_daemon_that_dies_with_a_guest_is_said(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest that lives is reported as lost, or one at home that is not there."""

    def dies() -> None:
        host.away.dead = True

    host.away.migrations = [Migration(fails="client socket is closed", begins=dies)]
    status, output = host.go()
    assert status == 1
    assert "the second daemon has ended: the second daemon does not start: no" in output
    expected = f"web the second daemon it does not answer, and its QEMU process is there process {NEW}"
    assert expected in squeezed(output)
    assert host.layout.left() == {("web", web.uuid)}


def test_second_daemon_that_died_with_a_guest_is_started_again(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and a guest stays paused: only its daemon ends the move in which that was killed."""

    def dies() -> None:
        host.away.dead = True

    host.revives = True
    host.away.migrations = [Migration(fails="client socket is closed", begins=dies)]
    status, output = host.go()
    assert status == 1
    assert "the second daemon had ended, and was started again" in output
    assert "web the second daemon running (booted)" in squeezed(output)
    assert host.ended == 0
    assert host.go()[0] == 0
    assert set(host.home.active) == {web.uuid}


def test_guest_that_both_daemons_have_is_not_touched(
    host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest whose move still goes on gets a second one."""
    monkeypatch.setattr(settle, "SETTLE_SECONDS", 0.1)
    host.away.migrations = [Migration(fails="no")]
    host.go()
    host.home.runs(web)
    status, output = host.go()
    assert status == 1
    assert "both daemons have web, so neither is touched" in output
    assert len(host.away.flags) == 1
    assert host.layout.left() == {("web", web.uuid)}


def test_unfinished_destination_is_no_guest(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and what a broken move left at the second daemon is brought home instead of the guest."""
    host.away.runs(web)
    lookups = iter([True])

    def ends() -> None:
        if next(lookups, False):
            host.away.loses(web)

    host.starts = ends
    host.layout.home_xml(web.uuid).parent.mkdir(parents=True)
    host.layout.home_xml(web.uuid).write_text(web.xml)
    status, output = host.go()
    assert status == 0, output
    assert "comes home first" not in output


def test_guest_that_ends_by_itself_is_named(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the list of guests is shorter, and nobody notices."""
    host.away.migrations = [Migration(fails="domain is not running", begins=lambda: host.away.loses(web))]
    status, output = host.go()
    assert status == 1
    assert "web nowhere no QEMU process" in squeezed(output)
    assert not host.layout.left()


def test_libvirt_that_ends_in_a_round_leaves_the_table_of_places(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and the command says that nothing was moved while a guest is away."""

    def ends() -> None:
        host.serves = False

    host.away.migrations = [Migration(fails="Cannot recv data: Connection reset by peer", begins=ends)]
    status, output = host.go()
    assert status == 1
    assert "web the second daemon running" in squeezed(output)
    assert "virsh -c 'away' list" in output


def test_libvirt_that_ends_before_the_second_daemon_starts_is_trouble(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and there is no table, and the command says that it cannot run here."""

    def ends() -> None:
        host.serves = False

    host.starts = ends
    status, output = host.go()
    assert status == 1
    assert "stopped: neither virtqemud nor libvirtd serves this host" in output
    assert "web the host's own daemon running" in squeezed(output)
    assert not host.home.flags


def test_host_without_libvirt_is_no_trouble_of_a_round(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the exit status of a host on which the command cannot run is that of guests not moved."""
    host.serves = False
    command, output = host.command()
    with pytest.raises(Trouble, match="serves this host"):
        command.go()
    assert (host.home.flags, output.getvalue(), host.layout.state.exists()) == ([], "", False)


def interrupted(
    host: ScriptedHost, times: int, seconds: float = 5.0
) -> tuple[Migration, Command, io.StringIO]:
    """A migration during which the operator presses Ctrl-C so often, which ends only if it is aborted."""
    command, output = host.command(seconds)

    def press() -> None:
        for number in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            comes_true(lambda number=number: command.stop.asked > number, Deadline.after(5))  # type: ignore[misc]

    return Migration(needs_postcopy=True, begins=press), command, output


def test_ctrl_c_aborts_the_way_out(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and Ctrl-C leaves a guest in the middle, or is not heard."""
    guest = host.other()
    migration, command, output = interrupted(host, 1)
    host.home.migrations = [migration]
    assert command.go() == 1
    assert "you asked to stop" in output.getvalue()
    assert set(host.home.active) == {web.uuid, guest.uuid}
    assert "web the host's own daemon running" in squeezed(output.getvalue())
    assert host.ended == 1


def test_ctrl_c_lets_a_guest_come_home_that_is_on_its_way(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and an impatient operator strands a guest at the second daemon."""
    guest = host.other()
    migration, command, output = interrupted(host, 1, seconds=0.5)
    host.away.migrations = [migration]
    assert command.go() == 1
    assert set(host.home.active) == {web.uuid, guest.uuid}
    assert len(host.home.flags) == 1
    assert "stopped: you asked to stop" in output.getvalue()


def test_second_ctrl_c_leaves_a_guest_where_it_is(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and the operator cannot stop a move that does not end."""
    migration, command, output = interrupted(host, 2)
    host.away.migrations = [migration]
    assert command.go() == 1
    assert set(host.away.active) == {web.uuid}
    assert "web the second daemon running" in squeezed(output.getvalue())


@pytest.mark.parametrize("change", ["autostart", "definition", "transient"])
def test_guest_that_came_home_changed_is_trouble(host: ScriptedHost, web: ScriptedGuest, change: str) -> None:
    """Lose this and a guest is gone at the next boot of its host, without a word."""

    def changes() -> None:
        if change == "autostart":
            web.autostart = False
        elif change == "definition":
            web.more = "<title>another</title>"
        else:
            del host.home.defined[web.uuid]

    host.away.migrations = [Migration(begins=changes)]
    status, output = host.go()
    assert status == 1
    assert "stopped: web is home and runs, but " in output
