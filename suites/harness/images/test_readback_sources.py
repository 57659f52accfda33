# SPDX-License-Identifier: Apache-2.0
"""Which registers the guest agent reads back, and when one counts as changed: on made-up hardware."""

from __future__ import annotations

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

NO_BITS = 0
AHCI, XHCI, OHCI = ("8086", "2922"), ("1b36", "000d"), ("106b", "003f")
E1000, RTL8139, TULIP, LSI = ("8086", "100e"), ("10ec", "8139"), ("1011", "0019"), ("1000", "0012")
IN_USE = [
    (AHCI, 0x08, NO_BITS),
    (AHCI, 0x110, NO_BITS),
    (AHCI, 0x130, NO_BITS),
    (AHCI, 0x134, NO_BITS),
    (AHCI, 0x138, NO_BITS),
    (AHCI, 0x398, 0xFFFFE0FF),
    (XHCI, 0x1024, 0xFFFF),
    (OHCI, 0x04, 0xFFFFFFC3),
    (OHCI, 0x20, NO_BITS),
    (E1000, 0xD0, NO_BITS),
    (RTL8139, 0x3C, NO_BITS),
    (TULIP, 0x38, NO_BITS),
    (LSI, 0x01, NO_BITS),
    (LSI, 0x03, NO_BITS),
]
"""Registers that a device or its driver changes while it works, and their bits that may be compared."""


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints what is read of a device."""
    return compiled_part("bars", ["readback_bars"], tmp_path_factory.mktemp("bars"))


@pytest.fixture(scope="module")
def virtio(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints what is read of a virtio device's own configuration."""
    return compiled_part("virtio", ["readback_virtio"], tmp_path_factory.mktemp("virtio"))


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Keeps two registers and compares them, look by look."""
    return compiled_part("looks", ["readback", "readings", "text"], tmp_path_factory.mktemp("looks"))


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Reads the registers of a PC."""
    return compiled_part(
        "ports", ["readback_x86", "readback_lapic", "text"], tmp_path_factory.mktemp("ports")
    )


