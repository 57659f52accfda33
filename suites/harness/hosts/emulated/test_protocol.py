# SPDX-License-Identifier: Apache-2.0
"""Frames and fields of the protocol with an emulated host."""

import re
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.hosts.emulated import protocol
from fixtures.hosts.emulated.protocol import (
    HEADER,
    MAX_PAYLOAD,
    DamagedFrame,
    Decoder,
    Fields,
    Frame,
    Type,
    several,
    text,
    u32,
    u64,
)
from images.host_image import HOST

FRAMES = st.lists(
    st.builds(Frame, st.sampled_from(Type), st.integers(0, 2**32 - 1), st.binary(max_size=50)), max_size=8
)


@given(FRAMES, st.data())
def test_frames_cut_anywhere_arrive_whole(frames: list[Frame], data: st.DataObject) -> None:
    """Lose this and a busy channel, whose reads end in the middle of a frame, damages another one."""
    sent = b"".join(map(bytes, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=10)))
    decoder = Decoder()
    pieces = [sent[begin:end] for begin, end in pairwise([0, *cuts, len(sent)])]
    assert [frame for piece in pieces for frame in decoder.feed(piece)] == frames


@given(st.binary(max_size=200))
def test_bytes_that_are_no_frames_end_in_one_error(noise: bytes) -> None:
    """Lose this and a damaged stream ends in a traceback, or in memory without bound."""
    with suppress(DamagedFrame):
        assert all(len(frame.payload) <= MAX_PAYLOAD for frame in Decoder().feed(noise))


@pytest.mark.parametrize("length", [MAX_PAYLOAD + 1, 2**32 - 1])
def test_hostile_length_is_refused_before_its_bytes_come(length: int) -> None:
    """Lose this and a wrong length makes the suite wait for, and keep, gigabytes."""
    with pytest.raises(DamagedFrame):
        list(Decoder().feed(HEADER.pack(length, Type.DATA, 0, 1)))


@given(st.binary(max_size=40))
def test_fields_never_read_beyond_their_payload(payload: bytes) -> None:
    """Lose this and a short answer is read as another one."""
    fields = Fields(payload)
    try:
        taken = 4 + len(fields.octets()) + 8 + (fields.u64() and 0)
    except DamagedFrame:
        return
    assert taken <= len(payload)


def test_fields_come_back_as_they_were_sent() -> None:
    """Lose this and no request means what the suite asked for."""
    fields = Fields(u32(7) + u64(2**40) + text("/tmp/hp-ä") + several([text("a"), text("")]))
    assert (fields.u32(), fields.u64(), fields.text()) == (7, 2**40, "/tmp/hp-ä")
    assert [fields.text() for _ in range(fields.u32())] == ["a", ""]


def test_both_sides_have_the_same_numbers() -> None:
    """Lose this and a change of one side alone is found by a host that never greets."""
    header = (HOST / "protocol.h").read_text()
    numbers = dict(re.findall(r"^ {4}([A-Z_]+) = (\d+),", header, re.MULTILINE))
    assert {kind.name: str(int(kind)) for kind in Type} == numbers
    defined = dict(re.findall(r'^#define (\w+) "?([\w.]+?)u?"?$', header, re.MULTILINE))
    names = {"VERSION": "PROTOCOL_VERSION"}
    for name in ("VERSION", "MAX_PAYLOAD", "WINDOW", "PORT_NAME"):
        assert str(getattr(protocol, name)) == defined[names.get(name, name)]
