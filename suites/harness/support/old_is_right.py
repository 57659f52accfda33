# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for runs whose old build has no defect: old→old passes, so one run of it is enough.

That halves the time of most seeded runs. The new build's control runs as often as in any run.
"""

from __future__ import annotations

from fixtures.outcome import judgement


def pytest_configure() -> None:
    """Run old→old once for a failure."""
    judgement.OLD_CONTROL_RUNS = 1
