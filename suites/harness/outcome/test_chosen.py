# SPDX-License-Identifier: Apache-2.0
"""A run of some tests is known to be one."""

import pytest

from fixtures.outcome.chosen import chosen_by, is_part

QUALIFIES = "not harness and not slow and not performance"
SELECTIONS: dict[str, tuple[dict[str, str], str, bool]] = {
    "make qualify": ({"tests": "suites", "markexpr": QUALIFIES}, "", False),
    "one architecture": ({"markexpr": QUALIFIES, "arch": "x86_64"}, "--arch 'x86_64'", False),
    "slow ones too": ({"markexpr": "slow or not slow"}, "", False),
    "quick": ({"markexpr": QUALIFIES, "quick": "True"}, "", True),
    "a mark": ({"markexpr": "postcopy", "arch": "x86_64"}, "-m 'postcopy', --arch 'x86_64'", True),
    "words": ({"keyword": "256mib"}, "-k '256mib'", True),
    "short": ({"short": "True"}, "--short", True),
    "a folder": ({"tests": "suites/compat"}, "their ids or files", True),
}


@pytest.mark.parametrize("what", SELECTIONS)
def test_run_of_some_tests_is_a_part(what: str) -> None:
    """Lose this and a run of the postcopy cells says that the update can be shipped."""
    selection, words, part = SELECTIONS[what]
    assert (chosen_by(selection), is_part(selection)) == (words, part)
