# SPDX-License-Identifier: Apache-2.0
"""Each check of a guest fails when a fault is put into a real guest, without a hot patch."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest

from fixtures.attempt.attempt import Attempt, Boot
from fixtures.errors import RigError
from fixtures.evidence.clocks import ClockMove, clock_jump
from fixtures.evidence.smbios import structures
from fixtures.guest.firmware_tables import contents
from fixtures.guest.timekeeping import arm_timers, timer_check, timers_in, times_before, times_now
from fixtures.matrix.names import Arch
from fixtures.path.interface import runs_new_build
from fixtures.run.executing import pair_under_test_of
from fixtures.waiting import stretched_by

ARCHES = [
    pytest.param("x86_64", marks=pytest.mark.x86_64),
    pytest.param("ppc64le", marks=[pytest.mark.ppc64le, pytest.mark.slow]),
]
STALLED_SECONDS = 0.3
"""The socket to a serial port has room for the beats of 0.03 s."""
STALLED_BEATS = 75
"""As many beats as are sent in that time."""
each_arch = pytest.mark.parametrize("arch", ARCHES)
BEATS_UNTIL_DUE = 300
"""1.2 s, after which a timer of 1 s is due."""
BEATS_IN_FLIGHT = 10
"""More beats than may be on their way over the console when an answer comes over the other serial port."""


@each_arch
def test_lost_beat_is_found(shared: Boot, arch: Arch) -> None:
    """Lose this and lost output of a guest during its move goes unnoticed."""
    guest = shared(arch).guest
    assert guest.lost_no_beat()
    guest.agent.ask("skip-beat")
    guest.beats_arrive(3)
    assert not guest.lost_no_beat()


@each_arch
@pytest.mark.parametrize(
    "command,clock", [("clock-back", "monotonic, wall"), ("wall-clock-ahead", "wall")], ids=["mono", "wall"]
)
def test_clock_that_jumps_is_found(boot: Boot, arch: Arch, command: str, clock: str) -> None:
    """Lose this and a guest that loses or gains half a second of time passes."""
    guest = boot(arch).guest
    before = times_before(guest)
    assert guest.clock_never_went_back()
    heard = len(guest.beats())
    guest.agent.ask(command, us=500_000)
    guest.beats_arrive(BEATS_IN_FLIGHT)
    after = len(guest.beats())
    guest.beats_arrive(50)
    jumped = ClockMove.of(guest.beats()[:heard], guest.beats()[after:], ())
    assert clock_jump(jumped, times_now(guest).ahead_of(before)).what == clock
    assert bool(guest.clock_never_went_back()) == (command != "clock-back")


@each_arch
def test_timer_that_is_lost_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a guest passes although a vCPU lost its timers."""
    guest = boot(arch).guest
    times_before(guest)
    heard = len(guest.beats())
    guest.agent.ask("lose-timer", vcpu=1)
    guest.beats_arrive(BEATS_UNTIL_DUE)
    check = timer_check(guest, lambda: ClockMove.of(guest.beats()[:heard], guest.beats()[heard:], ()))
    assert not check
    assert check.detail.startswith("vCPU 1's timer of 1000 ms has not expired")


@each_arch
def test_timers_are_armed_for_longer_on_a_slow_host(shared: Boot, arch: Arch) -> None:
    """Lose this and all timers of a guest on a slow host expire before it is moved."""
    guest = shared(arch).guest
    with stretched_by(100.0):
        arm_timers(guest)
    armed = {timer.delay_ms for timer in timers_in(guest.agent.ask("timers"))}
    assert (min(armed), max(armed)) == (1000, 500_000)


@pytest.mark.x86_64
def test_lost_register_is_found(shared: Boot) -> None:
    """Lose this and a device that forgot how its driver had set it up passes."""
    attempt = shared("x86_64")
    attempt.guest.notes_its_registers()
    assert attempt.guest.registers_are_as_before()
    attempt.machine.monitor.execute("human-monitor-command", command_line="o /b 0x4d0 0x20")
    assert attempt.guest.registers_are_as_before().what == "i8259 trigger 4d0"


