# SPDX-License-Identifier: Apache-2.0
"""The private network: what it makes, that it ends, and what it says if this host cannot have one."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.hosts.local import LOCAL
from fixtures.hosts.network import network as networks
from fixtures.hosts.network.network import Network, network_for
from fixtures.hosts.network.payloads import MAGIC, NUMBER
from fixtures.hosts.network.peer import kind_of, seen_at
from fixtures.matrix.nics import BRIDGE, E1000, GIVEN, MAC, MULTIQUEUE, VHOST, VIRTIO, Nic, given_tap
from fixtures.places import ROOT
from fixtures.waiting import Deadline, comes_true
from suites.harness.support.processes import processes_with

GUEST, PEER = bytes.fromhex(MAC.replace(":", "")), bytes.fromhex("5254006870fe")
TUNSETOFFLOAD, CHECKSUM, SEGMENTS = 0x400454D0, 1, 2
VNET_HEADER = 10
LONG_SECONDS = 60.0


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network for a guest with one queue; skipped where there can be none."""
    try:
        made = Network(E1000, tmp_path)
    except Unsupported as error:
        pytest.skip(str(error))
    yield made
    made.close()


def datagram(number: int) -> bytes:
    """What a guest sends back: the frame of the peer with this number."""
    payload = MAGIC + NUMBER.pack(number)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, bytes(4), bytes(4))
    return PEER + GUEST + b"\x08\x00" + head + struct.pack("!HHHH", 7, 7, 8 + len(payload), 0) + payload


def rarp() -> bytes:
    """QEMU's announcement."""
    return b"\xff" * 6 + GUEST + b"\x80\x35" + bytes(46)


