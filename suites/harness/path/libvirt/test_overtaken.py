# SPDX-License-Identifier: Apache-2.0
"""What libvirt must say of a guest that panics, as the suite judges it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.guest import seen
from fixtures.path.libvirt.overtaken import reported_panic

MOVED = ["started migrated", "resumed migrated", "reboot "]
CRASHED = ["started migrated", "crashed panicked", "stopped crashed"]


def _domain(side: str, lifecycle: list[str], *, qemu: bool = False) -> Any:
    daemon = SimpleNamespace(qemus=lambda _name: ["a process"] if qemu else [])
    state = "running migrated"
    return SimpleNamespace(
        side=side, name="guest", daemon=daemon, lifecycle=lambda: lifecycle, state=lambda: state
    )


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "SEEN_SECONDS", 0.0)


def test_panic_that_either_side_reports_passes() -> None:
    """Lose this and each guest that panics counts against a libvirt that does its part."""
    assert reported_panic([_domain("source", ["stopped migrated"]), _domain("destination", CRASHED)])


@pytest.mark.parametrize(
    "lifecycle, qemu, message, what",
    [
        (MOVED, True, "destination: started migrated, resumed migrated", "libvirt says nothing"),
        (MOVED, False, "libvirt reports no panic", "libvirt says nothing"),
        ([], False, "destination: nothing", "libvirt says nothing"),
        (CRASHED, True, "the destination is running migrated", "on_crash is not carried out"),
    ],
)
def test_panic_without_a_word_or_an_end_fails(
    lifecycle: list[str], qemu: bool, message: str, what: str
) -> None:
    """Lose this and nobody learns that libvirt forgets a panic, or lets such a guest run on."""
    source = _domain("source", ["suspended migrated", "stopped migrated"])
    check = reported_panic([source, _domain("destination", lifecycle, qemu=qemu)])
    assert (check.held, check.what) == (False, what)
    assert message in check.detail
