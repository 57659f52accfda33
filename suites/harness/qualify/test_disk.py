# SPDX-License-Identifier: Apache-2.0
"""Guests whose disk needs something of the host."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import Unsupported
from fixtures.matrix.guest_devices import driven
from fixtures.qualify.disk import demand_disks

DIRECT = driven(["virtio-disk-direct"])


def venue(place: Path, kind: str = "local") -> Any:
    """Where a guest has its directory in `place`."""

    @contextmanager
    def attempt_dir() -> Iterator[Path]:
        yield place

    return SimpleNamespace(programs=SimpleNamespace(kind=kind, attempt_dir=attempt_dir))


def refuses_direct(path: Path, flags: int, mode: int = 0o777) -> int:
    """open(2) on a file system without O_DIRECT."""
    if flags & os.O_DIRECT:
        raise OSError(errno.EINVAL, "Invalid argument")
    raise AssertionError(f"{path} was opened with {flags:#x} and {mode:#o}")


def test_disk_past_the_page_cache_needs_a_file_system_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and QEMU starts no such guest on a tmpfs, and the builds are blamed."""
    monkeypatch.setattr(os, "open", refuses_direct)
    with pytest.raises(
        Unsupported, match=f"virtio-disk-direct needs O_DIRECT, which .* {tmp_path.parent} lacks"
    ):
        demand_disks(None, DIRECT, venue(tmp_path))
    demand_disks(None, driven(["virtio-disk"]), venue(tmp_path))


def test_disk_past_the_page_cache_runs_where_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and Nova's guests are unsupported everywhere."""
    monkeypatch.setattr(os, "open", lambda _file, flags, _mode: os.dup(0) if flags & os.O_DIRECT else -1)
    demand_disks(None, DIRECT, venue(tmp_path))


def test_emulated_host_has_no_such_disk(tmp_path: Path) -> None:
    """Lose this and QEMU starts no such guest there, and the builds are blamed."""
    with pytest.raises(Unsupported, match="which the file system of an emulated host lacks"):
        demand_disks(None, DIRECT, venue(tmp_path, "emulated"))
