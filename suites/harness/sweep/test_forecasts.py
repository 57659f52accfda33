# SPDX-License-Identifier: Apache-2.0
"""Forecasts from streams, and random machines, without QEMU."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fixtures.still.sections import Difference
from fixtures.sweep.device_models import DeviceModel
from fixtures.sweep.forecasts import Forecast, Forecasts
from fixtures.sweep.mixes import Mix, mixes
from fixtures.sweep.recipes import devices_of

WRONG = Difference("0000:00:01.0/esp", "lun", "lun (1 B)", True, "at another place")
HARMLESS = Difference("hpet", "timers", "a -> b", False, "another name for the same bytes")
DEVICES = devices_of(
    [
        DeviceModel("e1000", "PCI", ""),
        DeviceModel("usb-kbd", "usb-bus", ""),
        DeviceModel("nvdimm", "", ""),
        DeviceModel("pc-dimm", "", ""),
    ]
)


def _forecasts(*made: Forecast) -> Forecasts:
    return Forecasts("x86_64", list(made))


def _forecast(what: str, *differences: Difference, failed: bool, cells: int = 1) -> Forecast:
    return Forecast(what, cells, "a -> b", differences, failed)


def test_correct_predictions_are_counted_by_subject() -> None:
    """Lose this and a crowd of twenty that moved counts as one."""
    right = _forecasts(
        _forecast("crowd 1", HARMLESS, failed=False, cells=20), _forecast("device:esp", WRONG, failed=True)
    )
    summary = "stream comparison predicted 21 of 21 loads correctly, none missed, no false alarms"
    assert right.summary() == summary


def test_a_failure_without_a_difference_is_missed() -> None:
    """Lose this and the forecast looks better than it is."""
    missed = _forecasts(_forecast("device:virtio-net-pci", HARMLESS, failed=True))
    counts = "stream comparison predicted 0 of 1 loads correctly"
    assert missed.summary() == f"{counts}; missed: device:virtio-net-pci a -> b, no false alarms"


def test_a_difference_without_a_failure_is_a_false_alarm() -> None:
    """Lose this and a reader trusts a forecast with false alarms."""
    false = _forecasts(_forecast("device:esp", WRONG, failed=False))
    assert "0 of 1 loads correctly, none missed; false alarms: device:esp a -> b" in false.summary()


def test_streams_without_a_description_are_said() -> None:
    """Lose this and machine types before 2.3 seem to have been compared."""
    silent = Forecasts("x86_64", [_forecast("crowd 1", failed=False)], silent=3)
    assert silent.summary().endswith("; 3 without a description")


def test_equal_differences_are_listed_once() -> None:
    """Lose this and the evidence says of every machine again what is true of all of them."""
    lines = _forecasts(
        _forecast("machine", HARMLESS, failed=False), _forecast("crowd 1", HARMLESS, failed=False)
    ).lines()
    assert lines[1:] == [
        "a -> b: harmless: hpet timers: a -> b: another name for the same bytes (machine, crowd 1)"
    ]


@given(mixes(DEVICES, "x86_64"))
def test_a_random_machine_is_one_that_qemu_may_start(mix: Mix) -> None:
    """Lose this and most random machines are none, and nothing is tried."""
    assert len({device.recipe.machine for device in mix.devices}) == 1
    assert len({device.id for device in mix.devices}) == len(mix.devices)
    arguments = mix.arguments("x86_64", "pc-q35-7.2")
    sizes = [int(word.rpartition("size=")[2][:-1]) for word in arguments if "id=node" in word]
    assert not sizes or f"{sum(sizes)}M,slots=8,maxmem=8G" in arguments


@given(st.data())
def test_devices_come_behind_a_bridge_only_if_they_may(data: st.DataObject) -> None:
    """Lose this and a USB keyboard is put on a PCI bridge."""
    mix = data.draw(mixes(DEVICES, "ppc64le"))
    behind = {device.model for device in mix.devices if "bridge" in device.recipe.parents}
    assert behind <= {"e1000"}
