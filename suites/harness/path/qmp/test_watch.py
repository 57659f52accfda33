# SPDX-License-Identifier: Apache-2.0
"""How the source's events are handled, with a scripted QEMU."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.path.qmp.watch import QmpWatch
from suites.harness.support.scripted_qmp import ScriptedQemu, connected


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_cancelled_migration_has_ended_however_qemu_calls_it(status: str) -> None:
    """Lose this and a race inside QEMU that no guest notices is sometimes reported as a defect."""

    def cancel(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        qemu.event("MIGRATION", status=status)
        qemu.send({"return": {}, "id": command["id"]})

    with connected({"migrate_cancel": cancel}) as (monitor, qemu):
        source: Any = SimpleNamespace(monitor=monitor)
        QmpWatch(source, source).cancel()
    assert qemu.commands[-1] == "migrate_cancel"
