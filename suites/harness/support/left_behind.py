# SPDX-License-Identifier: Apache-2.0
"""What a run has of this machine while it goes on, and what of that is still there once it was killed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import finalize

import psutil

from fixtures.hosts.memory_bound import PREFIX, TOP
from fixtures.temporary import JANITOR

NAMESPACES = ("net", "mnt", "pid", "user")


@dataclass(frozen=True)
class Holdings:
    """What a run has of this machine, beside its processes."""

    directories: frozenset[Path]
    """Its temporary directories, with all sockets and files in them."""
    groups: frozenset[Path]
    """Control groups in which nothing but the run is."""
    namespaces: frozenset[str]
    """Namespaces of its own, as `net:[4026532281]`."""

    @classmethod
    def of(cls, processes: Sequence[psutil.Process]) -> Holdings:
        """What the run has that consists of these processes."""
        pids = [process.pid for process in processes]
        spaces = frozenset(space for pid in pids for space in _namespaces(pid)) - {*_namespaces(os.getpid())}
        found = cls(
            frozenset(place for process in processes for place in _janitors_place(process)),
            frozenset(group for pid in pids for group in _groups(pid)),
            spaces,
        )
        finalize(found, _close, [*_opened(pids, spaces)])
        return found

    def left(self) -> list[str]:
        """What of it is there now, in words."""
        return [
            *(f"the directory {each}" for each in self.directories if each.exists()),
            *(f"the control group {each}" for each in self.groups if each.exists()),
            *(f"a process in the namespace {each}" for each in self._entered()),
            *self._named_in("mount", Path("/proc/self/mountinfo")),
            *self._named_in("socket", Path("/proc/net/unix")),
        ]

    def _entered(self) -> list[str]:
        """The namespaces in which a process of this machine still is."""
        pids = psutil.pids()
        return sorted(self.namespaces & {space for pid in pids for space in _namespaces(pid)})

    def _named_in(self, what: str, table: Path) -> Iterator[str]:
        """The lines of a table of the kernel that name a directory or a namespace of the run."""
        words = [*map(str, self.directories), *self.namespaces]
        for line in table.read_text(errors="replace").splitlines():
            if any(word in line for word in words):
                yield f"the {what} {line}"


def _janitors_place(process: psutil.Process) -> Iterator[Path]:
    with suppress(psutil.NoSuchProcess):
        line = process.cmdline()
        if JANITOR in line:
            yield Path(line[-1])


def _groups(pid: int) -> Iterator[Path]:
    """The control groups of a process in which this one is not, and those that it has made for others."""
    for place in (TOP, TOP / "memory"):
        yield from place.glob(f"{PREFIX}{pid}-*")
    for line in _memberships(pid) - _memberships(os.getpid()):
        _number, controllers, path = line.split(":", 2)
        for hierarchy in (TOP, TOP / "unified", TOP / controllers.removeprefix("name=")):
            group = hierarchy / path.lstrip("/")
            if group != hierarchy and group.is_dir():
                yield group


def _memberships(pid: int) -> set[str]:
    with suppress(OSError):
        return set(Path(f"/proc/{pid}/cgroup").read_text().splitlines())
    return set()


def _opened(pids: Iterable[int], spaces: Collection[str]) -> Iterator[int]:
    """Descriptors of these namespaces: an open one keeps its number, which others would get otherwise."""
    for pid in pids:
        for kind in NAMESPACES:
            with suppress(OSError):
                place = Path(f"/proc/{pid}/ns/{kind}")
                if str(place.readlink()) in spaces:
                    yield os.open(place, os.O_RDONLY | os.O_CLOEXEC)


def _close(descriptors: Iterable[int]) -> None:
    for each in descriptors:
        os.close(each)


def _namespaces(pid: int) -> Iterator[str]:
    for kind in NAMESPACES:
        with suppress(OSError):
            yield str(Path(f"/proc/{pid}/ns/{kind}").readlink())
