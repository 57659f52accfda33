# SPDX-License-Identifier: Apache-2.0
"""How many workers `-n auto` starts."""

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from fixtures.run.workers import auto_workers


@pytest.mark.parametrize(
    "accelerator,arch,workers",
    [
        ("auto", None, 4),
        ("auto", "ppc64le", 4),
        ("auto", "x86_64", 6),
        ("tcg", None, 6),
        ("emulated", "x86_64", 4),
    ],
)
def test_memory_suffices_for_emulated_hosts(
    accelerator: str, arch: str | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a machine with many cores runs out of memory, because each worker boots a host."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 << 30))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 32)
    options: Any = SimpleNamespace(getoption={"--accelerator": accelerator, "--arch": arch}.get)
    assert auto_workers(options) == workers
