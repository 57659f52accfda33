# SPDX-License-Identifier: Apache-2.0
"""Roots: made once, found again, and not used once somebody changed them."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.apt_failures import MIRROR_VARIABLE
from fixtures.builds.debian_root import LACK_SECONDS, debian_root, seal_of, whole_root
from fixtures.cache import cache_root
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.names import HostArch

BUILD = DebianBuild(
    kind="debian", suites=("bookworm",), packages={"seabios": "1.16.2-1", "qemu-system-ppc": "1:7.2-1"}
)


@pytest.fixture
def cache(machine_of_x86_64: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, on a machine of x86_64."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(MIRROR_VARIABLE, "http://mirror.example/debian")
    return cache_root()


def make_root(_name: str, _build: DebianBuild, half: Path, *, host_arch: HostArch, strict_pins: bool) -> None:
    """Stands for mmdebstrap."""
    (half / "root/usr/bin").mkdir(parents=True)
    (half / "root/usr/bin/qemu").write_text("qemu")
    (half / "root/link").symlink_to("usr")
    (half / "packages.json").write_text(json.dumps({"notes": ["moved"], "packages": {}}))
    (half / "seal").write_text(seal_of(half / "root"))


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


def test_roots_of_two_architectures_are_apart(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a POWER host is given programs for x86_64, or every cached root is made anew."""
    monkeypatch.setattr("fixtures.builds.debian_root._make", make_root)
    places = [
        debian_root("mine", BUILD, host_arch=host_arch, strict_pins=False).root.parent.name
        for host_arch in ("amd64", "ppc64el")
    ]
    assert places == ["mine-245f04370660", "mine-ppc64el-843a6045ab1b"]


def test_each_architecture_has_its_own_lock(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and packages of POWER hosts are compared with those for amd64, or with none."""
    compared: list[str] = []

    def check(entry: str, *_: object, **__: object) -> tuple[str, ...]:
        compared.append(entry)
        return ()

    monkeypatch.setattr("fixtures.builds.debian_root._make", make_root)
    monkeypatch.setattr("fixtures.builds.debian_root.check_against_lock", check)
    debian_root("mine", BUILD, host_arch="ppc64el", strict_pins=False)
    debian_root("mine", BUILD, strict_pins=False)
    assert compared == ["mine:ppc64el", "mine"]


def test_lack_is_remembered_for_a_while(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and every cell downloads again what the archive does not have."""
    tried = []

    def lack(name: str, *_: object, **__: object) -> None:
        tried.append(name)
        raise Unsupported("the archive lacks zlib1g")

    def ask(*, ask_again: bool = False) -> int:
        with pytest.raises(Unsupported, match="the archive lacks zlib1g"):
            whole_root("mine", BUILD, host_arch="ppc64el", strict_pins=False, ask_again=ask_again)
        return len(tried)

    monkeypatch.setattr("fixtures.builds.debian_root._make", lack)
    assert [ask(), ask(), ask(ask_again=True)] == [1, 1, 2]
    (note,) = (cache / "builds").glob(".mine-ppc64el-*.lack-*")
    long_ago = time.time() - LACK_SECONDS - 1
    os.utime(note, (long_ago, long_ago))
    assert ask() == 3
    monkeypatch.setenv(MIRROR_VARIABLE, "http://other.example/debian")
    assert ask() == 4


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
