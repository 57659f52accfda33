# SPDX-License-Identifier: Apache-2.0
"""A scripted libvirt daemon: its configuration, and the message when it does not start."""

import sys
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Command, Sandbox
from fixtures.errors import RigError, Unsupported
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.local import LOCAL
from fixtures.hosts.network.network import TUN, Network
from fixtures.path.libvirt import daemon as daemon_module
from fixtures.path.libvirt import daemons as daemons_module
from fixtures.path.libvirt import tpm_files
from fixtures.path.libvirt.daemon import CAPABILITIES, Daemon
from fixtures.path.libvirt.daemon_files import STATE
from fixtures.path.libvirt.daemons import Daemons

LIBVIRTD, VIRTQEMUD = "usr/sbin/libvirtd", "usr/sbin/virtqemud"
DRIVERS = "usr/lib/x86_64-linux-gnu/libvirt/connection-driver"
ENDS = "sys.exit('cannot initialise the daemon')"
STAYS = """
print(os.getpid(), flush=True)
os.write(info, b'{"child-pid": %d}' % os.getpid())
os.close(info)
"""
HANGS = STAYS + "time.sleep(60)"
DOES_NOT_LISTEN = f"""
{STAYS}
ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ready.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
time.sleep(60)
"""
NEVER_ANSWERS = f"""
import pathlib
listener = socket.socket(socket.AF_UNIX)
listener.bind(str(pathlib.Path(os.environ['NOTIFY_SOCKET']).parent / 'run/libvirt-sock'))
listener.listen()
{DOES_NOT_LISTEN}
"""


@dataclass(frozen=True)
class ScriptedSandbox(Sandbox):
    """Runs a script in Python on the host, whatever program is asked for."""

    script: str = ENDS

    @contextmanager
    def command(
        self,
        argv: Iterable[str],
        *,
        attempt_dir: Path | None = None,
        images: Path | None = None,
        devices: Iterable[Path] = (),
        state: Mapping[str, Path] | None = None,
        capabilities: Collection[str] = (),
        info_fd: int | None = None,
        keeps_network: bool = False,
        pid_namespace: int | None = None,
    ) -> Iterator[Command]:
        """The command line that runs the script; the daemon's directories must be there by now."""
        assert not keeps_network
        assert pid_namespace is None
        assert attempt_dir is not None
        assert images is not None
        assert not list(devices)
        assert set(capabilities) == set(CAPABILITIES)
        assert info_fd is not None
        assert state is not None
        tpms = {tpm_files.LOGS, tpm_files.CONF} if (self.root / "usr/bin/swtpm_setup").exists() else set()
        assert set(state) == {*STATE, *tpms}
        assert all(outside.is_dir() or outside.name == "swtpm-localca.conf" for outside in state.values())
        assert all(outside.exists() for outside in state.values())
        program = f"import os, socket, sys, time\ninfo = {info_fd}\n{self.script}"
        yield Command([sys.executable, "-I", "-c", program, *argv], (info_fd,))


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory with a path short enough for sockets."""
    with attempt_dir() as made:
        yield made


def build_with(root: Path, *files: str, script: str = ENDS) -> Build:
    """A build with only these files in its root."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return Build("new", ScriptedSandbox(root, script=script), {})


def fails_to_start(build: Build, place: Path, label: str = "s1", host_uuid: str | None = None) -> str:
    """The error of a daemon that does not come up."""
    with pytest.raises(RigError) as failed:
        Daemon(build, label, place, host=LOCAL, images=place, host_uuid=host_uuid)
    return str(failed.value)


def test_build_without_libvirt_is_unsupported(tmp_path: Path, place: Path) -> None:
    """Lose this and a build without libvirt looks like one with a broken libvirt."""
    wanted = r"build new has no libvirt \(/usr/sbin/libvirtd or /usr/sbin/virtqemud\)"
    with pytest.raises(Unsupported, match=wanted):
        Daemon(build_with(tmp_path), "s1", place, host=LOCAL, images=place)


def test_daemon_keeps_what_its_tpms_need_in_its_own_directory(tmp_path: Path, place: Path) -> None:
    """Lose this and swtpm_setup cannot write its log or its keys, or two daemons share them."""
    fails_to_start(build_with(tmp_path, LIBVIRTD, "usr/bin/swtpm_setup", tpm_files.CONF[1:]), place)
    conf = (place / "s1/swtpm-localca.conf").read_text().splitlines()
    assert all(line.partition(" = ")[2].startswith("/var/lib/libvirt/") for line in conf)
    assert (place / "s1/log/swtpm").is_dir()
    assert 'swtpm_user = "root"' in (place / "s1/etc/qemu.conf").read_text().splitlines()


@pytest.mark.parametrize("program", [LIBVIRTD, VIRTQEMUD])
def test_daemon_is_configured_by_the_name_of_its_program(program: str, tmp_path: Path, place: Path) -> None:
    """Lose this and a daemon asks for a password, or has the same host UUID as the source."""
    host = str(uuid.uuid4())
    fails_to_start(build_with(tmp_path, program), place, host_uuid=host)
    message = (place / "s1/etc" / f"{Path(program).name}.conf").read_text().splitlines()
    assert f'host_uuid = "{host}"' in message
    assert 'auth_unix_rw = "none"' in message
    assert 'namespaces = []\nuser = "root"' in (place / "s1/etc/qemu.conf").read_text()


def test_each_daemon_is_a_host_of_its_own(tmp_path: Path, place: Path) -> None:
    """Lose this and libvirt refuses every hot patch as a migration within one host."""
    build = build_with(tmp_path, LIBVIRTD)
    for label in ("s1", "d2"):
        fails_to_start(build, place, label)
    message = {(place / label / "etc/libvirtd.conf").read_text() for label in ("s1", "d2")}
    assert len(message) == 2


