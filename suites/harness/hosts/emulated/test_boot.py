# SPDX-License-Identifier: Apache-2.0
"""Emulated hosts that really boot, and hosts that do not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fixtures.builds.build import Build, open_build
from fixtures.builds.host_image import host_image
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError, UsageError
from fixtures.hosts.emulated import boot as booting
from fixtures.hosts.emulated.boot import KERNEL_LOG, boot
from fixtures.hosts.emulated.connection import HostLost
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.emulated.outer import MEMORY_MIB, command_line
from fixtures.hosts.emulated.protocol import MAX_PAYLOAD, Frame, Type
from fixtures.hosts.emulated.shares import Shares
from fixtures.hosts.interface import Program
from fixtures.matrix.names import Arch
from fixtures.places import ROOT
from fixtures.qualify.emulated_hosts import EmulatedHosts
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.waiting import Deadline, comes_true

KVM = Path("/dev/kvm")
CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
SECONDS = 120.0
BOOT_AND_WAIT = """
import sys
from pathlib import Path
from fixtures.builds.build import open_build
from fixtures.hosts.emulated.boot import boot
from fixtures.matrix.schema import load_matrix
emulator = open_build(load_matrix(Path("matrix.yaml")), "{emulator}")
host = boot(emulator, "x86_64", Path("{image}"), directories=[], evidence=Path("{evidence}"))
print(host._end.__self__.pid, flush=True)
sys.stdin.read()
"""


def outer_pid(host: EmulatedHost) -> int:
    """The PID of the QEMU that emulates the host."""
    return int(host._end.__self__.pid)  # type: ignore[attr-defined]  # a method of its process


@pytest.fixture
def emulator(pair_under_test: PairUnderTest) -> Build:
    """The build whose QEMU emulates x86_64 hosts."""
    return open_build(pair_under_test.matrix, pair_under_test.matrix.emulator["x86_64"])


@pytest.fixture
def image(pair_under_test: PairUnderTest) -> Path:
    """The image of an x86_64 host."""
    return host_image(pair_under_test.matrix, "x86_64")


def booted(emulator: Build, arch: Arch, image: Path, evidence: Path, *seen: Path) -> EmulatedHost:
    """A host as the suite boots it: once more if its emulator stops the first boot. It sees `seen`."""
    return EmulatedHosts(lambda _arch: emulator, lambda: evidence).of(arch, image, seen)


def test_host_boots_and_runs_a_qemu_of_its_build(emulator: Build, image: Path, tmp_path: Path) -> None:
    """Lose this and no cell runs under KVM on a machine that has none, or its host outlives the run."""
    host = booted(emulator, "x86_64", image, tmp_path, emulator.sandbox.root)
    outer = outer_pid(host)
    try:
        line = [emulator.program("x86_64"), "--version"]
        process = host.start(Program(emulator, line, tmp_path / "said.txt", devices=[KVM]))
        assert process.wait(SECONDS) == 0
        assert process.stderr().startswith("QEMU emulator version")
        process.kill()
        assert host.stretch > 1
        assert host.read_file(CLOCK_SOURCE, 10) == b"tsc\n"  # Else KVM's guests have unstable clocks.
    finally:
        host.close()
    assert not Path(f"/proc/{outer}").exists()


@pytest.mark.slow
def test_power_host_boots_with_a_kvm_that_makes_machines(
    pair_under_test: PairUnderTest, tmp_path: Path
) -> None:
    """Lose this and no ppc64le guest runs under KVM on a machine that is no POWER."""
    matrix = pair_under_test.matrix
    emulator, image = open_build(matrix, matrix.emulator["ppc64le"]), host_image(matrix, "ppc64le")
    host = booted(emulator, "ppc64le", image, tmp_path, image.parent)
    try:
        assert host.read_file(Path("/proc/sys/vm/unprivileged_userfaultfd"), 10) == b"1\n"
    finally:
        host.close()


@pytest.mark.slow
def test_host_without_memory_is_no_fault_of_the_program_that_it_kills(
    emulator: Build, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a QEMU that the host's kernel kills to get memory counts against its build."""
    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", partial(boot, memory_mib=1024))
    host = booted(emulator, "x86_64", image, tmp_path, emulator.sandbox.root)
    try:
        line = [emulator.program("x86_64"), "-S", "-machine", "none", "-display", "none", "-object"]
        line += ["memory-backend-ram,id=ram,size=900M,prealloc=on"]
        process = host.start(Program(emulator, line, tmp_path / "said.txt"))
        assert process.wait(SECONDS) == 137
        with pytest.raises(RigError, match=r"killed 1 of its programs: .*Out of memory: Killed process"):
            host.check()
        process.kill()
    finally:
        host.close()


def kill_qemu(host: EmulatedHost) -> None:
    """As the kernel does if memory runs out."""
    os.kill(outer_pid(host), signal.SIGKILL)


