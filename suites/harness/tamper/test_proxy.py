# SPDX-License-Identifier: Apache-2.0
"""A proxy changes what its rules say and nothing else, and ends with its connection."""

import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.still.stream import parse
from suites.harness.support.streams import stream_of
from suites.harness.support.tamper.fields import Change
from suites.harness.support.tamper.proxy import Proxy
from suites.harness.support.tamper.rules import Flow, PageRule, Tampering, Words
from suites.harness.support.tampered_streams import (
    LAST_MESSAGE,
    Through,
    page,
    ram,
    send_as_source,
    sent_through,
    stream_with,
)

Send = Callable[..., Through]
A, B = b"hotpatch" + bytes(8) + b"a" * 4080, b"b" * 4096
FLIPPED_A = A[:2048] + bytes([A[2048] ^ 0x10]) + A[2049:]
FIRST = [page(0, A, "pc.ram"), page(0x1000, B), page(0x2000, b"\0"), page(0x3000, A)]
WHOLE = stream_with(ram(FIRST), ram([page(0x1000, A, "pc.ram")], last=True))


@pytest.fixture
def send(short_place: Path) -> Send:
    """Sends a stream through a proxy with these fields, pages and flow."""
    return lambda raw, **rules: sent_through(raw, Tampering(**rules), short_place)


@pytest.fixture
def short_place() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    with attempt_dir() as place:
        yield place


def test_stream_without_rules_arrives_unchanged(send: Send) -> None:
    """Lose this and every finding of a seeded run may be the proxy's."""
    through = send(WHOLE)
    assert (through.arrived == WHOLE, through.answer, through.done.errors) == (True, LAST_MESSAGE, [])


def test_field_changes_in_the_live_stream(send: Send) -> None:
    """Lose this and a seeded defect of a device is none."""
    through = send(WHOLE, fields=(Change("timer", "level", "ones"),))
    assert parse(through.arrived).state("timer") == b"\xff"
    assert len(through.arrived) == len(WHOLE)
    assert through.done.fields == ["timer level"]


def test_words_of_the_device_state_are_replaced(send: Send) -> None:
    """Lose this and a seeded destination that loads a damaged section refuses it, as a correct one does."""
    header = b"\x05timer" + bytes(7)
    damaged = WHOLE.replace(header + b"\x02", header + b"\xfd")
    through = send(damaged, words=(Words((header + b"\xfd").hex(), (header + b"\x02").hex()),))
    assert (through.arrived == WHOLE, through.done.words, through.done.errors) == (True, 1, [])


@pytest.mark.parametrize(
    "rule, first, last",
    [
        (PageRule("zero", "area"), [page(0, bytes(4096), "pc.ram"), *FIRST[1:3], page(0x3000, bytes(4096))],
         page(0x1000, bytes(4096), "pc.ram")),
        (PageRule("flip", "area", part="last"), FIRST, page(0x1000, FLIPPED_A, "pc.ram")),
        (PageRule("drop", first=0, last=0), [page(0x1000, B, "pc.ram"), *FIRST[2:]],
         page(0x1000, A, "pc.ram")),
        (PageRule("drop", "other"), [FIRST[0], *FIRST[2:]], b""),
        (PageRule("drop", block="pc.bios"), FIRST, page(0x1000, A, "pc.ram")),
        (PageRule("flip", "zero", byte=0), [*FIRST[:2], page(0x2000, b"\x10" + bytes(4095)), FIRST[3]],
         page(0x1000, A, "pc.ram")),
        (PageRule("zero", "area", most=1), [page(0, bytes(4096), "pc.ram"), *FIRST[1:]],
         page(0x1000, A, "pc.ram")),
    ],
)  # fmt: skip
def test_page_rule_changes_its_pages(rule: PageRule, first: list[bytes], last: bytes, send: Send) -> None:
    """Lose this and a seeded loss of memory hits other pages, or makes a stream that QEMU refuses."""
    through = send(WHOLE, pages=(rule,))
    assert through.arrived == stream_with(ram(first), ram([last], last=True))


def test_repeated_page_comes_last_with_its_first_content(send: Send) -> None:
    """Lose this and no seed shows that out-of-date memory is noticed."""
    through = send(WHOLE, pages=(PageRule("repeat", first=1, last=1),))
    last = [page(0x1000, A, "pc.ram"), page(0x1000, B, "pc.ram")]
    assert through.arrived == stream_with(ram(FIRST), ram(last, last=True))


def test_cut_ends_both_sides(send: Send) -> None:
    """Lose this and a cut stream is a hang."""
    through = send(WHOLE, flow=Flow(cut_in_state=10))
    assert WHOLE.startswith(through.arrived)
    assert WHOLE[len(through.arrived) - 10 :].startswith(b"\x04")
    assert (through.answer, len(through.done.errors)) == (b"", 1)


def test_device_state_is_held(send: Send) -> None:
    """Lose this and a seeded blackout is none."""
    begun = time.monotonic()
    assert send(WHOLE, flow=Flow(hold_ms=200)).arrived == WHOLE
    assert time.monotonic() - begun >= 0.2


def test_stream_is_slowed(send: Send) -> None:
    """Lose this and a seeded loss of throughput is none."""
    begun = time.monotonic()
    assert send(WHOLE, flow=Flow(mib_per_second=0.1)).arrived == WHOLE
    assert time.monotonic() - begun >= len(WHOLE) / (0.1 * (1 << 20))


def test_what_the_proxy_does_not_know_breaks_the_connection(send: Send) -> None:
    """Lose this and rules silently do nothing in a stream of an unknown kind."""
    begin = b"\x01" + struct.pack(">IB", 9, 7) + b"strange" + bytes(8)
    through = send(stream_of(configuration=begin))
    assert "which is sent in parts" in through.done.errors[0]


def test_destination_that_is_gone_ends_the_source(short_place: Path) -> None:
    """Lose this and a source waits forever for a destination that died."""
    with Proxy(short_place / "p", short_place / "nobody", Tampering()) as proxy:
        assert send_as_source(WHOLE, short_place / "p") == b""
    assert "cannot be reached" in proxy.done.errors[0]
