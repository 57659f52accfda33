# SPDX-License-Identifier: Apache-2.0
"""Each check of what is plugged holds if the guest gets and keeps it, and fails otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import plugs as attempt_plugs
from fixtures.attempt.plugs import Plugs
from fixtures.errors import Unsupported
from fixtures.evidence.checks import CheckRecord
from fixtures.guest import plugged
from fixtures.machine.management import ActFailed
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import Arch
from fixtures.matrix.plugs import DIMM_MIB, Plugged, PlugName, Room

EVERYTHING: tuple[PlugName, ...] = ("disk", "nic", "vcpu", "dimm")
ROOM = GuestOptions(room=Room(vcpus=1, memory=True))


@dataclass
class ScriptedGuest:
    """The guest, its agent and what plugs things into it, in one."""

    arch: Arch = "x86_64"
    pci: dict[str, str] = field(default_factory=lambda: {"0000:00:01.0": "pcieport"})
    online: int = 1
    memory_kib: int = 200 << 10
    last_bus: int = 0
    works: str = "ok"
    deaf: bool = False
    """Does nothing that is asked have an effect?"""
    loses_all: bool = False
    """Does the guest lose all that it has when one thing is unplugged?"""
    refuses: bool = False

    def plug(self, name: PlugName, port: int) -> Plugged:
        """As :meth:`fixtures.machine.plugging.Plugging.plug`."""
        self._act(name, +1, port + self.last_bus)
        return Plugged(name, ("-device", name))

    def unplug(self, name: PlugName) -> None:
        """As :meth:`fixtures.machine.plugging.Plugging.unplug`."""
        self._act(name, -1, 0)

    def _act(self, name: PlugName, change: int, bus: int) -> None:
        if self.refuses:
            raise ActFailed("QEMU refuses it")
        if self.loses_all:
            self.pci.clear()
        if self.deaf:
            return
        if name == "vcpu":
            self.online += change
        elif name in {"dimm", "virtio-mem"}:
            self.memory_kib += change * DIMM_MIB[self.arch] << 10
        elif change > 0:
            self.pci[f"0000:{bus:02x}:00.0"] = "virtio-pci"
        else:
            self.pci.popitem()

    def ask(self, command: str, **arguments: Any) -> Mapping[str, str]:
        """As the agent answers."""
        if command == "bus":
            return self.pci
        if command == "observe":
            return {"memory_kib": str(self.memory_kib)}
        if command == "vcpu" and "number" not in arguments:
            return {"online": "0" if self.online == 1 else f"0-{self.online - 1}"}
        missing = command == "vcpu" and arguments["number"] >= self.online
        return {"result": "no such vCPU" if missing else self.works}


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> ScriptedGuest:
    """A guest that gets what is plugged. Nothing waits for what does not come."""
    scripted = ScriptedGuest()
    monkeypatch.setattr(plugged, "APPEAR_SECONDS", 0.0)
    monkeypatch.setattr(attempt_plugs, "plugging_of", lambda _machine: scripted)
    return scripted


def attempt(guest: ScriptedGuest, accelerator: str = "kvm") -> Any:
    """Its attempt, in which a move has begun."""
    spec = GuestSpec(guest.arch, "pc-q35-7.2", 1, "idle", "bare", 0, options=ROOM)
    record = CheckRecord()
    machine = SimpleNamespace(build=SimpleNamespace(name="old"))
    return SimpleNamespace(
        guest=SimpleNamespace(spec=spec, agent=guest, machine=machine),
        setting=SimpleNamespace(spec=spec, host=SimpleNamespace(accelerator=accelerator)),
        began=True,
        record=record.record,
    )


def test_all_that_comes_stays_and_goes_passes(guest: ScriptedGuest) -> None:
    """Lose this and every build is blamed."""
    made = attempt(guest)
    plugs = Plugs(made)
    assert all(plugs.adds(name, port) for port, name in enumerate(EVERYTHING, start=1))
    assert plugs.keeps()
    assert [each.name for each in made.guest.spec.plugged] == [*EVERYTHING]
    assert plugs.removes_all()
    assert made.guest.spec.plugged == ()


def test_device_that_the_guest_gives_back_is_found(guest: ScriptedGuest) -> None:
    """Lose this and a disk that is gone after 5 s counts as plugged, and its loss is the update's fault."""
    made = attempt(guest)
    made.guest.spec = replace(made.guest.spec, machine_type="pc-q35-5.2")
    made.guest.beats_arrive = lambda _wanted: guest.pci.popitem()
    check = Plugs(made).adds("disk")
    assert not check
    assert "0000:01:00.0" in check.detail


def test_device_that_is_given_up_is_gone_and_can_come_again(guest: ScriptedGuest) -> None:
    """Lose this and each guest counts against the update that has given up a device."""
    guest.pci["0000:01:00.0"] = "virtio-pci"
    plugs = Plugs(attempt(guest))
    assert plugs.gives_up("disk")
    assert plugs.keeps()
    assert plugs.adds("disk")
    assert plugs.removes()