def break_protocol(host: EmulatedHost) -> None:
    """The init ends the host then."""
    host.connection.send(Frame(Type.PING, 1, bytes(MAX_PAYLOAD + 1)))


@pytest.mark.parametrize(
    "ending, said",
    [
        (kill_qemu, r"its QEMU: exit status 137 \(something outside killed it: out of memory\?\)$"),
        pytest.param(break_protocol, "hotpatch-host: damaged frame", marks=pytest.mark.slow),
    ],
)
def test_host_that_ends_is_one_error(
    ending: Callable[[EmulatedHost], None], said: str, emulator: Build, image: Path, tmp_path: Path
) -> None:
    """Lose this and a host that is lost becomes a verdict on the update, or a message without a reason."""
    host = booted(emulator, "x86_64", image, tmp_path)
    ending(host)
    with pytest.raises(HostLost, match=f"its QEMU has ended; .*{said}"):
        host.stream()
    host.close()


@pytest.mark.slow
def test_host_ends_with_the_process_that_booted_it(
    pair_under_test: PairUnderTest, image: Path, tmp_path: Path
) -> None:
    """Lose this and a killed worker leaves a QEMU behind that takes a core and a gigabyte."""
    emulator = pair_under_test.matrix.emulator["x86_64"]
    script = BOOT_AND_WAIT.format(emulator=emulator, image=image, evidence=tmp_path)
    worker = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with worker:
        assert worker.stdout is not None
        outer = int(worker.stdout.readline())
        assert Path(f"/proc/{outer}").exists()
        worker.kill()
    assert comes_true(lambda: not Path(f"/proc/{outer}").exists(), Deadline.after(SECONDS))


def test_kernel_that_does_not_boot_is_one_error(emulator: Build, image: Path, tmp_path: Path) -> None:
    """Lose this and a broken image ends in a wait of minutes without a reason."""
    broken = tmp_path / "image"
    broken.mkdir()
    (broken / "kernel").write_bytes((image / "kernel").read_bytes())
    (broken / "initrd").write_bytes(b"")
    with pytest.raises(RigError, match=r"last on its console: .*Kernel panic"):
        boot(emulator, "x86_64", broken, directories=[], evidence=tmp_path)


@pytest.mark.slow
def test_host_without_a_module_names_it(emulator: Build, image: Path, tmp_path: Path) -> None:
    """Lose this and a kernel package without KVM is a riddle in each cell."""
    broken = (image / "initrd").read_bytes().replace(b"modules/kvm_amd.ko", b"modules/kvm_xxx.ko")
    (tmp_path / "initrd").write_bytes(broken)
    (tmp_path / "kernel").write_bytes((image / "kernel").read_bytes())
    with pytest.raises(RigError, match="cannot run guests under KVM: module kvm_amd: No such file"):
        boot(emulator, "x86_64", tmp_path, directories=[], evidence=tmp_path)


def test_host_that_hangs_while_it_boots_is_one_error(
    emulator: Build, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host that hangs stops the run."""
    monkeypatch.setattr(booting, "BOOT_SECONDS", 0.5)
    with pytest.raises(HostLost, match=r"did not boot within 0\.5 s; its QEMU: it still runs; last on"):
        boot(emulator, "x86_64", image, directories=[], evidence=tmp_path)
    assert (tmp_path / KERNEL_LOG).exists()


def test_emulator_without_a_qemu_for_the_host_is_named(emulator: Build, tmp_path: Path) -> None:
    """Lose this and a wrong `emulator` in matrix.yaml ends in a traceback."""
    with pytest.raises(UsageError, match="it has no QEMU for x86_64"):
        boot(replace(emulator, programs={}), "x86_64", tmp_path, directories=[], evidence=tmp_path)


def test_build_in_the_root_of_this_machine_is_refused() -> None:
    """Lose this and an emulated host shows all files of this machine to a build."""
    with pytest.raises(UsageError, match="cannot run on an emulated host"):
        Shares([Sandbox(Path("/")).root])


def test_whole_machine_is_seen_only_if_that_is_asked_for() -> None:
    """Lose this and the suite cannot run inside an emulated host."""
    shares = Shares([Path("/")], whole_machine=True)
    assert str(shares.inside(Path("/usr/bin/env").parent)) == "/roots/share0/usr/bin"


def test_host_has_what_is_asked_for() -> None:
    """Lose this and a host with a whole system in it runs out of memory, or has a vCPU too many."""
    usual = command_line("x86_64", "/qemu", (), 7)
    line = command_line("x86_64", "/qemu", (), 7, memory_mib=1234, vcpus=1)
    assert [usual[usual.index(option) + 1] for option in ("-m", "-smp")] == [f"{MEMORY_MIB}M", "2"]
    assert [line[line.index(option) + 1] for option in ("-m", "-smp")] == ["1234M", "1"]
