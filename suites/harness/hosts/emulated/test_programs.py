# SPDX-License-Identifier: Apache-2.0
"""Programs that the init of an emulated host starts, here as a usual process."""

from contextlib import closing
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError
from fixtures.hosts.emulated.connection import HostRefused
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.interface import Program
from suites.harness.support.host_init import BUILD, SECONDS, Shells, Stream, needs_root

pytestmark = needs_root


def test_output_and_exit_status_come_back(shells: Shells) -> None:
    """Lose this and no QEMU of an emulated host says why it ended."""
    process = shells.start("echo said; exit 3")
    assert process.wait(SECONDS) == 3
    assert (process.stderr(), process.end()) == ("said", "exit status 3")


def test_end_by_a_signal_is_reported_as_a_shell_does(shells: Shells) -> None:
    """Lose this and a crash of QEMU looks like another end in an emulated host."""
    assert shells.run("kill -SEGV $$") == (139, "")


def test_kill_ends_descendants_too(shells: Shells, stream: Stream) -> None:
    """Lose this and what a build started goes on after its cell, and disturbs the next one."""
    process = shells.start("setsid sleep 1000 & sleep 1000", stream.theirs)
    process.kill()
    assert stream.ours.recv(1) == b""
    assert process.end() == "it ran until the suite ended it"


def test_program_sees_only_its_root_and_its_attempt(host: EmulatedHost, shells: Shells) -> None:
    """Lose this and a build reads or writes what belongs to the suite or to another cell."""
    with host.attempt_dir() as place:
        status, said = shells.run("pwd; ls /tmp; touch /etc/x || touch here", attempt_dir=place)
        assert (status, said.splitlines()[:2]) == (0, [str(place), place.name])
        assert host.read_file(place / "here", 10) == b""


def test_program_has_no_privileges(shells: Shells) -> None:
    """Lose this and a build can leave its root."""
    _, said = shells.run("grep -E 'CapEff|NoNewPrivs' /proc/self/status")
    assert said.split() == ["CapEff:", "0" * 16, "NoNewPrivs:", "1"]


def test_program_has_the_capabilities_that_it_needs(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and QEMU before 8.0 gets no userfaultfd in an emulated host."""
    line = ["/bin/grep", "CapEff", "/proc/self/status"]
    process = host.start(Program(BUILD, line, tmp_path / "said.txt", capabilities=["CAP_SYS_PTRACE"]))
    process.wait(SECONDS)
    process.kill()
    assert int(process.stderr().split()[1], 16) == 1 << 19


def test_missing_program_ends_as_in_a_shell(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a build without its program is taken for a failure of the rig."""
    process = host.start(Program(BUILD, ["/usr/bin/absent"], tmp_path / "said.txt"))
    assert process.wait(SECONDS) == 127
    process.kill()
    assert process.stderr() == "cannot start /usr/bin/absent: No such file or directory"


def test_root_that_cannot_be_mounted_is_an_error_of_the_rig(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a broken share of the host becomes a verdict on the build in it."""
    gone = Build("gone", Sandbox(tmp_path / "absent"), {})
    with pytest.raises(HostRefused, match="cannot mount its root: No such file"):
        host.start(Program(gone, ["/bin/true"], tmp_path / "said.txt"))


def test_shared_memory_is_seen_by_two_programs(host: EmulatedHost, shells: Shells) -> None:
    """Lose this and guests whose RAM both sides share cannot be moved in an emulated host."""
    with closing(host.memory(4)) as memory:
        for script, said in (("printf guest >", ""), ("head -c5 <", "guest")):
            argv = ["/bin/bash", "-c", f"{script}/proc/self/fd/{memory.number}"]
            process = host.start(Program(BUILD, argv, Path("/dev/null"), [memory]))
            assert (process.wait(SECONDS), process.stderr()) == (0, said)
            process.kill()


def test_process_says_what_runs_and_what_it_takes(shells: Shells, stream: Stream) -> None:
    """Lose this and nobody knows which build runs the guest, or what it costs."""
    process = shells.start(f"sleep 1000 & echo ready >&{stream.number}; wait", stream.theirs)
    assert stream.ours.recv(10) == b"ready\n"
    taken = process.footprint()
    assert taken is not None
    assert taken.threads == 2
    assert process.has_children()
    assert process.runs(BUILD, "/bin/bash")
    assert not process.runs(BUILD, "/bin/true")
    assert process.cpu_seconds() < SECONDS


def test_process_that_has_ended_takes_nothing(shells: Shells) -> None:
    """Lose this and the end of QEMU while it is looked at is an error of the rig."""
    process = shells.start("true")
    process.wait(SECONDS)
    assert process.footprint() is None
    assert not process.listens_on(Path("/tmp/socket"))


def test_program_that_still_runs_is_reported(host: EmulatedHost, shells: Shells) -> None:
    """Lose this and a QEMU that leaked disturbs the next cell, and nobody knows why."""
    shells.start("sleep 1000; : /tmp/hp-leaked")
    with pytest.raises(RigError, match="hp-leaked"):
        host.assert_nothing_runs_in(Path("/tmp/hp-leaked"))


def test_what_a_daemon_left_running_is_reported(host: EmulatedHost, shells: Shells, stream: Stream) -> None:
    """Lose this and a QEMU of libvirt's that leaked disturbs the next cell, and nobody knows why."""
    leaked = f"exec -a /tmp/hp-$p bash -c 'echo ready >&{stream.number}; sleep 1000; true'"
    shells.start(f"p=leaked; ({leaked}) & wait", stream.theirs)
    assert stream.ours.recv(10) == b"ready\n"
    with pytest.raises(RigError, match="still run"):
        host.assert_nothing_runs_in(Path("/tmp/hp-leaked"))
