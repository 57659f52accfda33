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
from fixtures.matrix.promises import Promise, promised

THINGS: dict[Arch, tuple[PlugName, ...]] = {
    "x86_64": ("disk", "nic", "vcpu", "dimm"),
    "ppc64le": ("disk", "vcpu", "dimm"),
}
EVERYTHING = "everything"
"""All of x86_64's in one guest, one after another."""
PATHS: tuple[PathName, ...] = ("qmp", "libvirt")
BEFORE, AFTER, AGAIN, BY_SCRIPT = "plugged-before", "plugged-after", "plugged-again", "plugged-by-script"


def _promise(story: str, thing: str, arch: Arch, path: PathName, *, default: bool = False) -> Promise:
    """One thing.

    RAM whose size is a multiple of 256 KiB loses pages under TCG before QEMU 9.0, unless postcopy begins at
    once: all RAM of pseries, and that of libvirt's guests with slots for memory.
    """
    things = _things(thing)
    memory = bool({"dimm", "virtio-mem"}.intersection(things))
    round_memory = arch == "ppc64le" or (path != "qmp" and memory)
    return Promise(
        f"{story}-{thing}",
        path=path,
        mechanism="postcopy-immediate" if round_memory else "precopy",
        version="newest-old",
        default_on=(arch,) if default else (),
        only=arch,
        options=GuestOptions(room=Room(things.count("vcpu"), memory, story == BY_SCRIPT)),
    )


def _things(name: str) -> list[PlugName]:
    """What the guest of an aspect with this name gets."""
    every: list[PlugName] = [*THINGS["x86_64"], "virtio-mem"]
    return [each for each in every if name == each or (name == EVERYTHING and each != "virtio-mem")]


def _of_cell(cell: Cell) -> list[PlugName]:
    return next(
        found
        for name in (*THINGS["x86_64"], "virtio-mem", EVERYTHING)
        if cell.aspect.endswith(f"-{name}") and (found := _things(name))
    )


def _each(story: str) -> Iterator[Promise]:
    for arch, names in THINGS.items():
        yield from (_promise(story, name, arch, path) for name in names for path in PATHS)


@promised([*_each(BEFORE), _promise(BEFORE, "virtio-mem", "x86_64", "qmp")])
@promised(_promise(BEFORE, EVERYTHING, "x86_64", path) for path in PATHS)
@promised(_promise(BY_SCRIPT, name, arch, "qmp") for arch in THINGS for name in ("vcpu", "dimm"))
def test_what_was_plugged_moves_along_and_can_be_unplugged(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs
) -> None:
    """Lose this and a guest that has grown since its start is lost to the update, or can no longer shrink."""
    for port, name in enumerate(_of_cell(cell), start=1):
        assert plugs.adds(name, port)
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.removes_all()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()


@promised(_each(AFTER))
def test_moved_guest_takes_what_is_plugged_and_moves_on_with_it(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs, later: LaterMoves
) -> None:
    """Lose this and a guest cannot grow after an update, or is lost to the next one if it has grown."""
    guest.works()
    assert hot_patch().runs_on_new_build
    for name in _of_cell(cell):
        assert plugs.adds(name)
    assert later.again().runs_on_new_build
    assert examined(guest)
    assert plugs.keeps()
    assert plugs.removes_all()


@promised(_each(AGAIN))
def test_place_that_was_left_is_taken_again(
    cell: Cell, guest: Guest, hot_patch: HotPatch, plugs: Plugs
) -> None:
    """Lose this and a place is lost with the first thing that was in it, or the next one is elsewhere."""
    (name,) = _of_cell(cell)
    assert plugs.adds(name)
    assert plugs.removes()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert plugs.adds(name)
    assert plugs.removes()
    assert plugs.adds(name)
    assert guest.kernel_log_is_clean()


def _port_used_twice(path: PathName) -> Promise:
    return _promise("port-used-twice", EVERYTHING, "x86_64", path)


@promised(_port_used_twice(path) for path in PATHS)
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
