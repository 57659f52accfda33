# SPDX-License-Identifier: Apache-2.0
"""How the image of a disk is made, and what is found wrong with one, with a scripted qemu-img."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError, Unsupported
from fixtures.evidence.blocks import BLOCK, block, new_disk
from fixtures.hosts.local import LocalHost
from fixtures.hosts.output import Ran
from fixtures.machine.disk_image import demand_opened, image_faults, make_image, qemu_img
from fixtures.matrix.disks import BASE_IMAGE, DISK, DISK_BLOCKS, DISK_IMAGE, DiskOptions

NEW = new_disk(DISK, DISK_BLOCKS)
CHANGED = block(DISK, 0, 1) + NEW[BLOCK:]
QCOW2 = DiskOptions("qcow2", "virtio-blk")
Script = Callable[[Sequence[str]], Ran]


class _Ended:
    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def end(self, _seconds: float) -> Ran:
        return self._ran


class _Host(LocalHost):
    """This machine, with a scripted qemu-img. What was asked of it is in `asked`."""

    def __init__(self, place: Path, script: Script) -> None:
        self._place, self._script = place, script
        self.asked: list[str] = []

    def ask(
        self, build: Build, argv: Sequence[str], *, attempt_dir: Path, environment: Mapping[str, str]
    ) -> Any:
        assert qemu_img(build) == argv[0]
        assert attempt_dir.is_dir()
        assert not environment
        self.asked.append(" ".join(argv[1:]))
        return _Ended(self._script(argv[1:]))

    def attempt_dir(self, below: Path | None = None) -> AbstractContextManager[Path]:
        return nullcontext(below or self._place)


def _build(root: Path, program: str = "/usr/bin/qemu-img") -> Build:
    file = root / program.removeprefix("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return Build("mine", Sandbox(root), {"x86_64": "/opt/qemu/qemu-system-x86_64"})


def _works(_argv: Sequence[str]) -> Ran:
    return Ran(0, "", "")


def _converts(content: bytes, place: Path, **others: Ran) -> Script:
    """Converts the image to `content`; ends as given where another command is named."""

    def script(argv: Sequence[str]) -> Ran:
        if argv[0] == "convert":
            (place / argv[-1]).write_bytes(content)
        return others.get(argv[0], Ran(0, "", ""))

    return script


def _faults(disk: DiskOptions, place: Path, script: Script) -> str:
    return image_faults(disk, _build(place / "root"), _Host(place, script), place, lambda _number: 0)


@pytest.mark.parametrize("program", ["/usr/bin/qemu-img", "/opt/qemu/qemu-img"])
def test_qemu_img_is_found(program: str, tmp_path: Path) -> None:
    """Lose this and the build of a QEMU tree, or of a package, has no cells about disks."""
    assert qemu_img(_build(tmp_path, program)) == program


def test_build_without_qemu_img_is_unsupported(tmp_path: Path) -> None:
    """Lose this and a root without the package ends in an error."""
    with pytest.raises(Unsupported, match=r"build mine has no qemu-img \(package qemu-utils\)"):
        demand_opened(QCOW2, Build("mine", Sandbox(tmp_path), {}), _Host(tmp_path, _works))


def test_disk_that_a_build_cannot_open_is_unsupported(tmp_path: Path) -> None:
    """Lose this and a host without io_uring blames the update."""
    host = _Host(tmp_path, lambda _argv: Ran(1, "", "failed to init linux io_uring ring"))
    with pytest.raises(Unsupported, match="cache=none and aio=io_uring here: failed to init linux io_uring"):
        demand_opened(DiskOptions("raw", "ahci", aio="io_uring"), _build(tmp_path), host)
    assert "file.aio=io_uring" in host.asked[0]


@pytest.mark.parametrize(
    "format_, asked",
    [("raw", []), ("qcow2", ["convert"]), ("chain", ["create"]), ("bitmap", ["convert", "bitmap"])],
)
def test_image_is_made_once(format_: Any, asked: list[str], tmp_path: Path) -> None:
    """Lose this and the destination makes the image anew under a running guest."""
    host, build = _Host(tmp_path, _works), _build(tmp_path / "root")
    disk = DiskOptions(format_, "virtio-blk")
    make_image(disk, build, host, tmp_path)
    assert [said.split()[0] for said in host.asked] == asked
    assert (tmp_path / (DISK_IMAGE if disk.is_raw else BASE_IMAGE)).read_bytes() == NEW
    (tmp_path / DISK_IMAGE).write_bytes(b"x")
    make_image(disk, build, host, tmp_path)
    assert len(host.asked) == len(asked)


def test_image_that_cannot_be_made_is_an_error_of_the_rig(tmp_path: Path) -> None:
    """Lose this and the guest fails to start, which says nothing."""
    host = _Host(tmp_path, lambda _argv: Ran(1, "", "No space left on device"))
    with pytest.raises(RigError, match="qemu-img convert ends with 1: No space left"):
        make_image(QCOW2, _build(tmp_path / "root"), host, tmp_path)


def test_whole_images_have_no_fault(tmp_path: Path) -> None:
    """Lose this and each guest's image counts as damaged."""
    (tmp_path / DISK_IMAGE).write_bytes(NEW)
    assert _faults(DiskOptions("raw", "ahci"), tmp_path, _works) == ""
    assert _faults(QCOW2, tmp_path, _converts(NEW, tmp_path)) == ""


def test_damage_of_images_is_found(tmp_path: Path) -> None:
    """Lose this and an image whose guest lost a write, or with a wrong refcount, passes."""
    corrupt = Ran(2, "1 errors were found on the image.", "ERROR cluster 3 refcount=0 reference=1")
    (tmp_path / DISK_IMAGE).write_bytes(CHANGED)
    assert _faults(DiskOptions("raw", "ahci"), tmp_path, _works) == "block 0: lap 1, not 0"
    assert _faults(QCOW2, tmp_path, _converts(CHANGED, tmp_path)) == "block 0: lap 1, not 0"
    said = _faults(QCOW2, tmp_path, _converts(NEW, tmp_path, check=corrupt))
    assert said.startswith("qemu-img check ends with 2: ERROR cluster 3 refcount=0 reference=1")
    said = _faults(QCOW2, tmp_path, _converts(NEW, tmp_path, convert=Ran(1, "", "broken")))
    assert said == "qemu-img convert ends with 1: broken"


def test_image_below_must_not_change(tmp_path: Path) -> None:
    """Lose this and a guest that writes into the image of all other guests passes."""
    (tmp_path / BASE_IMAGE).write_bytes(CHANGED)
    chain = DiskOptions("chain", "virtio-blk")
    assert _faults(chain, tmp_path, _converts(NEW, tmp_path)) == "the image below: block 0: lap 1, not 0"


@pytest.mark.parametrize(
    "bitmaps, said",
    [
        ([{"name": "changes", "flags": ["auto"]}], ""),
        ([{"name": "changes", "flags": ["auto", "in-use"]}], "its dirty bitmap is inconsistent"),
        ([], "its dirty bitmap is gone"),
    ],
)
def test_bitmap_in_the_image_is_looked_at(bitmaps: list[object], said: str, tmp_path: Path) -> None:
    """Lose this and the next incremental backup of the guest lacks what was written."""
    info = json.dumps({"format-specific": {"data": {"bitmaps": bitmaps}}})
    disk = DiskOptions("bitmap", "ahci")
    assert _faults(disk, tmp_path, _converts(NEW, tmp_path, info=Ran(0, info, ""))) == said
