# SPDX-License-Identifier: Apache-2.0
"""Pages are changed in a multifd channel, in postcopy's own channel and in a file of mapped-ram."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.hosts.attempt_dir import attempt_dir
from suites.harness.support.streams import stream_of
from suites.harness.support.tamper.fields import Change
from suites.harness.support.tamper.mapped_ram import tamper_with_file
from suites.harness.support.tamper.multifd_channel import HEADER, INIT_BYTES, MAGIC, PAGES_IN_PACKET
from suites.harness.support.tamper.pages import PageId, Pages
from suites.harness.support.tamper.rules import Content, PageRule, Tampering
from suites.harness.support.tamper.takeover import Takeover
from suites.harness.support.tampered_streams import (
    EOS,
    SECONDS,
    Listening,
    Through,
    page,
    ram,
    send_as_source,
    sent_through,
)

A, B = b"hotpatch" + bytes(8) + b"a" * 4080, b"b" * 4096
INIT = MAGIC + bytes(INIT_BYTES - len(MAGIC))


def packet(pages: dict[int, bytes], zeros: tuple[int, ...] = ()) -> bytes:
    """A packet of a multifd channel with these pages, by offset, and these pages of zeros."""
    offsets = [*pages, *zeros]
    data = b"".join(pages.values())
    head = HEADER.pack(
        MAGIC,
        1,
        0,
        PAGES_IN_PACKET,
        len(pages),
        len(data),
        7,
        len(zeros),
        0,
        b"",
        b"pc.ram".ljust(256, b"\0"),
    )
    room = [0] * (PAGES_IN_PACKET - len(offsets))
    return head + struct.pack(f">{PAGES_IN_PACKET}Q", *offsets, *room) + data


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    with attempt_dir() as made:
        yield made


@pytest.mark.parametrize(
    "rule, pages",
    [
        (PageRule("flip", "zero"), {0: A, 0x1000: B}),
        (PageRule("zero", "area"), {0: bytes(4096), 0x1000: B}),
        (PageRule("drop", "other"), {0: A}),
    ],
)
def test_pages_change_in_a_multifd_channel(rule: PageRule, pages: dict[int, bytes], place: Path) -> None:
    """Lose this and no seed shows that lost memory is noticed with multifd."""
    raw = INIT + packet({0: A, 0x1000: B}, (0x5000,)) + packet({})
    through = sent_through(raw, Tampering(pages=(rule,)), place)
    assert through.arrived == INIT + packet(pages, (0x5000,)) + packet({})


def test_pages_change_in_the_channel_of_postcopy_preempt(place: Path) -> None:
    """Lose this and no seed shows that a lost page that the guest waited for is noticed."""
    end = struct.pack(">Q", EOS)
    raw = page(0, A, "pc.ram") + page(0x1000, B) + end
    through = sent_through(raw, Tampering(pages=(PageRule("zero", "other", part="last"),)), place)
    assert through.arrived == page(0, A, "pc.ram") + page(0x1000, bytes(4096)) + end


@pytest.fixture
def mapped_file(tmp_path: Path) -> Path:
    """A file of a migration with mapped-ram: two blocks; the second one lacks its page 1."""
    front = b"QEVM" + struct.pack(">I", 3) + struct.pack(">BIB", 1, 2, 3) + b"ram"
    front += struct.pack(">IIQ", 0, 4, 0x4000 | 4)
    first = b"\x03rom" + struct.pack(">QIQQQ", 0x1000, 1, 4096, 0x800, 0x1000)
    second = b"\x06pc.ram" + struct.pack(">QIQQQ", 0x3000, 1, 4096, 0x2800, 0x3000)
    content = (front + first).ljust(0x2000, b"\0") + second.ljust(0x1000, b"\0") + A + bytes(4096) + B
    made = bytearray(content)
    made[0x2800] = 0b101
    (tmp_path / "file").write_bytes(made)
    return tmp_path / "file"


def test_page_is_flipped_in_a_file(mapped_file: Path) -> None:
    """Lose this and no seed shows that damaged memory is noticed with mapped-ram."""
    tamper_with_file(mapped_file, Pages([PageRule("flip", "other", byte=0)]))
    after = mapped_file.read_bytes()
    assert (after[0x3000:0x4000], after[0x5000], after[0x5001:]) == (A, ord("b") ^ 0x10, B[1:])


def test_page_is_dropped_from_the_bitmap_of_a_file(mapped_file: Path) -> None:
    """Lose this and no seed shows that a page is noticed that a file lacks."""
    tamper_with_file(mapped_file, Pages([PageRule("drop", "area")]))
    assert mapped_file.read_bytes()[0x2800] == 0b100


def test_pages_change_after_the_switch_to_postcopy(place: Path) -> None:
    """Lose this and the device state of postcopy, a package of its own, ends the proxy."""
    package = b"\x04" + bytes(30)
    before = stream_of()[: stream_of().index(b"\x04\0\0\0\x0a\x05timer")] + ram([page(0, A, "pc.ram")])
    switch = b"\x08" + struct.pack(">HHI", 7, 4, len(package)) + package
    raw = before + switch + ram([page(0, A)]) + ram([], last=True)
    through = sent_through(raw, Tampering(pages=(PageRule("zero", "area", part="last"),)), place)
    assert through.arrived == before + switch + ram([page(0, bytes(4096))]) + ram([], last=True)


@pytest.fixture
def in_postcopy(place: Path) -> Callable[[str], Through]:
    """Sends a stream that switches to postcopy, with a change to the timer of this section."""
    apic = b"\x04\0\0\0\x09\x04apic" + struct.pack(">II", 1, 3) + bytes(181) + b"\x7e\0\0\0\x09"
    before = stream_of()[: stream_of().index(b"\x04\0\0\0\x0a\x05timer")]
    switch = b"\x08" + struct.pack(">HHI", 7, 4, len(apic)) + apic
    raw = before + switch + ram([page(0, A, "pc.ram")]) + ram([], last=True)

    def sent(section: str) -> Through:
        change = Change(section, "timer_expiry", "plus", "7")
        return sent_through(raw, Tampering(fields=(change,)), place)

    return sent


def test_field_changes_in_the_device_state_of_postcopy(in_postcopy: Callable[[str], Through]) -> None:
    """Lose this and a seeded defect of a device does nothing if postcopy moves the guest."""
    through = in_postcopy("apic#1")
    assert bytes(7) + b"\x07\x7e\0\0\0\x09" in through.arrived
    assert through.done.fields == ["apic#1 timer_expiry"]


def test_field_that_is_not_found_in_postcopy_breaks_the_connection(
    in_postcopy: Callable[[str], Through],
) -> None:
    """Lose this and a seed for postcopy that changes nothing looks like a defect that nobody noticed."""
    assert "the layout of hpet is not known" in in_postcopy("hpet").done.errors[0]


def test_takeover_stands_in_for_the_socket_of_the_destination(place: Path) -> None:
    """Lose this and seeds in moves by libvirt are not found, because libvirt gives both sides one address."""
    takeover = Takeover(place / "destination", Tampering(pages=(PageRule("zero", "area"),)))
    raw = page(0, A, "pc.ram") + struct.pack(">Q", EOS)
    with Listening(place / "destination") as destination:
        assert takeover.stands_in(SECONDS)
        send_as_source(raw, place / "destination")
        arrived = destination.arrived()
    takeover.close()
    assert arrived == page(0, bytes(4096), "pc.ram") + struct.pack(">Q", EOS)
    assert takeover.done.pages == {"zero": 1}


def test_takeover_ends_although_nobody_ever_listens(place: Path) -> None:
    """Lose this and a move that libvirt refuses leaves a thread behind."""
    takeover = Takeover(place / "destination", Tampering())
    takeover.close()
    assert takeover.done.errors == ["the destination never listened"]


@pytest.mark.parametrize("index, content", [(7, "area"), (1 << 32, "still")])
def test_still_page_is_not_taken_for_one_that_writers_overwrite(index: int, content: Content) -> None:
    """Lose this and a seed that is to lose pages under a writer loses pages that nobody writes."""
    page = b"hotpatch" + struct.pack("<Q", index) + bytes(4080)
    rules = [PageRule("drop", content)]
    assert Pages(rules).sent(PageId("pc.ram", 1), page, final=False) is None