def test_only_the_driver_of_qemu_is_loaded(tmp_path: Path, place: Path) -> None:
    """Lose this and a daemon ends because its network driver finds no firewall."""
    drivers = [f"{DRIVERS}/libvirt_driver_{name}.so" for name in ("network", "qemu")]
    fails_to_start(build_with(tmp_path, LIBVIRTD, *drivers), place)
    (link,) = (place / "s1/drivers-new").iterdir()
    assert link.readlink() == Path("/", drivers[1])


def test_daemon_that_ends_at_once_is_quoted(tmp_path: Path, place: Path) -> None:
    """Lose this and a user learns that a daemon failed, but not why."""
    said = fails_to_start(build_with(tmp_path, LIBVIRTD), place)
    assert said == "libvirt of new did not come up: cannot initialise the daemon"


@pytest.mark.parametrize(
    "script,why", [(HANGS, "did not come up"), (DOES_NOT_LISTEN, "does not answer: ")], ids=["hangs", "deaf"]
)
def test_daemon_that_cannot_be_used_is_ended(
    script: str, why: str, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a daemon that cannot be reached outlives the run."""
    if script is HANGS:
        monkeypatch.setattr(daemon_module, "START_SECONDS", 0.2)
    said = fails_to_start(build_with(tmp_path, LIBVIRTD, script=script), place)
    assert why in said
    assert not psutil.pid_exists(int((place / "s1/output").read_text()))


def test_daemon_that_never_answers_is_ended_in_time(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a run waits for good for a daemon that hangs: not even pytest's timeout ends it."""
    monkeypatch.setattr(daemon_module, "OPEN_SECONDS", 0.2)
    said = fails_to_start(build_with(tmp_path, LIBVIRTD, script=NEVER_ANSWERS), place)
    assert "libvirt of new on this machine does not answer: it accepted no client within 0.2 s; " in said
    assert not psutil.pid_exists(int((place / "s1/output").read_text()))
    assert "libvirt-open" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The daemons that were started, in order: without a process."""
    made: list[Any] = []

    def start(_build: Build, label: str, _place: Path, **_given: object) -> Any:
        daemon = SimpleNamespace(label=label, alive=True, closed=0, was_updated=False)

        def close() -> None:
            daemon.closed += 1

        daemon.close = close
        made.append(daemon)
        return daemon

    monkeypatch.setattr(daemons_module, "Daemon", start)
    return made


def test_daemon_serves_until_it_dies(started: list[Any], tmp_path: Path) -> None:
    """Lose this and each cell starts daemons of its own, or all that follow a crash fail."""
    daemons, build = Daemons(), Build("new", Sandbox(tmp_path), {})
    first = daemons.of(build, "source", images=tmp_path)
    assert daemons.of(build, "source", images=tmp_path) is first
    started[0].alive = False
    assert daemons.of(build, "source", images=tmp_path) is not first
    daemons.close()
    assert [daemon.closed for daemon in started] == [1, 1]


def test_daemon_that_was_updated_serves_no_other_guest(started: list[Any], tmp_path: Path) -> None:
    """Lose this and guests of the old build start under the new one, which says nothing of the update."""
    daemons, old = Daemons(), Build("old", Sandbox(tmp_path), {})
    daemons.of(old, "source", images=tmp_path)
    started[0].was_updated = True
    assert daemons.of(old, "source", images=tmp_path) is started[1]
    assert started[0].closed == 1
    daemons.close()


def test_both_sides_of_a_control_have_their_own(started: list[Any], tmp_path: Path) -> None:
    """Lose this and libvirt refuses every control, which leaves each failure without blame."""
    daemons, build = Daemons(), Build("old", Sandbox(tmp_path), {})
    source, destination = (daemons.of(build, side, images=tmp_path) for side in ("source", "destination"))
    place = daemons.place
    assert source is not destination
    assert place.is_dir()
    daemons.close()
    assert not place.exists()


def test_flood_of_a_daemon_is_cut(tmp_path: Path, place: Path) -> None:
    """Lose this and a daemon that says megabytes fills the disk and the reason of its cell."""
    floods = "[sys.stderr.write('\\x1b[2J' + 'f' * 1_000_000) for _ in range(30)]\nsys.exit(1)"
    said = fails_to_start(build_with(tmp_path, LIBVIRTD, script=floods), place)
    assert len(said) < 2000
    assert "\x1b" not in said
    assert (place / "s1/output").stat().st_size < 1_000_000


def test_daemons_of_a_private_network_end_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a daemon makes taps in a network that is gone, or ends with another guest's network."""
    made: list[Any] = []

    def start(*_: object, **how: Any) -> Any:
        daemon = SimpleNamespace(alive=True, ended=False, how=how, was_updated=False)
        daemon.close = lambda: setattr(daemon, "ended", True)
        made.append(daemon)
        return daemon

    monkeypatch.setattr(daemons_module, "Daemon", start)
    daemons, build = Daemons(), Build("old", Sandbox(tmp_path), {})
    network, another = (cast("Network", object()) for _ in range(2))
    for each in (None, network, another, network):
        daemons.of(build, "source", images=tmp_path, network=each)
    daemons.leave(network)
    assert [daemon.ended for daemon in made] == [False, True, False]
    usual, private = made[0].how, made[1].how
    assert (usual["network"], usual["devices"], usual["capabilities"]) == (None, (), ())
    assert (private["network"], private["devices"]) == (network, (TUN,))
    assert private["capabilities"] == ("CAP_NET_ADMIN",)
    daemons.close()
    assert [daemon.ended for daemon in made] == [True, True, True]
