# SPDX-License-Identifier: Apache-2.0
"""Is a page or a field of a stopped guest that does not arrive found, and named?"""

from __future__ import annotations

import time

import pytest

from fixtures.still.arrival import arrived_whole
from suites.harness.support.streams import DEVICES, UINT8, stream_of
from suites.harness.support.tampered_streams import page, ram

CONTENT = bytes(range(256)) * 16
PAGES = ram([page(0x1000, CONTENT, "pc.ram"), page(0x2000, b"\0")], last=True)
SENT = stream_of(ram=PAGES)
RTC = {"name": "mc146818rtc", "instance_id": 0, "vmsd_name": "mc146818rtc", "version": 1}


def test_a_state_that_arrives_whole_passes() -> None:
    """Lose this and every guest fails."""
    check = arrived_whole(SENT, SENT)
    assert check
    assert check.detail == "2 pages and 4 fields as before"


@pytest.mark.parametrize(
    "arrived",
    [
        ram([page(0x1000, b"\0", "pc.ram"), page(0x2000, b"\0")], last=True),
        ram([page(0x1000, CONTENT, "pc.ram"), page(0x2000, CONTENT)], last=True),
        ram([page(0x1000, CONTENT, "pc.ram"), page(0x2000, b"\0")])
        + ram([page(0x1000, CONTENT[::-1])], last=True),
    ],
    ids=["lost", "not empty", "sent again"],
)
def test_a_page_that_differs_is_found(arrived: bytes) -> None:
    """Lose this and a build that loses a page passes if the guest does not look at it."""
    check = arrived_whole(SENT, stream_of(ram=arrived))
    assert not check
    assert check.what == "pc.ram"


@pytest.mark.parametrize(
    "device, state, what",
    [
        (0, b"\x2b", "timer level"),
        (1, b"\1\2\3\4\5\7\7" + b"\x05\x08nic/late\0\0\0\1" + b"\x09", "0000:00:03.0/nic#1 mac"),
        (1, b"\1\2\3\4\5\6\7" + b"\x05\x08nic/late\0\0\0\1" + b"\x0a", "0000:00:03.0/nic#1 <nic/late>/level"),
    ],
    ids=["field", "array", "subsection"],
)
def test_a_field_that_differs_is_named(device: int, state: bytes, what: str) -> None:
    """Lose this and a build that forgets a field passes if the guest does not use it."""
    devices = list(DEVICES)
    devices[device] = (devices[device][0], state)
    check = arrived_whole(SENT, stream_of(devices, ram=PAGES))
    assert not check
    assert check.what == what


def test_a_clock_that_follows_the_host_may_differ() -> None:
    """Lose this and every guest fails, because its RTC goes on while it stands still."""
    description = RTC | {"fields": [UINT8 | {"name": "base_rtc"}]}
    before, after = (stream_of([(description, state)], ram=PAGES) for state in (b"\1", b"\2"))
    assert arrived_whole(before, after)


@pytest.mark.parametrize("field,whole", [("timer", True), ("running", False)])
def test_interrupt_moderation_that_begins_anew_may_differ(field: str, whole: bool) -> None:
    """Lose this and a guest fails whose network card held an interrupt back when it was stopped."""
    card = RTC | {"name": "0000:00:0b.0/e1000e", "vmsd_name": "e1000e"}
    inner = {"vmsd_name": "delay", "version": 1, "fields": [UINT8 | {"name": field}]}
    delay = {"name": "core.eitr", "type": "struct", "size": 1, "struct": inner}
    before, after = (stream_of([(card | {"fields": [delay]}, state)], ram=PAGES) for state in (b"\1", b"\2"))
    assert bool(arrived_whole(before, after)) is whole


def power(interrupts: int, msr: int) -> bytes:
    """The stream of a pseries machine with these values of two fields of its vCPU."""
    numbers = (("cpu_common", "interrupt_request", 4), ("cpu", "env.msr", 8), ("spapr", "level", 1))
    values = (interrupts, msr, 7)
    devices = [
        (
            {
                "name": name, "instance_id": 0, "vmsd_name": name, "version": 1,
                "fields": [{"name": field, "type": "uint64", "size": size}],
            },
            value.to_bytes(size),
        )
        for (name, field, size), value in zip(numbers, values, strict=True)
    ]  # fmt: skip
    return stream_of(devices, ram=PAGES)


