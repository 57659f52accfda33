# SPDX-License-Identifier: Apache-2.0
"""Do the registers survive that only some CPU models have?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise


@promise("avx", path="qmp", mechanism="precopy", vcpus=2, options=GuestOptions(avx=True))
def test_wide_registers_survive(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update damages what guests compute with AVX."""
    guest.processor.must_have("ymm-high")
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
