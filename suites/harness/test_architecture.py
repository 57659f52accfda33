# SPDX-License-Identifier: Apache-2.0
"""The page that draws the packages."""

from __future__ import annotations

import re

from suites.harness.support.layers import ORDER
from suites.harness.support.rooms_drawing import PAGE, drawing, drawn_in, without_detours


def test_picture_is_that_of_the_real_imports() -> None:
    """Lose this and the first page that a newcomer reads draws another program."""
    assert drawn_in(PAGE.read_text()) == drawing(), "run: python -m suites.harness.support.rooms_drawing"


def test_old_picture_is_noticed() -> None:
    """Lose this and the test above cannot fail."""
    page = PAGE.read_text().replace("  run --> reports\n", "")
    assert drawn_in(page) != drawing()


def test_arrow_that_a_longer_way_replaces_is_left_out() -> None:
    """Lose this and the picture shows a hundred arrows, and no flow."""
    assert without_detours({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def test_table_has_the_packages_in_the_order_of_the_rule() -> None:
    """Lose this and the page teaches an order that the import rule does not enforce."""
    named = re.findall(
        r"`([a-z]+)/?`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE))
    )
    assert named == [room for row in ORDER for room in row if "." not in room]
