# SPDX-License-Identifier: Apache-2.0
"""Is the memory that a source with `release-ram` must give back looked at, and judged?"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import releasing
from fixtures.attempt.releasing import LIMITS, Releasing
from fixtures.evidence.checks import Check
from fixtures.hosts.footprint import Footprint
from fixtures.hosts.resident import Resident
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import MECHANISMS, MigrationAbilities, plan
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.path.qmp.path import QmpPath

SPEC = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", beat_vcpu=0)
TOUCHED = 190
EVENTS = frozenset({"events", "return-path", "postcopy-ram"})


class _Qemu:
    """A QEMU whose RAM shrinks or grows, by what is resident at each look, in MiB."""

    def __init__(self, *mib: int, spec: GuestSpec = SPEC) -> None:
        self._left = list(mib)
        self.spec = spec

    def footprint(self) -> Footprint:
        """The next look."""
        mib = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        return Footprint(0, 0, 0, 0, Resident(mib << 10, {}, ((self.spec.memory_kib, mib << 10),)))


def judged(source: _Qemu, destination: _Qemu, looks: int, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The check after a move in which memory is looked at so often."""
    path = QmpPath(lambda _machine: None)
    path.unfinished = SimpleNamespace(destination=destination)  # type: ignore[assignment]
    figures = {"RAM touched MiB": float(TOUCHED)}
    attempt: Any = SimpleNamespace(path=path, machine=source, figures=figures, record=lambda check: check)
    ends = iter([False] * (looks - 1) + [True])
    monkeypatch.setattr(releasing, "statuses", lambda _side: ["completed"] if next(ends) else [])
    journey: Any = SimpleNamespace(switch_to_postcopy=lambda: None, look=lambda: None)
    made = Releasing(attempt)
    attempt.steered = lambda _limits, steer: steer(journey)
    made.hot_patch()
    return made.source_gave_back()


def test_source_that_gives_back_what_it_sent_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and every build is blamed."""
    check = judged(_Qemu(190, 100, 0), _Qemu(0, 100, 190), 3, monkeypatch)
    assert check
    assert check.detail == (
        "of 190 MiB of RAM that was touched, 0 MiB are left at the source; both together had up to 200 MiB"
    )


def test_source_that_keeps_its_ram_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host without room for guests twice runs out of memory in the middle of an update."""
    check = judged(_Qemu(190), _Qemu(0, 100, 190), 3, monkeypatch)
    assert not check
    assert "190 MiB are left at the source; both together had up to 380 MiB" in check.detail


def test_source_that_gives_back_only_at_the_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the host runs out of memory all the same, since both have all of it for a while."""
    assert not judged(_Qemu(190, 190, 0), _Qemu(0, 190, 190), 3, monkeypatch)


def test_memfd_of_which_the_destination_writes_every_page_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and each build is blamed for what QEMU does to a memfd in every move."""
    spec = replace(SPEC, memory_mib=512, options=GuestOptions(memory=MemoryOptions("memfd")))

    def moved(*source: int) -> Check:
        sides = _Qemu(*source, spec=spec), _Qemu(0, 300, 512, spec=spec)
        return judged(*sides, 3, monkeypatch)

    assert moved(190, 100, 0)
    assert not moved(190)
    assert not moved(190, 190, 33)


def test_memory_that_was_not_seen_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host whose /proc cannot be read makes every build pass."""
    nothing: Any = SimpleNamespace(spec=SPEC, footprint=lambda: None)
    figures: dict[str, float] = {}
    attempt: Any = SimpleNamespace(path=None, machine=nothing, figures=figures, record=lambda check: check)
    assert not Releasing(attempt).source_gave_back()


def test_all_is_sent_after_the_switchover_and_slowly() -> None:
    """Lose this and the source has nothing to give back, or memory is looked at once only."""
    side = MigrationAbilities(EVENTS)
    limited = plan("postcopy-immediate", side, side).limited(LIMITS)
    assert MECHANISMS["postcopy-immediate"].postcopy_pass == 0
    assert "release-ram" in limited.capabilities
    assert limited.bandwidth == 4096
    assert limited.parameters["max-postcopy-bandwidth"] == 64 << 20
