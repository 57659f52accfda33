# SPDX-License-Identifier: Apache-2.0
from fixtures.guest.load import BUSY_WRITER, Load, Toll, busy_writer, rate_kept
from fixtures.waiting import stretched_by


def test_rate_follows_from_the_pages_and_the_guest_s_own_time() -> None:
    """Lose this and a guest that writes at half its rate seems to keep it."""
    toll = Toll.of({"pages": "512", "us": "500000", "worst_us": "1500", "slow": "3"})
    assert toll == Toll(rate=4.0, worst_ms=1.5, slow=3)


def test_writers_that_are_more_than_a_tenth_too_slow_fail() -> None:
    """Lose this and nobody sees that a guest is throttled after its move."""
    load = Load(mib=32, rate=20)
    assert rate_kept(18.1, load)
    assert not rate_kept(17.9, load)


def test_busy_guest_writes_less_on_a_slow_host() -> None:
    """Lose this and precopy never ends on an emulated host, which sends memory as much more slowly."""
    mib, rate = BUSY_WRITER
    assert busy_writer() == BUSY_WRITER
    with stretched_by(6.0):
        assert busy_writer() == (mib, rate // 6)
    with stretched_by(1000.0):
        assert busy_writer() == (mib, 1)
