# SPDX-License-Identifier: Apache-2.0
"""Which pages the sweep `ram-ends` checks."""

from itertools import pairwise

import pytest

from fixtures.sweep.ram_ends import PAGE, page_of, places

GIB = 1 << 30


@pytest.mark.parametrize("arch", ["x86_64", "ppc64le"])
def test_pages_are_apart_and_on_both_sides_of_4_gib(arch: str) -> None:
    """Lose this and a build that computes addresses in 32 bits passes."""
    addresses = list(places(arch).values())
    assert all(after - before >= PAGE for before, after in pairwise(addresses))
    assert addresses[0] < 2 * GIB
    assert addresses[-1] > 4 * GIB


def test_each_page_has_a_content_of_its_own() -> None:
    """Lose this and a page that arrives at the place of another passes."""
    pages = [page_of(number) for number in range(8)]
    assert len(set(pages)) == 8
    assert {len(page) for page in pages} == {PAGE}
