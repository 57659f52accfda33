# SPDX-License-Identifier: Apache-2.0
"""Roots: made once, found again, and not used once somebody changed them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.debian_root import _seal, debian_root
from fixtures.cache import cache_root
from fixtures.errors import UsageError
from fixtures.matrix.schema import DebianBuild

BUILD = DebianBuild(kind="debian", suites=("bookworm",), packages={"seabios": "1.16.2-1"})


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    return cache_root()


def make_root(_name: str, _build: DebianBuild, half: Path, *, strict_pins: bool) -> None:
    """Stands for mmdebstrap."""
    (half / "root/usr/bin").mkdir(parents=True)
    (half / "root/usr/bin/qemu").write_text("qemu")
    (half / "root/link").symlink_to("usr")
    (half / "packages.json").write_text(json.dumps({"notes": ["moved"], "packages": {}}))
    (half / "seal").write_text(_seal(half / "root"))


def test_root_is_made_once_and_found_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and every run downloads its builds again."""
    monkeypatch.setattr("fixtures.builds.debian_root._make", make_root)
    first = debian_root("mine", BUILD, strict_pins=False)
    monkeypatch.delattr("fixtures.builds.debian_root._make")
    # A remark for the reader makes no other root.
    noted = BUILD.model_copy(update={"note": "what it is"})
    assert debian_root("mine", noted, strict_pins=False) == first
    assert first.notes == ("moved",)


def test_strict_pins_hold_for_a_cached_root_too(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and `--strict-pins` passes on a machine that ran without it before."""
    monkeypatch.setattr("fixtures.builds.debian_root._make", make_root)
    with pytest.raises(UsageError, match="moved"):
        debian_root("mine", BUILD, strict_pins=True)


def _grow(root: Path) -> None:
    (root / "usr/bin/qemu").write_text("qemu, patched")


def _touch(root: Path) -> None:
    os.utime(root / "usr/bin/qemu", ns=(1, 1))


def _add(root: Path) -> None:
    (root / "usr/bin/more").touch()


def _remove(root: Path) -> None:
    (root / "usr/bin/qemu").unlink()


def _rename(root: Path) -> None:
    (root / "usr/bin/qemu").rename(root / "usr/bin/qemv")


def _relink(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("elsewhere")


@pytest.mark.parametrize("change", [_grow, _touch, _add, _remove, _rename, _relink])
def test_changed_root_is_not_used(
    change: Callable[[Path], None], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a build that somebody tampered with is qualified under its old name."""
    monkeypatch.setattr("fixtures.builds.debian_root._make", make_root)
    root = debian_root("mine", BUILD, strict_pins=False).root
    change(root)
    with pytest.raises(UsageError, match=r"root of mine was changed after it was made\n.*remove .*made anew"):
        debian_root("mine", BUILD, strict_pins=False)
