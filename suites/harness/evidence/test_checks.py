# SPDX-License-Identifier: Apache-2.0
"""Which of the recorded checks a failed assertion was about."""

from fixtures.evidence.checks import Check, CheckRecord

HELD, FAILED, FAILED_LATER = Check("a", True, ""), Check("b", False, ""), Check("c", False, "")


def test_last_check_is_blamed_if_it_failed() -> None:
    """Lose this and a failure has the name of another check, and its controls are compared by that."""
    assert CheckRecord([HELD, FAILED, FAILED_LATER]).blamed is FAILED_LATER


def test_earlier_check_is_not_blamed() -> None:
    """Lose this and a mistake in a test stops an update, under the name of a check that failed before it."""
    assert CheckRecord([FAILED, HELD]).blamed is None
    assert CheckRecord().blamed is None