def test_device_that_comes_back_by_the_move_is_found(guest: ScriptedGuest) -> None:
    """Lose this and a guest finds a device that it gave up, and passes."""
    guest.pci["0000:01:00.0"] = "virtio-pci"
    plugs = Plugs(attempt(guest))
    plugs.gives_up("disk")
    guest.pci["0000:01:00.0"] = "virtio-pci"
    assert not plugs.keeps()


@pytest.mark.parametrize("others", [{}, {"0000:01:00.0": "virtio-pci", "0000:02:00.0": "virtio-pci"}])
def test_device_that_is_not_given_up_is_found(guest: ScriptedGuest, others: dict[str, str]) -> None:
    """Lose this and a guest that keeps its device, or loses another one too, passes."""
    guest.pci |= others
    guest.deaf = True
    guest.loses_all = bool(others)
    assert not Plugs(attempt(guest)).gives_up("disk")


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_never_comes_fails(guest: ScriptedGuest, name: PlugName) -> None:
    """Lose this and a guest that does not see a new device, vCPU or DIMM passes."""
    guest.deaf = True
    check = Plugs(attempt(guest)).adds(name)
    assert (check.name, check.held, check.what) == ("plug", False, name)


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_never_goes_fails(guest: ScriptedGuest, name: PlugName) -> None:
    """Lose this and a guest that keeps what was taken from it passes."""
    plugs = Plugs(attempt(guest))
    assert plugs.adds(name)
    guest.deaf = True
    assert not plugs.removes()


def test_disk_that_does_not_work_fails(guest: ScriptedGuest) -> None:
    """Lose this and a disk that is there and answers nothing passes."""
    guest.works = "read at 0: Input/output error"
    check = Plugs(attempt(guest)).adds("disk")
    assert (check.held, check.detail) == (False, "disk: read at 0: Input/output error")


def test_second_device_elsewhere_fails(guest: ScriptedGuest) -> None:
    """Lose this and a device that comes back at another address passes."""
    plugs = Plugs(attempt(guest))
    assert plugs.adds("disk")
    assert plugs.removes()
    guest.last_bus = 1
    check = plugs.adds("disk")
    assert check.detail == "disk: pci: 0000:01:00.0 is gone, 0000:02:00.0 (virtio-pci) is new"


@pytest.mark.parametrize(
    "change,words",
    [
        (
            {"pci": {"0000:00:01.0": "pcieport", "0000:01:00.0": "none"}},
            "the driver none, not virtio-pci",
        ),
        ({"online": 1}, "vCPUs 0-1 were online, now 0"),
        ({"memory_kib": 0}, "MemTotal was 328 MiB, now 0 MiB"),
        ({"works": "no end within 15000 ms"}, "no end within 15000 ms"),
    ],
)
def test_what_differs_after_the_move_fails(guest: ScriptedGuest, change: dict[str, Any], words: str) -> None:
    """Lose this and a guest that lost a part of what was plugged passes."""
    plugs = Plugs(attempt(guest))
    for name in ("disk", "vcpu", "dimm"):
        assert plugs.adds(name)
    vars(guest).update(change)
    check = plugs.keeps()
    assert check.name == "plugged"
    assert words in check.detail


def test_build_that_cannot_plug_before_any_move_is_not_blamed(guest: ScriptedGuest) -> None:
    """Lose this and the update is blamed for what the old build never could."""
    made = attempt(guest)
    made.began = False
    guest.refuses = True
    with pytest.raises(Unsupported, match="old cannot plug and unplug a nic before any move: QEMU"):
        Plugs(made).adds("nic")


def test_vcpu_stays_plugged_under_tcg(guest: ScriptedGuest) -> None:
    """Lose this and builds are blamed for what TCG breaks when a vCPU is unplugged."""
    plugs = Plugs(attempt(guest, accelerator="tcg"))
    assert plugs.adds("disk")
    assert plugs.adds("vcpu")
    assert plugs.removes().detail.startswith("vcpu: left out")
    assert plugs.removes()
    assert guest.online == 2


@pytest.fixture
def spec(pages_of_4_kib: None) -> GuestSpec:
    """A guest with room, into which a vCPU and a DIMM were plugged."""
    plugged_things = tuple(Plugged(name, ("-device", name)) for name in ("vcpu", "dimm"))
    return GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=ROOM, plugged=plugged_things)


def test_destination_has_what_was_plugged_as_devices(spec: GuestSpec) -> None:
    """Lose this and the destination lacks what libvirt would give it."""
    assert (spec.smp, spec.memory_argument) == ("1,maxcpus=2", "262152K,slots=2,maxmem=655360K")
    assert spec.plugged_arguments == ["-device", "vcpu", "-device", "dimm"]


def test_script_starts_a_larger_machine(spec: GuestSpec) -> None:
    """Lose this and nobody knows what QEMU does with the command line of a simple script."""
    by_script = GuestSpec(**vars(spec) | {"options": GuestOptions(room=Room(1, True, by_script=True))})
    assert (by_script.smp, by_script.memory_argument) == ("2,maxcpus=2", "393224K,slots=2,maxmem=655360K")
    assert by_script.plugged_arguments == []


def test_limit_of_two_vcpus_concerns_a_guest_that_gets_a_second_one(spec: GuestSpec) -> None:
    """Lose this and TCG breaks guests of POWER to which a vCPU is plugged, and the update is blamed."""
    assert spec.most_vcpus == 2
