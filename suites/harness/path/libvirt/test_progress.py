# SPDX-License-Identifier: Apache-2.0
"""When a migration by libvirt counts as under way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.errors import HotPatchFailure
from fixtures.path.libvirt.progress import wait_for_memory


def _source(*steps: dict[str, int] | None) -> Any:
    """A domain with these statistics, one each time it is asked; None: there is no job."""
    left = list(steps)

    def stats(_flags: int) -> dict[str, int]:
        step = left.pop(0) if len(left) > 1 else left[0]
        if step is None:
            raise libvirt.libvirtError("there is no job")
        return step

    return SimpleNamespace(handle=SimpleNamespace(jobStats=stats))


def test_migration_is_under_way_once_it_has_sent_memory() -> None:
    """Lose this and nothing is done in the middle of a migration by QEMU 11.1, whose first pass is silent."""
    wait_for_memory(_source(None, {}, {"memory_processed": 0}, {"memory_processed": 1}), 5)


@pytest.mark.parametrize("step", [None, {}, {"memory_processed": 0}])
def test_migration_that_sends_nothing_is_not(step: dict[str, int] | None) -> None:
    """Lose this and an abort before the migration counts as one during it."""
    with pytest.raises(HotPatchFailure, match="sent no memory"):
        wait_for_memory(_source(step), 0.1)
