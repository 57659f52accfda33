# SPDX-License-Identifier: Apache-2.0
"""Do several guests that are moved at the same time all arrive, also if one of the moves is given up?"""

from fixtures.attempt.crowd import Crowd
from fixtures.matrix.promises import promise


@promise("four-at-once", path="qmp", mechanism="precopy", nightly_on=("x86_64",))
@promise("four-at-once", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_all_guests_arrive_but_the_one_whose_move_is_cancelled(crowd: Crowd) -> None:
    """Lose this and the guests of a host can only be moved one by one, or one drags others along."""
    crowd.gathers()
    assert crowd.hot_patch().runs_on_new_build
    assert crowd.lives()
