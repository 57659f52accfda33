# SPDX-License-Identifier: Apache-2.0
"""What a test about KVM asks, and what it concludes from the answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.under_kvm import UnderKvm
from fixtures.evidence.checks import Check
from fixtures.machine.monitor import CommandRefused


class Monitor:
    """A QEMU that answers, or refuses, every command."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def execute(self, command: str, **_arguments: object) -> object:
        """As scripted."""
        if isinstance(self._answer, str) and self._answer.startswith("refused"):
            raise CommandRefused(command, "GenericError", self._answer)
        return self._answer


def under_kvm(answer: object = None, source: str = "kvm-clock") -> UnderKvm:
    """The checks of an attempt whose QEMU gives this answer, and whose guest has this clock source."""
    agent = SimpleNamespace(ask=lambda _command: {"source": source})
    attempt: Any = SimpleNamespace(
        machine=SimpleNamespace(monitor=Monitor(answer)),
        guest=SimpleNamespace(agent=agent),
        record=lambda check: check,
    )
    return UnderKvm(attempt)


@pytest.mark.parametrize("answer,held", [({}, True), ("refused: dirty ring is disabled", False)])
def test_qemu_without_a_ring_refuses_to_measure_by_it(answer: object, held: bool) -> None:
    """Lose this and a guest whose writes KVM notes in a bitmap passes as one with a dirty ring."""
    check = under_kvm(answer).logs_by_ring()
    assert bool(check) is held
    assert held or "dirty ring is disabled" in check.detail


def test_each_question_goes_to_its_own_party() -> None:
    """Lose this and a wrong clock, interrupt controller or number of faults is never looked at."""
    checks: list[Check] = [
        under_kvm(source="hpet").keeps_the_time(),
        under_kvm("dev: ioapic").has_the_irqchip(),
        under_kvm().fetched_pages(SimpleNamespace(move=SimpleNamespace(page_requests=0))),  # type: ignore[arg-type]
    ]
    assert [check.name for check in checks if not check] == ["clock-source", "irqchip", "page-faults"]