SENT_BEFORE = 250
"""More beats than can be on their way to an overloaded suite, whose reader is late."""


@each_arch
def test_stopped_vcpu_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a guest passes although half of its vCPUs have stopped."""
    guest = boot(arch).guest
    guest.works()
    assert guest.goes_on(seconds=5)
    guest.agent.ask("stall", vcpu=1)
    guest.beats_arrive(SENT_BEFORE)
    check = guest.goes_on(seconds=5)
    assert not check
    assert "vCPU 1" in check.detail


@each_arch
def test_vcpu_that_never_wakes_is_found(shared: Boot, arch: Arch) -> None:
    """Lose this and an idle guest passes although a vCPU never wakes again."""
    guest = shared(arch).guest
    assert guest.every_vcpu_wakes()
    guest.agent.ask("deaf", vcpu=1)
    assert not guest.every_vcpu_wakes()


@each_arch
def test_register_that_loses_its_value_is_found(shared: Boot, arch: Arch) -> None:
    """Lose this and a guest passes although the move damaged its vector registers."""
    guest = shared(arch).guest
    guest.processor.keeps_its_state()
    assert "no vCPU held values" not in guest.processor.is_the_same()[0].detail  # Beats do.
    guest.processor.fills_registers(on=True)
    assert all(guest.processor.is_the_same())
    guest.agent.ask("lose-register", vcpu=1)
    guest.beats_arrive(50)
    assert guest.processor.is_the_same()[0].what.endswith("of vCPU 1")
    guest.processor.fills_registers(on=False)


@each_arch
def test_kernel_trouble_is_found(shared: Boot, arch: Arch) -> None:
    """Lose this and a guest passes although its kernel reports errors after the move."""
    guest = shared(arch).guest
    assert guest.kernel_log_is_clean()
    guest.agent.ask("oops")
    check = guest.kernel_log_is_clean()
    assert not check
    assert "injected" in check.detail


@pytest.mark.x86_64
def test_guest_whose_console_is_read_slowly_keeps_its_registers(shared: Boot) -> None:
    """Lose this and on a busy host a healthy guest's serial port differs after its move."""
    guest = shared("x86_64").guest
    with guest.machine.channels["console"]._signal:  # Its reader waits, and soon QEMU does.
        time.sleep(STALLED_SECONDS)
        guest.notes_its_registers()
    guest.beats_arrive(2 * STALLED_BEATS)
    assert guest.registers_are_as_before()


@pytest.mark.x86_64
def test_guest_that_did_not_reach_the_new_build_is_found(
    shared: Boot, request: pytest.FixtureRequest
) -> None:
    """Lose this and a hot patch into the wrong build counts as the update."""
    machine = shared("x86_64").machine
    assert runs_new_build(machine)
    assert not runs_new_build(replace(machine, build=pair_under_test_of(request.config).new))


@pytest.mark.x86_64
def test_registers_of_a_guest_that_never_boots_are_kept(shared: Boot, tmp_path: Path) -> None:
    """Lose this and a hang in one of a thousand boots cannot be analysed."""
    setting = shared("x86_64").setting
    images = tmp_path / "images"
    images.mkdir()
    copy(setting.host.images / "kernel", images)
    (images / "initrd").touch()  # Without a file system the kernel panics.
    host = replace(setting.host, images=images, evidence=tmp_path / "evidence")
    with pytest.raises(RigError, match="did not boot"), Attempt(replace(setting, host=host)):
        pass
    registers = (tmp_path / "evidence" / "source-registers.txt").read_text()
    assert registers.count("RIP=") == setting.spec.vcpus


@pytest.mark.x86_64
def test_silent_device_is_found(boot: Boot) -> None:
    """Lose this and a guest passes although its disk or port is dead after the move."""
    guest = boot("x86_64", hardware="virtio").guest
    assert guest.devices_work()
    guest.machine.channels["echo"].close()
    assert not guest.devices_work()


def _unplug(device: str) -> Callable[[Attempt], object]:
    return lambda attempt: attempt.machine.monitor.execute("device_del", id=device)


