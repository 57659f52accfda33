# SPDX-License-Identifier: Apache-2.0
"""A real libvirt daemon that the init of an emulated host starts, here as a usual process."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.emulated.protocol import MAX_PAYLOAD, Frame, Type
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.path.libvirt.cpu_definition import Cpu, cpu_element, why_refused
from fixtures.path.libvirt.daemon import Daemon
from fixtures.path.libvirt.daemons import Daemons
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.waiting import Deadline, comes_true
from suites.harness.support.host_init import SECONDS, host_init, host_of_init, needs_root

pytestmark = needs_root
SPEC = GuestSpec("x86_64", "q35", 1, "idle", "bare", 0, options=GuestOptions(cpu="check-full"))
STOPPED = 1
"""`VIR_DOMAIN_START_PAUSED`."""
DOMAIN = """
<domain type="qemu">
  <name>one</name><memory unit="MiB">64</memory><vcpu>1</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type></os>{}
  <devices><emulator>{}</emulator><controller type="usb" model="none"/></devices>
</domain>
"""


@pytest.fixture(scope="module")
def init_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled init."""
    return host_init(tmp_path_factory.mktemp("init"))


@pytest.fixture
def host(init_program: Path, tmp_path: Path) -> Iterator[EmulatedHost]:
    """A host whose init is a process of this machine."""
    with host_of_init(init_program, tmp_path / "newroot") as started:
        yield started


@pytest.fixture
def daemon(host: EmulatedHost, pair_under_test: PairUnderTest) -> Iterator[Daemon]:
    """The new build's daemon in it."""
    daemons = Daemons(host)
    yield daemons.of(pair_under_test.new, "source", images=Path("/tmp"))
    daemons.close()


def test_daemon_answers_its_clients(daemon: Daemon) -> None:
    """Lose this and nothing is moved by libvirt in an emulated host."""
    assert daemon.alive
    assert daemon.connection.listAllDomains() == []
    assert daemon.virsh("list", "--name").end(SECONDS).status == 0


def test_qemu_of_a_domain_is_found(daemon: Daemon, pair_under_test: PairUnderTest) -> None:
    """Lose this and nobody knows which build runs a domain there, and its QEMU may outlive it."""
    program = pair_under_test.new.program("x86_64")
    domain = daemon.connection.createXML(DOMAIN.format("", program), STOPPED)
    (qemu,) = daemon.qemus("one")
    assert qemu.runs(pair_under_test.new, program)
    assert "-name guest=one," in daemon.qemu_log("one")
    domain.destroy()
    assert qemu.ends_within(SECONDS)


def test_daemon_is_lost_with_its_host(daemon: Daemon, host: EmulatedHost) -> None:
    """Lose this and one crash of a host ends the run, or cells after it ask a daemon that is gone."""
    host.connection.send(Frame(Type.PING, 1, bytes(MAX_PAYLOAD + 1)))
    assert comes_true(host.lost, Deadline.after(SECONDS))
    assert not daemon.alive
    daemon.close()


def test_daemon_says_which_features_its_host_lacks(daemon: Daemon, pair_under_test: PairUnderTest) -> None:
    """Lose this and a destination that cannot give a guest its CPU is found by the failed move only."""
    program = pair_under_test.new.program("x86_64")
    element = cpu_element(daemon.connection, SPEC, program, "qemu")
    domain = daemon.connection.createXML(DOMAIN.format(element, program), STOPPED)
    cpu = Cpu.of(domain.XMLDesc(0))
    domain.destroy()
    assert not why_refused(daemon.connection, cpu, SPEC, program, "qemu")
    wanting = replace(cpu, xml=cpu.xml.replace("</cpu>", "<feature policy='require' name='avx512f'/></cpu>"))
    assert "required features: avx512f" in why_refused(daemon.connection, wanting, SPEC, program, "qemu")
