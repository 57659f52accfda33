# SPDX-License-Identifier: Apache-2.0
"""All seeded defects, by the build that has them."""

from __future__ import annotations

from suites.harness.support.seeds import AGAIN, COST, MOVE
from suites.harness.support.seeds_at_rest import AT_REST
from suites.harness.support.seeds_in_the_stream import IN_THE_STREAM
from suites.harness.support.seeds_later_moves import LATER_MOVES
from suites.harness.support.seeds_of_cost import OF_COST
from suites.harness.support.seeds_under_guests import UNDER_GUESTS

SEEDED = (
    *(each.of_kind(MOVE) for each in UNDER_GUESTS),
    *(each.of_kind(AGAIN) for each in LATER_MOVES),
    *(each.of_kind(COST) for each in OF_COST),
    *AT_REST,
    *IN_THE_STREAM,
)
