# SPDX-License-Identifier: Apache-2.0
"""What two builds send is compared: each change of a section is found, and said to matter or not to."""

import struct
from typing import Any

import pytest

from fixtures.still.sections import Difference, compare
from fixtures.still.stream import Stream, parse
from suites.harness.support.streams import stream_of

Fields = list[dict[str, Any]]


def scalar(name: str, kind: str = "uint32", size: int = 4) -> dict[str, Any]:
    """A field of one number."""
    return {"name": name, "type": kind, "size": size}


def array(name: str, length: int, kind: str = "uint8", size: int = 1) -> dict[str, Any]:
    """A field of equal elements."""
    return {**scalar(name, kind, size), "array_len": length}


def inside(name: str, vmsd: str, version: int, fields: Fields, **more: Any) -> dict[str, Any]:
    """A field that is a structure of others."""
    size = sum(each["size"] * each.get("array_len", 1) for each in fields)
    structure = {"vmsd_name": vmsd, "version": version, "fields": fields, **more}
    return {"name": name, "type": "struct", "size": size, "struct": structure}


def sent(
    fields: Fields,
    *,
    version: int = 1,
    name: str = "0000:00:03.0/nic",
    vmsd: str = "nic",
    subsections: dict[str, Fields] | None = None,
    state: bytes | None = None,
    **whole: Any,
) -> Stream:
    """The stream of a machine with one device, of these fields."""
    own = sum(each["size"] * each.get("array_len", 1) for each in fields)
    behind, described = b"", []
    for each, inner in (subsections or {}).items():
        behind += struct.pack("BB", 5, len(each)) + each.encode() + struct.pack(">I", 1)
        behind += bytes(sum(one["size"] for one in inner))
        described.append({"vmsd_name": each, "version": 1, "fields": inner})
    section = {"name": name, "instance_id": 0, "vmsd_name": vmsd, "version": version, "fields": fields}
    if described:
        section["subsections"] = described
    return parse(stream_of([(section, (state or bytes(own)) + behind)], **whole))


def the(found: list[Difference]) -> Difference:
    """The only difference."""
    (only,) = found
    return only


NIC = [scalar("head"), array("mac", 6), scalar("irq", "int32")]


def test_a_build_differs_in_nothing_from_itself() -> None:
    """Lose this and every update is suspected of everything."""
    stream = sent(NIC, subsections={"nic/late": [scalar("late")]})
    assert compare(stream, stream) == []


def test_difference_names_the_section() -> None:
    """Lose this and a difference cannot be assigned to a device."""
    found = the(compare(sent(NIC), sent([*NIC, scalar("tail")])))
    assert (found.section, found.place) == ("0000:00:03.0/nic", "tail")


@pytest.mark.parametrize(
    "local",
    [
        [*NIC, scalar("tail")],
        NIC[:-1],
        [scalar("head", "uint64", 8), *NIC[1:]],
        [NIC[0], array("mac", 8), NIC[2]],
        [NIC[0], {**array("mac", 3), "type": "uint16", "size": 2}, NIC[2]],
    ],
    ids=["added", "removed", "resized", "longer", "cut otherwise"],
)
def test_other_bytes_of_one_version_do_not_load(local: Fields) -> None:
    """Lose this and a change that breaks every guest with the device is not foreseen."""
    assert the(compare(sent(NIC), sent(local))).incompatible


def test_fields_that_changed_places_are_misread() -> None:
    """Lose this and a device silently gets the values of the neighbouring field."""
    found = the(compare(sent(NIC), sent([scalar("irq", "int32"), NIC[1], NIC[0]])))
    assert found.incompatible
    assert "head" in found.what


def test_renamed_field_is_harmless() -> None:
    """Lose this and an update is accused for tidying up its source."""
    found = the(compare(sent(NIC), sent([scalar("producer"), *NIC[1:]])))
    assert not found.incompatible
    assert found.what == "head (4 B) -> producer (4 B)"


@pytest.mark.parametrize(
    "local",
    [
        [array("unused", 14, "unused_buffer")],
        [scalar("head", "int32"), scalar("unused", "unused_buffer", 6), scalar("irq")],
        [inside("parent", "nic-common", 3, NIC)],
        [NIC[0], *({**array("mac", 1), "index": n} for n in range(6)), NIC[2]],
    ],
    ids=["retired", "one retired", "in a structure", "element by element"],
)
def test_same_bytes_in_other_words_are_harmless(local: Fields) -> None:
    """Lose this and every refactoring of QEMU makes an update unsafe."""
    assert [each for each in compare(sent(NIC), sent(local)) if each.incompatible] == []
    assert [each for each in compare(sent(local), sent(NIC)) if each.incompatible] == []


def test_newer_version_is_refused() -> None:
    """Lose this and a rollback that no guest survives is not foreseen."""
    found = the(compare(sent(NIC, version=2), sent(NIC, version=1)))
    assert found.incompatible
    assert found.what == "version 2 -> 1"


def test_older_version_is_read_as_such() -> None:
    """Lose this and the usual way of adding a field in QEMU counts as a defect."""
    found = compare(sent(NIC, version=1), sent([*NIC, scalar("tail")], version=2))
    assert len(found) == 2
    assert not any(each.incompatible for each in found)