@pytest.fixture(scope="module")
def lapics(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Waits for the timers of two vCPUs."""
    return compiled_part("lapics", ["readback_lapic", "text"], tmp_path_factory.mktemp("lapics"))


@pytest.fixture(scope="module")
def nic(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Reads a network card by its driver."""
    return compiled_part("nic", ["readback_nic"], tmp_path_factory.mktemp("nic"))


@pytest.mark.parametrize("device,offset,bits", IN_USE)
def test_what_changes_in_use_is_not_compared(
    bars: Part, device: tuple[str, str], offset: int, bits: int
) -> None:
    """Lose this and a guest fails because its disk or network was in use while it was asked."""
    read = dict(line.split() for line in bars(*device).splitlines())
    assert int(read.get(f"{offset:x}", "0"), 16) == bits


@pytest.mark.parametrize("device,word", [("1041", "fffdffff"), ("1000", "fffdffff"), ("1042", "ffffffff")])
def test_announcement_that_is_due_is_not_compared(virtio: Part, device: str, word: str) -> None:
    """Lose this and a guest that is moved again fails because its network card has just announced itself."""
    assert virtio(device).splitlines() == ["0 ffffffff", f"4 {word}", "8 ffffffff"]


def test_set_up_of_a_disk_controller_is_compared(bars: Part) -> None:
    """Lose this and a build that loses AHCI's command list, or its interrupts, passes."""
    read = dict(line.split() for line in bars(*AHCI).splitlines())
    assert read.keys() >= {"0", "4", "100", "108", "114", "118", "124", "128", "12c", "38c"}


def test_each_register_need_be_as_before_only_once(looks: Part) -> None:
    """Lose this and a guest fails in which two drivers never pause at the same moment."""
    assert "differ=0" in looks("12", "12", "13", "32")


def test_register_that_stays_different_is_named(looks: Part) -> None:
    """Lose this and a build that loses a register passes."""
    assert "differ=1 first=device%201:%203%2C%20was%202" in looks("12", "12", "13", "33").replace(",", "%2C")


def test_register_that_cannot_be_read_now_is_not_gone(looks: Part) -> None:
    """Lose this and a guest whose serial port never stops sending fails."""
    assert "differ=0" in looks("12", "12", "1-")


def test_register_that_the_device_no_longer_has_is_gone(looks: Part) -> None:
    """Lose this and a build that loses a whole EEPROM passes, and one that loses a word of it fails."""
    assert "differ=1 first=device%201:%20gone" in looks("12", "12", "1.")


def test_register_that_could_not_be_read_before_is_not_compared(looks: Part) -> None:
    """Lose this and a guest whose serial port was busy before its move fails."""
    assert "still=1 differ=0" in looks("12", "1-", "13")


def test_machine_that_cannot_be_read_is_an_error(looks: Part) -> None:
    """Lose this and a kernel without access to ports passes with half of its registers unread."""
    kept, compared = looks("failed").splitlines()
    assert (kept, compared) == ("no ports", "no ports")


def test_kernel_that_refuses_ports_is_named(ports: Part) -> None:
    """Lose this and nobody learns why the machine's registers cannot be read."""
    said = dict(line.split("=", 1) for line in ports("refused").splitlines())
    assert said["answer"].endswith("iopl: Operation not permitted")


def test_ports_that_fault_are_not_read(ports: Part) -> None:
    """Lose this and every guest under KVM on an emulated x86_64 host dies when its registers are read."""
    said = dict(line.split("=", 1) for line in ports("fault").splitlines())
    assert (said["answer"], {name.split(".")[0] for name in said if "." in name}) == ("", {"hpet"})


def test_busy_serial_ports_are_waited_for_together(ports: Part) -> None:
    """Lose this and a command takes half a second for each serial port and each reading."""
    said = dict(line.split("=", 1) for line in ports("busy").splitlines())
    assert said["serial_unread"] == "2"
    assert int(said["waited_us"]) <= 510_000


def test_waiting_for_a_serial_port_lets_others_run(ports: Part) -> None:
    """Lose this and the beats stop while the agent waits: a blackout that no move caused."""
    said = dict(line.split("=", 1) for line in ports("busy").splitlines())
    assert int(said["most_polls_alone"]) < 10


def test_divider_of_a_quiet_serial_port_is_read(ports: Part) -> None:
    """Lose this and a build that changes a serial line's speed passes."""
    said = dict(line.split("=", 1) for line in ports().splitlines())
    assert (said["serial port 3f8.10"], said["serial_unread"]) == ("0", "0")


def test_waiting_input_is_not_compared(ports: Part) -> None:
    """Lose this and a guest fails because a key or the pointer was moved while it was asked."""
    said = dict(line.split("=", 1) for line in ports().splitlines())
    assert (said["i8042 status.64"], said["vmmouse status.5658"]) == ("dc", "10000")


def test_comparator_that_goes_on_without_an_interrupt_is_not_compared(ports: Part) -> None:
    """Lose this and a guest moved 43 s after its start fails, when a timer that Linux has left goes on."""
    read = {line.partition("=")[0] for line in ports().splitlines()}
    assert read & {"hpet.108", "hpet.128", "hpet.148"} == {"hpet.128"}


@pytest.mark.parametrize("timer_1", ["", "armed"])
def test_timer_by_which_linux_emulates_the_rtc_may_expire(ports: Part, timer_1: str) -> None:
    """Lose this and a guest on a slow host fails in which that timer expires 43 s after its start."""
    said = dict(line.split("=", 1) for line in ports(timer_1).splitlines())
    assert (said["hpet.120"], said["hpet.140"]) == ("130", "4")


@pytest.mark.parametrize("one_shot_after_ms,waited_ms", [(0, 0), (95, 100), (60_000, 3000)])
def test_timers_are_waited_for_until_they_are_one_shot(
    lapics: Part, one_shot_after_ms: int, waited_ms: int
) -> None:
    """Lose this and a guest that is moved soon after its boot fails: Linux changes its timer's mode then."""
    assert int(lapics(str(one_shot_after_ms))) == waited_ms


def test_set_up_of_a_phy_and_the_eeprom_are_compared(nic: Part) -> None:
    """Lose this and a build that loses a network card's PHY, or its EEPROM, passes."""
    read = dict(line.split("=") for line in nic().splitlines())
    assert [read[f"e1000e phy {register}"] for register in ("0", "4", "9")] == ["100", "104", "109"]
    assert (read["e1000e eeprom 0"], read["e1000e eeprom 7e"]) == ("eeee", "eeee")


def test_status_of_a_link_is_not_compared(nic: Part) -> None:
    """Lose this and a guest whose network card negotiates again after a move fails."""
    assert not {line.partition("=")[0] for line in nic().splitlines()} & {"e1000e phy 1", "e1000e phy 5"}


def test_phy_that_the_driver_does_not_read_is_not_compared(nic: Part) -> None:
    """Lose this and what was left over from another request counts as a register."""
    assert "e1000e phy 0" not in nic("silent")
