# SPDX-License-Identifier: Apache-2.0
"""When a migration over a socket is switched to postcopy, with QEMUs that do nothing."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.path.qmp import transports


@pytest.mark.parametrize(
    "begins_in,all_memory_first,steps",
    [
        (2, True, ["pass 2", "all sent 2", "in precopy", "switch"]),
        (2, False, ["pass 2", "in precopy", "switch"]),
        (1, True, ["pass 1", "in precopy", "switch"]),
        (0, True, ["switch"]),
    ],
)
def test_postcopy_after_a_pass_waits_for_all_memory(
    begins_in: int, all_memory_first: bool, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a cell of postcopy out of QEMU 11.1 moves a guest of which nothing was sent before."""
    seen: list[str] = []
    monkeypatch.setattr(transports, "begin_over_socket", lambda *_: None)
    source: Any = SimpleNamespace(monitor=SimpleNamespace(execute=lambda _command: seen.append("switch")))
    watch: Any = SimpleNamespace(
        until_pass=lambda number: seen.append(f"pass {number}"),
        until_all_memory_was_sent=lambda begun: seen.append(f"all sent {begun}"),
        must_be_in_precopy=lambda: seen.append("in precopy"),
    )
    agreed: Any = SimpleNamespace(postcopy=True, postcopy_pass=begins_in, all_memory_first=all_memory_first)
    transports.over_socket(source, source, agreed, watch)
    assert seen == steps