def test_raised_version_within_is_taken_to_be_tested_for() -> None:
    """Lose this and devices that test the version of a part are accused."""
    old, new = ([inside("esp", "esp", version, NIC[:count])] for version, count in ((7, 2), (8, 3)))
    assert not the(compare(sent(old), sent(new))).incompatible
    assert the(compare(sent(new), sent(old))).incompatible


def test_section_that_is_gone_is_refused() -> None:
    """Lose this and a device that the new build renames strands its guests unnoticed."""
    found = compare(sent(NIC), sent(NIC, name="0000:00:03.0/nic-pci"))
    assert [(each.section, each.incompatible) for each in found] == [
        ("0000:00:03.0/nic", True),
        ("0000:00:03.0/nic-pci", False),
    ]


def test_section_that_is_sent_only_when_needed_may_be_missing() -> None:
    """Lose this and an update from 5.2 is reported to strand every guest with a sound card."""
    found = compare(sent(NIC, name="audio", vmsd="audio"), sent(NIC))
    assert ("audio", False) in [(each.section, each.incompatible) for each in found]


SUBSECTION = {"nic/late": [scalar("late")]}


@pytest.mark.parametrize("known,incompatible", [(True, False), (False, True)])
def test_subsection_must_be_known(known: bool, incompatible: bool) -> None:
    """Lose this and a rollback dies of a subsection that the old build never heard of."""
    found = the(compare(sent(NIC, subsections=SUBSECTION), sent(NIC), lambda _: known))
    assert (found.place, found.incompatible) == ("nic/late", incompatible)


def test_subsection_that_only_the_destination_sends_is_harmless() -> None:
    """Lose this and each new subsection makes an update unsafe."""
    assert compare(sent(NIC), sent(NIC, subsections=SUBSECTION), lambda _: False) == []


def test_field_of_a_subsection_is_compared() -> None:
    """Lose this and state that is sent only at times may change as it likes."""
    other = {"nic/late": [scalar("late", "uint64", 8)]}
    assert the(compare(sent(NIC, subsections=SUBSECTION), sent(NIC, subsections=other))).incompatible


def test_state_that_says_its_own_size_may_differ_in_it() -> None:
    """Lose this and every virtio device with a larger configuration space is reported as incompatible."""
    local = sent([scalar("virtio", "virtio", 48)])
    assert [
        each for each in compare(sent([scalar("virtio", "virtio", 40)]), local) if each.incompatible
    ] == []


@pytest.mark.parametrize("said,incompatible", [((8, 4), False), ((1, 1), True)])
def test_buffer_may_be_as_long_as_the_field_before_it_says(said: tuple[int, int], incompatible: bool) -> None:
    """Lose this and pseries, whose device tree is such a buffer, is reported in every update."""
    first, second = (
        sent([scalar("length"), scalar("blob", "buffer", size)], state=struct.pack(">I", word) + bytes(size))
        for word, size in zip(said, (8, 4), strict=True)
    )
    assert any(each.incompatible for each in compare(first, second)) == incompatible


def test_value_that_must_be_equal_is_compared() -> None:
    """Lose this and a machine with another number of interrupts is only found out by a dead guest."""
    one, two = (sent([scalar("num", "int32 equal")], state=struct.pack(">I", n)) for n in (1, 2))
    assert (the(compare(one, two)).what, the(compare(one, two)).incompatible) == ("1 -> 2", True)


@pytest.mark.parametrize(
    "block,old,new,incompatible",
    [
        ("0000:00:03.0/nic.rom", 0x40000, 0x80000, True),
        ("0000:00:03.0/nic.rom", 0x80000, 0x40000, True),
        ("/rom@etc/acpi/tables", 0x20000, 0x40000, False),
        ("/rom@etc/acpi/tables", 0x40000, 0x20000, False),
        ("/rom@etc/acpi/tables", 0x400000, 0x20000, True),
    ],
)
def test_ram_block_of_another_size(block: str, old: int, new: int, incompatible: bool) -> None:
    """Lose this and a grown option ROM strands guests, or a grown ACPI table is accused of it."""
    first, second = (sent(NIC, blocks={"pc.ram": 0x4000, block: size}) for size in (old, new))
    found = the(compare(first, second))
    assert (found.section, found.place, found.incompatible) == ("ram", block, incompatible)


def test_ram_block_that_is_gone_is_refused() -> None:
    """Lose this and a device that lost its memory is found only by a dead guest."""
    with_rom, without = sent(NIC, blocks={"pc.ram": 4096, "rom": 4096}), sent(NIC, blocks={"pc.ram": 4096})
    assert the(compare(with_rom, without)).incompatible
    assert not the(compare(without, with_rom)).incompatible


def test_other_machine_type_is_refused() -> None:
    """Lose this and two machines that were never the same are compared as if they were."""
    other = b"\x07" + struct.pack(">I", 10) + b"pc-q35-8.0"
    found = the(compare(sent(NIC), sent(NIC, configuration=other)))
    assert (found.section, found.incompatible) == ("configuration", True)
