# SPDX-License-Identifier: Apache-2.0
"""Must a guest prove that its processor is the same, and when does it fill all registers for that?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import managed
from fixtures.attempt.attempt import Attempt
from fixtures.errors import HotPatchFailure
from fixtures.evidence.checks import Check

LOST = Check("registers", False, "xmm0 of vCPU 1 was 01 and is 00", "xmm0 of vCPU 1")
MACHINE = SimpleNamespace(build=SimpleNamespace(name="a build"), marks=lambda **_since: [])
MOVE: Any = SimpleNamespace(
    mechanism="precopy", source=MACHINE, destination=MACHINE, started=0.0, ended=1.0, samples=[], checks=[]
)


def test_lost_register_fails_a_hot_patch() -> None:
    """Lose this and a guest passes although its vector registers were damaged by the move."""
    attempt = Attempt(setting=None)  # type: ignore[arg-type]
    attempt.guest = living_guest(LOST)
    with pytest.raises(HotPatchFailure, match="xmm0 of vCPU 1"):
        attempt.proved(None, MOVE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arch,accelerator,old,spins",
    [
        ("x86_64", "tcg", "7.2.22", True),
        ("ppc64le", "tcg", "7.2.22", False),
        ("ppc64le", "tcg", "10.0.13", True),
        ("ppc64le", "kvm", "7.2.22", True),
    ],
)
def test_vcpu_spins_only_where_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, arch: str, accelerator: str, old: str, spins: bool
) -> None:
    """Lose this and POWER guests hang after a move between old builds because of the suite itself."""
    monkeypatch.setattr(managed, "probed", lambda build, _arch: SimpleNamespace(version=build))
    setting: Any = SimpleNamespace(
        spec=SimpleNamespace(arch=arch), host=SimpleNamespace(accelerator=accelerator), old=old, new="10.0.2"
    )
    assert managed.can_spin(setting) == spins


def living_guest(lost: Check) -> Any:
    """A guest that beats and whose vCPUs work."""
    processor = SimpleNamespace(is_the_same=lambda: [lost])
    return SimpleNamespace(goes_on=lambda: Check("vcpus", True, ""), processor=processor, beats=list)