SILENCE: dict[str, Callable[[Attempt], object]] = {
    "e1000": lambda attempt: attempt.machine.monitor.execute("set_link", name="e1000", up=False),
    "usb-tablet": _unplug("usb-tablet"),
    "virtio-scsi": _unplug("virtio-scsi-hd"),
}
"""How each device is made to stop responding."""


@pytest.fixture
def seen_from_outside(shared: Boot) -> Attempt:
    """A guest with displays and inputs, which tests do not damage."""
    only = ("VGA", "virtio-gpu", "usb-kbd", "virtio-tablet")
    return shared("x86_64", works=True, hardware="devices", only_devices=only)


@pytest.mark.slow
@pytest.mark.x86_64
def test_device_that_stops_responding_is_named(boot: Boot) -> None:
    """Lose this and a guest passes although its network card, disk or tablet is dead after the move."""
    attempt = boot("x86_64", hardware="devices", only_devices=(*SILENCE, "ahci"))
    attempt.guest.works()
    assert attempt.guest.devices_work()
    for silence in SILENCE.values():
        silence(attempt)
    check = attempt.guest.devices_work()
    assert not check
    assert sorted(check.what.split(", ")) == sorted(SILENCE)


@pytest.mark.slow
@pytest.mark.x86_64
def test_display_with_a_wrong_picture_is_named(
    seen_from_outside: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest passes although its screen no longer changes after the move."""
    attempt = seen_from_outside
    assert attempt.guest.devices_work()
    frozen = attempt.machine.picture("VGA")
    show = attempt.machine.picture
    monkeypatch.setattr(
        attempt.machine, "picture", lambda device: frozen if device == "VGA" else show(device)
    )
    check = attempt.guest.devices_work()
    assert not check
    assert "VGA: painted" in check.detail
    assert "virtio-gpu" not in check.detail


@pytest.mark.slow
@pytest.mark.x86_64
def test_keyboard_and_tablet_that_report_nothing_are_named(
    seen_from_outside: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest passes although it no longer receives keys."""
    attempt = seen_from_outside
    assert attempt.guest.devices_work()
    monkeypatch.setattr(attempt.machine, "touch", lambda *, tablet: tablet)
    check = attempt.guest.devices_work()
    assert not check
    assert "usb-kbd: no keys arrived; virtio-tablet: no moves arrived" in check.detail


@pytest.mark.x86_64
def test_guest_reports_its_firmware_tables(shared: Boot) -> None:
    """Lose this and a firmware that gives guests different tables goes unnoticed."""
    guest = shared("x86_64").guest
    assert {"DSDT", "FACP", "APIC", "smbios"} <= guest.firmware.keys()
    tables = contents(guest.agent)
    assert {name: len(table) for name, table in tables.items()} == {
        name: table.size for name, table in guest.firmware.items()
    }
    assert tables["DSDT"][:4] == b"DSDT"
    assert structures(tables["smbios"])


@pytest.mark.ppc64le
@pytest.mark.slow
def test_pseries_guest_reports_its_device_tree(shared: Boot) -> None:
    """Lose this and a device tree that is damaged in RAM goes unnoticed."""
    assert shared("ppc64le").guest.firmware["device-tree"].size > 1000


@pytest.mark.x86_64
def test_firmware_tables_that_changed_are_reported(shared: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest reboots into a different machine, and no report shows it."""
    guest = shared("x86_64").guest
    monkeypatch.setattr(guest, "tables", contents(guest.agent))
    assert guest.keeps_its_firmware_tables()
    assert guest.has_the_same_acpi_tables()
    assert guest.has_the_same_smbios()
    monkeypatch.setitem(guest.firmware, "DSDT", replace(guest.firmware["DSDT"], digest="0"))
    guest.tables["HPET"] += b"\0"
    assert guest.keeps_its_firmware_tables().what == "DSDT"
    assert "HPET was" in guest.has_the_same_acpi_tables().detail


@pytest.mark.slow
@pytest.mark.x86_64
def test_guest_that_does_not_boot_after_a_reset_is_found(boot: Boot) -> None:
    """Lose this and a guest that does not survive a reset passes. This one's QEMU exits at a reset."""
    guest = boot("x86_64").guest
    assert not guest.reboots(seconds=2.0)
