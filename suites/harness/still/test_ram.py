# SPDX-License-Identifier: Apache-2.0
"""Are the pages of a stream found, in a time that does not grow with the number of its parts?"""

from __future__ import annotations

import time

from fixtures.still.ram import last_contents
from suites.harness.support.tampered_streams import page, ram, stream_with

CONTENT = bytes(range(256)) * 16


def test_the_last_content_of_each_page_counts() -> None:
    """Lose this and a page that was sent twice is compared with what it was before."""
    first = ram([page(0x1000, CONTENT, "pc.ram"), page(0x2000, CONTENT)])
    stream = stream_with(first, ram([page(0x1000, b"\0", "pc.ram")], last=True))
    found = last_contents(stream)
    assert found["pc.ram", 1] is None
    assert stream[found["pc.ram", 2] or 0 :].startswith(CONTENT)


def test_a_stream_of_many_parts_is_read_quickly() -> None:
    """Lose this and the state of a pseries guest, which comes in thousands of parts, takes minutes."""
    parts = [ram([page(number << 12, CONTENT, "pc.ram")]) for number in range(3000)]
    stream = stream_with(*parts, ram([page(0, b"\0", "pc.ram")], last=True))
    began = time.process_time()
    assert len(last_contents(stream)) == 3000
    assert time.process_time() - began < 2
