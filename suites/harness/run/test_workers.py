# SPDX-License-Identifier: Apache-2.0
"""How many workers `-n auto` starts."""

import os
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from fixtures.run.preview import workers_of
from fixtures.run.workers import auto_workers


@pytest.mark.parametrize(
    "accelerator,arch,workers",
    [
        ("auto", None, 2),
        ("auto", "ppc64le", 4),
        ("auto", "x86_64", 6),
        ("tcg", None, 6),
        ("emulated", "x86_64", 4),
        ("emulated", None, 2),
    ],
)
def test_memory_suffices_for_emulated_hosts(
    accelerator: str, arch: str | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a machine with many cores runs out of memory, because each worker boots a host."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 << 30))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(32)))
    options: Any = SimpleNamespace(getoption={"--accelerator": accelerator, "--arch": arch}.get)
    assert auto_workers(options) == workers


def test_quick_run_counts_no_emulated_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a quick run has one worker on a machine with 4 GiB, and takes twice as long."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 << 30))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(32)))
    options: Any = SimpleNamespace(getoption={"--accelerator": "auto", "--quick": True}.get)
    assert auto_workers(options) == 6


def test_only_cores_that_it_may_use_get_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a run in a container with two cores of a large machine has workers for all its cores."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1 << 40))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {3, 4})
    options: Any = SimpleNamespace(getoption=lambda _name: "tcg")
    assert auto_workers(options) == 3


@pytest.mark.parametrize("asked,workers", [({}, 1), ({"numprocesses": None}, 1), ({"numprocesses": 3}, 3)])
def test_plan_counts_the_workers_that_the_run_would_have(asked: dict[str, int | None], workers: int) -> None:
    """Lose this and a plan without `-n` promises a third of the time that the run takes."""
    config: Any = SimpleNamespace(option=SimpleNamespace(**asked))
    assert workers_of(config) == workers
