# SPDX-License-Identifier: Apache-2.0
"""Are the fields of virtio devices found in what QEMU saves by hand?"""

from __future__ import annotations

from itertools import pairwise

import pytest

from fixtures.still.stream import StreamError, parse
from suites.harness.support.streams import stream_of
from suites.harness.support.tamper.fields import Change, changed
from suites.harness.support.tamper.places import Inner
from suites.harness.support.tamper.virtio_lump import fields_of_virtio
from suites.harness.support.virtio_samples import BALLOON, NET, virtio_state


def fields_of(name: str) -> dict[str, tuple[Inner, bytes]]:
    """The fields of a sample with their bytes, by path."""
    section, lump = virtio_state(name)
    found = (each for each in fields_of_virtio(section, lump) if each.kind == "field")
    return {each.path: (each, lump[each.offset : each.offset + each.width * each.elements]) for each in found}


@pytest.mark.parametrize("name", [NET, BALLOON])
def test_fields_cover_the_lump_without_gaps(name: str) -> None:
    """Lose this and some of a virtio device's state is never tampered with, or under a wrong name."""
    fields = [each for each, _ in fields_of(name).values()]
    headers = sum(
        later.offset - earlier.offset - earlier.width * earlier.elements >= 20
        for earlier, later in pairwise(fields)
    )
    assert fields[0].offset == 0
    assert fields[-1].offset + fields[-1].width == len(virtio_state(name)[1])
    assert headers == 4


@pytest.mark.parametrize(
    "path, value",
    [
        ("status", "0f"),
        ("net/mac", "525400123456"),
        ("vq[0]/num", "00000400"),
        ("net/mergeable_rx_bufs", "00000001"),
        ("<virtio/64bit_features>/guest_features", "0000010130af8024"),
        ("<virtio/extra_state>/<virtio_pci/modern_state>/vq[0]/enabled", "01"),
        ("<virtio/started>/started", "01"),
    ],
)
def test_a_network_cards_fields_have_its_values(path: str, value: str) -> None:
    """Lose this and a seeded defect changes another field than it names."""
    assert fields_of(NET)[path][1].hex() == value


def test_card_in_a_root_port_is_read_right() -> None:
    """Lose this and the device of a field guest has no queues to tamper with: its configuration is longer."""
    section, lump = virtio_state(NET)
    conventional, rest = bytearray(lump[: 4 + 256]), lump[4 + 256 :]
    conventional[4 + 0xF0 : 4 + 0xF4] = bytes([0x10, conventional[4 + 0x34], 2, 0])
    conventional[4 + 0x34] = 0xF0
    express = bytes(conventional) + bytes(4096 - 256) + rest
    fields = {each.path: express[each.offset :][: each.width] for each in fields_of_virtio(section, express)}
    assert fields["net/mac"].hex() == "525400123456"
    assert fields["vq[0]/num"].hex() == "00000400"


def test_a_balloons_size_is_found() -> None:
    """Lose this and a balloon that loses its size cannot be seeded."""
    assert {"balloon/num_pages", "balloon/actual"} <= fields_of(BALLOON).keys()


def test_bytes_that_are_no_virtio_device_are_refused() -> None:
    """Lose this and a change of QEMU's layout is taken for other fields."""
    section, lump = virtio_state(NET)
    with pytest.raises(StreamError, match="not laid out as virtio"):
        list(fields_of_virtio(section, lump[:300]))


def test_a_rule_can_name_a_field_of_virtio() -> None:
    """Lose this and `virtio` is one field of 45,000 bytes again."""
    section, state = virtio_state(BALLOON)
    lump = {"name": "virtio", "type": "virtio", "size": len(state)}
    description = {"name": section.name, "instance_id": 0, "vmsd_name": "", "version": 1, "fields": [lump]}
    stream = parse(stream_of([(description, state)]))
    done = changed(stream, [Change("virtio-balloon", "virtio/status")])
    assert [place.length for place in done.places] == [1]
