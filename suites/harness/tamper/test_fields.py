# SPDX-License-Identifier: Apache-2.0
"""Fields of a stream are found at their offsets, and only they change."""

from collections.abc import Iterator

import pytest

from fixtures.still.stream import Section, Stream, StreamError, parse
from suites.harness.support.streams import DEVICES, UINT8, stream_of
from suites.harness.support.tamper import places
from suites.harness.support.tamper.fields import Change, changed
from suites.harness.support.tamper.places import Inner, all_places, place

TWICE = {"name": "ring", "type": "struct", "size": 1, "array_len": 2, "struct": {
    "vmsd_name": "ring", "version": 1, "fields": [UINT8]}}  # fmt: skip
SAME_NAME = {
    "name": "0000:00:04.0/disk", "instance_id": 0, "vmsd_name": "disk", "version": 1,
    "fields": [UINT8, UINT8, TWICE, {"name": "whole", "type": "put by hand", "size": 3}],
}  # fmt: skip


@pytest.fixture
def stream() -> Stream:
    """A stream with three devices."""
    return parse(stream_of([*DEVICES, (SAME_NAME, b"\x0a\x0b\x0c\x0d\x0e\x0f\x10")]))


def test_every_field_has_its_path_and_its_bytes(stream: Stream) -> None:
    """Lose this and a seeded defect changes another field than it says."""
    found = {(each.section, each.path): stream.raw[each.offset : each.end] for each in all_places(stream)}
    fields = {key: content for key, content in found.items() if key[1] and not key[1].endswith(">")}
    assert fields == {
        ("timer", "level"): b"\x2a",
        ("0000:00:03.0/nic#1", "mac"): b"\1\2\3\4\5\6",
        ("0000:00:03.0/nic#1", "ring[0]/level"): b"\7",
        ("0000:00:03.0/nic#1", "<nic/late>/level"): b"\x09",
        ("0000:00:04.0/disk", "level"): b"\x0a",
        ("0000:00:04.0/disk", "level~2"): b"\x0b",
        ("0000:00:04.0/disk", "ring[0]/level"): b"\x0c",
        ("0000:00:04.0/disk", "ring[1]/level"): b"\x0d",
        ("0000:00:04.0/disk", "whole"): b"\x0e\x0f\x10",
    }


def test_parser_of_a_lump_adds_the_fields_in_it(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and most of a virtio guest's state is one field."""

    def parser(section: Section, lump: bytes) -> Iterator[Inner]:
        yield Inner("status", "uint8", 2, len(lump) - 2)

    monkeypatch.setitem(places.LUMPS, "put by hand", parser)
    found = place(stream, "disk", "whole/status")
    assert stream.raw[found.offset : found.end] == b"\x10"


@pytest.mark.parametrize(
    "change, state",
    [
        (Change("nic#1", "mac", "zero"), b"\0\0\0\0\0\0\7"),
        (Change("0000:00:03.0/nic#1", "mac", "ones"), b"\xff\xff\xff\xff\xff\xff\7"),
        (Change("nic*", "mac", "invert"), b"\xfe\xfd\xfc\xfb\xfa\xf9\7"),
        (Change("nic#1", "ma*", "plus"), b"\2\3\4\5\6\7\7"),
        (Change("nic#1", "ma*", "plus", "ff"), b"\0\1\2\3\4\5\7"),
        (Change("nic#1", "mac", "replace", "abcd"), b"\xab\xcd\xab\xcd\xab\xcd\7"),
        (Change("nic#1", "mac", "zero", element=2), b"\1\2\0\4\5\6\7"),
        (Change("nic#1", "ring/level", "zero"), b"\1\2\3\4\5\6\0"),
    ],
)
def test_change_affects_only_its_field(change: Change, state: bytes, stream: Stream) -> None:
    """Lose this and nobody knows which change a check noticed."""
    done = changed(stream, [change])
    after = parse(done.raw)
    assert after.state("0000:00:03.0/nic", 1)[:7] == state
    assert after.state("timer") == b"\x2a"
    assert len(done.places) == 1


def test_path_without_number_matches_all_elements(stream: Stream) -> None:
    """Lose this and a seed changes one ring of many and heals at once."""
    after = parse(changed(stream, [Change("disk", "ring/level")]).raw)
    assert after.state("0000:00:04.0/disk")[:4] == b"\x0a\x0b\0\0"


def test_subsection_is_left_out_whole(stream: Stream) -> None:
    """Lose this and a left out subsection makes the stream unreadable, which QEMU reports by itself."""
    raw = changed(stream, [Change("nic#1", "<nic/late>", "leave-out"), Change("nic#1", "*level")]).raw
    assert b"\1\2\3\4\5\6\0\x7e\0\0\0\x0b" in raw


def test_section_is_left_out_with_header_and_footer(stream: Stream) -> None:
    """Lose this and a left out section leaves bytes behind that no destination can read."""
    raw = changed(stream, [Change("timer", mode="leave-out")]).raw
    before, gone, after = stream.raw.partition(stream.section_bytes("timer"))
    assert gone
    assert raw == before + after


def test_change_that_changes_nothing_is_reported(stream: Stream) -> None:
    """Lose this and a field that was zero before counts as one that no check looks at."""
    done = changed(stream, [Change("timer", "level", "replace", "2a")])
    assert (done.places, [each.path for each in done.without_effect]) == ((), ["level"])


def test_change_without_a_place_is_reported(stream: Stream) -> None:
    """Lose this and a seed with a misspelt field is a defect that every check misses."""
    wrong = Change("timer", "levle")
    assert changed(stream, [wrong]).unused == (wrong,)


def test_description_that_does_not_fit_is_an_error() -> None:
    """Lose this and changes go to the wrong field when the description omits one."""
    short = {**DEVICES[0][0], "fields": []}
    with pytest.raises(StreamError, match="timer: the described fields end 1 bytes before"):
        list(all_places(parse(stream_of([(short, b"\x2a")]))))
