# SPDX-License-Identifier: Apache-2.0
"""Migration streams are parsed, and incomplete or foreign data is reported."""

import struct

import pytest

from fixtures.still.stream import Stream, StreamError, parse
from suites.harness.support.streams import DEVICES, UINT8, section, stream_of


def test_machine_type_and_ram_are_found() -> None:
    """Lose this and a ROM of another size, which no destination accepts, is not reported."""
    stream = parse(stream_of())
    assert stream.machine_type == "pc-q35-7.2"
    assert dict(stream.ram_blocks) == {"pc.ram": 0x4000, "pc.bios": 0x1000}


def test_fields_are_those_of_the_description() -> None:
    """Lose this and what two builds send cannot be compared."""
    nic = parse(stream_of()).sections["0000:00:03.0/nic", 1]
    assert (nic.vmsd_name, nic.version, nic.size) == ("nic", 3, len(DEVICES[1][1]))
    assert [(each.label, each.type, each.size, each.count) for each in nic.fields] == [
        ("mac", "uint8", 1, 6),
        ("ring[0]", "struct", 1, 1),
    ]
    assert [each.vmsd_name for each in nic.walk()] == ["nic", "ring", "nic/late"]


def test_structure_written_into_the_field_is_read() -> None:
    """Lose this and fields of a CPU, which QEMU describes without `struct`, are one blind spot."""
    inner = {"name": "env", "type": "tmp", "size": 1, "vmsd_name": "cpu-tmp", "version": 1, "fields": [UINT8]}
    cpu = {"name": "cpu", "instance_id": 0, "vmsd_name": "cpu", "version": 1, "fields": [inner]}
    (found,) = parse(stream_of([(cpu, b"\1")])).sections.values()
    assert [each.vmsd_name for each in found.walk()] == ["cpu", "cpu-tmp"]


@pytest.mark.parametrize("number", [0, 1])
def test_section_is_cut_out_whole(number: int) -> None:
    """Lose this and a device's PCI configuration is read from another device's state."""
    description, state = DEVICES[number]
    stream = parse(stream_of())
    assert stream.section_bytes(description["name"], number) == section(10 + number, description, state)
    assert stream.state(description["name"], number) == state


def test_memory_that_holds_a_section_is_not_taken_for_one() -> None:
    """Lose this and a guest that itself migrates guests decides what is read of its devices."""
    forged = section(10, DEVICES[0][0], b"\xff")
    assert parse(stream_of(ram=forged * 2)).state("timer") == b"\x2a"


def test_section_that_is_saved_before_ram_is_found() -> None:
    """Lose this and a machine with virtio-mem cannot be judged."""
    early = {"name": "early", "instance_id": 0, "vmsd_name": "early", "version": 1, "fields": [UINT8]}
    whole = stream_of([(early, b"\7"), *DEVICES])
    first = section(10, early, b"\7")
    place = whole.index(first)
    moved = whole[:23] + first + whole[23:place] + whole[place + len(first) :]
    assert parse(moved).state("early") == b"\7"


def test_instance_is_part_of_what_is_asked_for() -> None:
    """Lose this and one of two equal devices is compared with the other one."""
    with pytest.raises(KeyError):
        parse(stream_of()).section_bytes("0000:00:03.0/nic", 0)


def test_stream_without_configuration_has_no_machine_type() -> None:
    """Lose this and guests of machine types before 2.4 cannot be judged."""
    assert parse(stream_of(configuration=b"")).machine_type is None


@pytest.mark.parametrize("kept", [4, 7, 12, 20, 60, -1])
def test_cut_stream_is_reported(kept: int) -> None:
    """Lose this and half a stream passes for a machine with few devices."""
    with pytest.raises(StreamError, match="cut off"):
        parse(stream_of()[:kept])


def test_foreign_bytes_are_reported() -> None:
    """Lose this and a rig that reads the wrong socket blames QEMU."""
    with pytest.raises(StreamError, match="not a migration stream"):
        parse(b"HTTP/1.1 400 Bad Request")


def test_unknown_version_is_reported() -> None:
    """Lose this and a stream in another format is silently misread."""
    with pytest.raises(StreamError, match="version 4"):
        parse(b"QEVM\0\0\0\4" + stream_of()[8:])


def test_description_that_is_no_json_is_reported() -> None:
    """Lose this and a build that writes a broken description ends the run with a traceback."""
    text = b'{"page_size": 4096, "devices": ['
    with pytest.raises(StreamError, match="description"):
        parse(stream_of() + b"\x00\x06" + struct.pack(">I", len(text)) + text)


def test_block_lengths_that_exceed_their_sum_are_reported() -> None:
    """Lose this and RAM is read as the names of blocks."""
    broken = stream_of().replace(struct.pack(">Q", 0x5004), struct.pack(">Q", 0x3004))
    with pytest.raises(StreamError, match="exceed their sum"):
        parse(broken)


def test_section_without_footer_is_reported() -> None:
    """Lose this and the state of a device is guessed where QEMU did not mark it."""
    whole = section(11, *DEVICES[1])
    stream: Stream = parse(stream_of().replace(whole, whole[:-5] + b"\0\0\0\0\0"))
    with pytest.raises(StreamError, match="no header and footer"):
        stream.section_bytes("0000:00:03.0/nic", 1)