@pytest.mark.parametrize("realtime,seen", [(1000.0, 50.0), (999.7, 49.7), (955.0, 49.5), (1045.0, 50.0)])
def test_time_of_a_frame_outlasts_a_clock_that_is_set(
    realtime: float, seen: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host whose clock is set during a move loses frames for as long as it was set by."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    assert seen_at(realtime, since=49.5) == pytest.approx(seen)


def test_frames_pass_and_are_counted_where_they_pass(network: Network) -> None:
    """Lose this and frames that came back count as lost, or at the wrong port."""
    [source] = network.port("source").values()
    [destination] = network.port("destination").values()
    os.write(source.number, rarp())  # The bridge learns where the guest is.
    network.starts()
    os.write(source.number, datagram(0))
    assert network.answered(1, 5.0)[0] == 0, "what came before was counted"
    os.write(destination.number, rarp())
    frames = network.frames()
    ports = network.ports
    from_guest = [(each.port, each.what, each.number) for each in frames if each.from_guest]
    assert (ports["source"], "numbered", 0) in from_guest
    assert (ports["destination"], "rarp", -1) in from_guest
    # The bridge forwards to a port once the kernel has noticed, a moment later, that its link is up, and only
    # to the destination's once that has announced itself. In between each frame goes to the source.
    to_source = [each for each in frames if not each.from_guest and each.port == ports["source"]]
    at_source = [each.number for each in to_source if each.what == "numbered"]
    first = at_source[0]
    assert at_source == list(range(first, first + len(at_source)))
    for tap in (source, destination):
        tap.close()


def test_wait_ends_with_the_wanted_echo(network: Network) -> None:
    """Lose this and each cell waits as long as it would for a card that is deaf."""
    [tap] = network.port("source").values()
    os.write(tap.number, rarp())
    network.starts()
    asked, over = time.monotonic(), threading.Event()

    def echo() -> None:
        for number in itertools.count(1 << 20):  # later than what the peer has sent
            os.write(tap.number, datagram(number))
            if over.wait(0.001):
                return

    guest = threading.Thread(target=echo)
    guest.start()
    try:
        assert network.answered(5, LONG_SECONDS)[0] >= 5
    finally:
        over.set()
        guest.join()
    assert time.monotonic() - asked < LONG_SECONDS
    tap.close()


def test_queues_and_offloads_of_a_tap(tmp_path: Path) -> None:
    """Lose this and a lost offload is missed, or all queues are one."""
    try:
        network = Network(MULTIQUEUE, tmp_path)
    except Unsupported as error:
        pytest.skip(str(error))
    taps = list(network.port("source").values())
    assert len({tap.number for tap in taps}) == MULTIQUEUE.queues
    before = network.offloads("source")
    fcntl.ioctl(taps[0].number, TUNSETOFFLOAD, CHECKSUM | SEGMENTS)
    assert network.offloads("source") - before >= {"tx-checksum-ip-generic", "tx-tcp-segmentation"}
    network.close()
    network.close()


def test_no_network_without_a_card_on_a_tap(tmp_path: Path) -> None:
    """Lose this and every cell makes a network that it does not need."""
    with network_for(None, LOCAL, tmp_path) as none:
        assert none is None


@pytest.mark.parametrize(
    "nic,name,module", [(VIRTIO, "TUN", "tun"), (VHOST, "VHOST", "vhost_net")], ids=["tun", "vhost"]
)
def test_missing_device_is_named(
    nic: Nic, name: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host without the device gets an error that nobody understands."""
    missing = tmp_path / "missing"
    monkeypatch.setattr(networks, name, missing)
    with pytest.raises(Unsupported) as raised:
        Network(nic, tmp_path)
    assert str(raised.value) == (
        f"network cards on a tap: {missing} is missing on this host; load its module: modprobe {module}"
    )


def test_failing_sandbox_is_unsupported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a user without user namespaces gets an error, and the verdict is undecided."""
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Unsupported, match=r"No permissions to create a new namespace; run as root, or allow"):
        Network(VIRTIO, tmp_path)


TAKES = """
import fcntl, os, struct
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("=16sH22x", b"vnet7", 0x1002))
print("made", flush=True)
input()
"""
"""Makes a tap, as libvirt does."""


def test_tap_of_a_program_in_the_network_is_a_port(network: Network) -> None:
    """Lose this and nobody knows at which port a guest of libvirt is."""
    if os.geteuid():
        pytest.skip("only root enters the network from outside")
    with pytest.raises(RigError, match="no interface 'vnet7', which should be a tap of source"):
        network.took("source", "vnet7")
    line = [*network.enters, sys.executable, "-I", "-c", TAKES]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "made\n"
        network.took("source", "vnet7")
        assert network.ports["source"] > 0
        assert network.offloads("source")
        program.communicate("\n", timeout=LONG_SECONDS)


ON_THE_BRIDGE = """
import sys
from pyroute2 import IPRoute
links = IPRoute()
tap, bridge = (links.get_links(links.link_lookup(ifname=name)[0])[0] for name in sys.argv[1:])
assert tap.get_attr("IFLA_MASTER") == bridge["index"]
assert tap["flags"] & 1, "it is down"
"""


def test_tap_is_given_to_who_asks_for_it(tmp_path: Path) -> None:
    """Lose this and libvirt finds no tap, or takes one that is not on the bridge."""
    if os.geteuid():
        pytest.skip("only root enters the network from outside")
    for nic, held in ((VIRTIO, False), (GIVEN, True)):
        try:
            network = Network(nic, tmp_path)
        except Unsupported as error:
            pytest.skip(str(error))
        network.gives("source")
        if held:
            network.took("source", given_tap("source"))
            line = [*network.enters, sys.executable, "-I", "-c", ON_THE_BRIDGE, given_tap("source"), BRIDGE]
            subprocess.run(line, check=True, timeout=LONG_SECONDS)
        else:
            with pytest.raises(RigError, match="has no interface"):
                network.took("source", given_tap("source"))
        network.close()


def test_network_that_no_program_can_enter_is_unsupported(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host without nsenter gets a traceback."""
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(Unsupported, match="nsenter is missing"):
        assert not network.enters


HOLDS = """
import sys, time
from pathlib import Path
from fixtures.hosts.network.network import Network
from fixtures.matrix.nics import VIRTIO
network = Network(VIRTIO, Path(sys.argv[1]))
network.port("source")
print("made", flush=True)
time.sleep(600)
"""


def test_kill_of_the_suite_leaves_nothing(network: Network, tmp_path: Path) -> None:
    """Lose this and each run that is killed leaves a process and a network on the user's machine."""
    del network  # It shows that there can be one here.
    place = tmp_path / "place"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDS, str(place)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as suite:
        assert suite.stdout is not None
        assert suite.stdout.readline() == "made\n"
        suite.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not processes_with(str(place)), Deadline.after(10.0))


def test_kinds_of_frames() -> None:
    """Lose this and an announcement counts as another frame, or another frame as an announcement."""
    assert kind_of(datagram(7)) == ("numbered", 7)
    assert kind_of(rarp()) == ("rarp", -1)
    arp = bytearray(PEER + GUEST + b"\x08\x06" + bytes(28))
    arp[28:32] = arp[38:42] = b"\x0a\x00\x02\x0f"
    assert kind_of(bytes(arp)) == ("gratuitous", -1)
    arp[41] = 2
    assert kind_of(bytes(arp)) == ("arp", -1)
    assert kind_of(bytes(60)) == (None, -1)
