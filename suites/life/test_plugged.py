# SPDX-License-Identifier: Apache-2.0
"""Does a guest keep what was plugged into it before its move, and can things come and go after it?

The destination must be started with all that the guest has now, each device at its place, as libvirt does it.
"""

from collections.abc import Iterator

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.later_moves import LaterMoves
from fixtures.attempt.plugs import Plugs
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import Arch, PathName
from fixtures.matrix.plugs import PlugName, Room
from fixtures.matrix.promises import KVM_ASPECT, Promise, promised

THINGS: dict[str, tuple[PlugName, ...]] = {
    "disk": ("disk",),
    "nic": ("nic",),
    "vcpu": ("vcpu",),
    "dimm": ("dimm",),
    "virtio-mem": ("virtio-mem",),
    "everything": ("disk", "nic", "vcpu", "dimm"),
    "twice": ("disk", "nic"),
}
"""What is plugged, by the end of an aspect."""
OF_ARCH: dict[Arch, tuple[str, ...]] = {
    "x86_64": ("disk", "nic", "dimm"),
    "ppc64le": ("disk", "vcpu", "dimm"),
}
"""What is plugged alone. No vCPU of x86_64 is unplugged under TCG, so that such cells need KVM; POWER guests
with two vCPUs do not run under TCG anyway."""
PATHS: tuple[PathName, ...] = ("qmp", "libvirt")
BEFORE, AFTER, AGAIN, BY_SCRIPT, PORT, GIVEN_UP = (
    "plugged-before",
    "plugged-after",
    "plugged-again",
    "plugged-scripted",
    "port-used",
    "unplugged-before",
)
BY_DEFAULT = (BEFORE, "everything", "qmp")
"""The story, the thing and the path that are in the default run."""
AT_NIGHT: frozenset[tuple[str, str, PathName]] = frozenset(
    {
        (BEFORE, "everything", "libvirt"),
        (AFTER, "disk", "qmp"),
        (AFTER, "nic", "libvirt"),
        (AFTER, "dimm", "qmp"),
        (AFTER, "virtio-mem", "libvirt"),
        (AGAIN, "dimm", "libvirt"),
        (BY_SCRIPT, "vcpu", "qmp"),
        (GIVEN_UP, "disk", "qmp"),
        (GIVEN_UP, "disk", "libvirt"),
        (PORT, "twice", "qmp"),
        (PORT, "twice", "libvirt"),
    }
)
"""Those of each night, on x86_64: each story and each kind of thing once.

Not virtio-mem that was plugged before: QEMU 10.0 changes its features (docs/triage.md). And no DIMM by a
script, which no build takes (docs/verdict.md, "What is plugged in").
"""


def _promise(story: str, thing: str, arch: Arch, path: PathName, *, kvm: bool = False) -> Promise:
    """One story of one thing.

    Under TCG QEMU loses pages of plugged memory (docs/verdict.md, "Without KVM"), and before 9.0 those of all
    RAM of pseries. Not so if postcopy begins at once. What needs KVM is moved by precopy.
    """
    at_night = arch == "x86_64" and not kvm and (story, thing, path) in AT_NIGHT
    memory = bool({"dimm", "virtio-mem"}.intersection(THINGS[thing]))
    loses_pages = not kvm and (memory or arch == "ppc64le")
    return Promise(
        f"{KVM_ASPECT if kvm else ''}{story}-{thing}",
        path=path,
        mechanism="postcopy-immediate" if loses_pages else "precopy",
        version="newest-old",
        default_on=(arch,) if (story, thing, path) == BY_DEFAULT and not kvm else (),
        nightly_on=(arch,) if at_night else (),
        only=arch,
        needs_kvm=kvm,
        options=GuestOptions(
            room=Room(
                THINGS[thing].count("vcpu"),
                memory,
                disk_at_start=story == GIVEN_UP,
                by_script=story == BY_SCRIPT,
            )
        ),
    )


def _each(story: str) -> Iterator[Promise]:
    for arch, names in OF_ARCH.items():
        yield from (_promise(story, name, arch, path) for name in names for path in PATHS)


def _of(cell: Cell) -> tuple[PlugName, ...]:
    """What is plugged in the story of this cell."""
    return THINGS[cell.aspect.removeprefix(KVM_ASPECT).split("-", 2)[2]]


def _x86(story: str, thing: str, *, kvm: bool = False) -> list[Promise]:
    return [_promise(story, thing, "x86_64", path, kvm=kvm) for path in PATHS]


@promised([*_each(BEFORE), *_x86(BEFORE, "virtio-mem")])
@promised([*_x86(BEFORE, "everything"), *_x86(BEFORE, "vcpu")])
@promised([*_x86(BEFORE, "vcpu", kvm=True), *_x86(BEFORE, "everything", kvm=True)])
@promised(_promise(BY_SCRIPT, name, arch, "qmp") for arch in OF_ARCH for name in ("vcpu", "dimm"))
def test_what_was_plugged_moves_along_and_can_be_unplugged(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs
) -> None:
    """Lose this and a guest that has grown since its start is lost to the update, or can no longer shrink."""
    for port, name in enumerate(_of(cell), start=1):
        assert plugs.adds(name, port)
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.removes_all()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()


@promised([*_each(AFTER), *_x86(AFTER, "vcpu"), *_x86(AFTER, "virtio-mem")])
def test_moved_guest_takes_what_is_plugged_and_moves_on_with_it(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs, later: LaterMoves
) -> None:
    """Lose this and a guest cannot grow after an update, or is lost to the next one if it has grown."""
    guest.works()
    assert hot_patch().runs_on_new_build
    for name in _of(cell):
        assert plugs.adds(name)
    assert later.again().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.removes_all()


@promised([*_each(AGAIN), *_x86(AGAIN, "vcpu", kvm=True)])
def test_place_that_was_left_is_taken_again(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs
) -> None:
    """Lose this and a place is lost with the first thing that was in it, or the next one is elsewhere."""
    (name,) = _of(cell)
    assert plugs.adds(name)
    assert plugs.removes()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.adds(name)
    assert plugs.removes()
    assert plugs.adds(name)
    assert guest.kernel_log_is_clean()


@promised(_x86(PORT, "twice"))
def test_root_port_serves_another_device(guest: Guest, hot_patch: HotPatch, plugs: Plugs) -> None:
    """Lose this and the second device in a root port is the first one to the guest, or none."""
    assert plugs.adds("disk")
    assert plugs.removes()
    assert plugs.adds("nic")
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.removes()
    assert plugs.adds("disk")
    assert plugs.keeps()
    assert guest.kernel_log_is_clean()


@promised(_x86(GIVEN_UP, "disk"))
def test_what_was_unplugged_before_the_move_stays_away(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs
) -> None:
    """Lose this and a guest that gave up a device before the update is lost, or finds it there again."""
    (name,) = _of(cell)
    assert plugs.gives_up(name)
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.adds(name)
    assert plugs.removes()
    assert guest.kernel_log_is_clean()