@pytest.mark.parametrize(
    "arrived, whole",
    [(power(4, 0x8033), True), (power(0x12, 0x9033), False), (power(2, 0x9031), False)],
    ids=["derived by QEMU", "another interrupt", "another bit of MSR"],
)
def test_bits_that_qemu_derives_on_power_may_differ(arrived: bytes, whole: bool) -> None:
    """Lose this and every stopped ppc64le guest fails, or a changed MSR passes."""
    assert bool(arrived_whole(power(2, 0x9033), arrived)) is whole


def interrupts(*elements: bytes) -> bytes:
    """The stream of a PCI bridge of pseries with these elements (key, first interrupt, number)."""
    fields = [UINT8 | {"name": name} for name in ("key", "value.first_irq", "value.num")]
    array = {"name": "msi_devs", "type": "struct", "size": 3, "array_len": len(elements)}
    struct = {"struct": {"vmsd_name": "spapr_pci/msi", "version": 1, "fields": fields}}
    description = {"name": "spapr_pci", "instance_id": 0, "vmsd_name": "spapr_pci", "version": 2}
    return stream_of([(description | {"fields": [array | struct]}, b"".join(elements))], ram=PAGES)


@pytest.mark.parametrize(
    "elements, whole",
    [((b"\2\3\3", b"\1\3\2"), True), ((b"\2\3\2", b"\1\3\3"), False)],
    ids=["other order", "other elements"],
)
def test_the_order_of_a_hash_table_may_differ(elements: tuple[bytes, ...], whole: bool) -> None:
    """Lose this and stopped ppc64le guests with several devices fail, or a lost interrupt passes."""
    assert bool(arrived_whole(interrupts(b"\1\3\2", b"\2\3\3"), interrupts(*elements))) is whole


@pytest.mark.parametrize("byte, whole", [(0x00, True), (0x32, True), (0x0E, False), (0x7F, False)], ids=hex)
def test_the_memory_of_a_clock_is_compared_without_the_time(byte: int, whole: bool) -> None:
    """Lose this and firmware settings that a build loses pass, or every guest fails."""
    field = UINT8 | {"name": "cmos_data", "array_len": 128}
    contents = bytes(128), bytes(1 if at == byte else 0 for at in range(128))
    before, after = (stream_of([(RTC | {"fields": [field]}, each)], ram=PAGES) for each in contents)
    assert bool(arrived_whole(before, after)) is whole


def test_a_device_that_only_one_side_describes_is_no_loss() -> None:
    """Lose this and each new subsection of a new version is a finding."""
    assert arrived_whole(SENT, stream_of(DEVICES[:1], ram=PAGES))


def test_a_subsection_that_the_destination_loads_and_does_not_have_is_found() -> None:
    """Lose this and a field whose loss leaves out its whole subsection is not noticed."""
    nic, state = DEVICES[1]
    without = ({key: value for key, value in nic.items() if key != "subsections"}, state[:7])
    check = arrived_whole(SENT, stream_of([DEVICES[0], without], ram=PAGES))
    assert not check
    assert check.what == "0000:00:03.0/nic#1 <nic/late>"


def test_an_array_of_thousands_of_elements_is_compared_quickly() -> None:
    """Lose this and the interrupt controller of a pseries guest takes minutes."""
    ring = {"vmsd_name": "ring", "version": 1, "fields": [UINT8]}
    array = {"name": "ring", "type": "struct", "size": 1, "array_len": 20_000, "struct": ring}
    description = {"name": "xive", "instance_id": 0, "vmsd_name": "xive", "version": 1, "fields": [array]}
    state = bytes(20_000)
    streams = [stream_of([(description, each)], ram=PAGES) for each in (state, state[:-1] + b"\1")]
    began = time.process_time()
    check = arrived_whole(*streams)
    assert check.what == "xive ring/level~20000"
    assert time.process_time() - began < 5
