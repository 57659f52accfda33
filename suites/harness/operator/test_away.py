# SPDX-License-Identifier: Apache-2.0
"""The definitions with which a guest moves to the second daemon and home."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.operator.away import journey
from fixtures.operator.host import Host
from suites.harness.support.scripted_daemons import running_guest

PLACE = Path("/var/lib/qemu-hotpatch/guests/1")


def host_with(*, confined: bool = False, libvirt: int = 11_003_000) -> Host:
    """A host with this libvirt."""
    return Host("6.1", "1", libvirt, 10_000_000, 64055, 64055, confined, "")


def away_and_home(devices: str, more: str = "", *, confined: bool = False) -> tuple[str, str, list[str]]:
    """Devices, as XML, of both definitions, and the remarks."""
    found = journey(running_guest(devices, more), PLACE, host_with(confined=confined))
    return inner(found.away), inner(found.home), found.remarks


def parsed(xml: str) -> ET.Element:
    """The tree of a definition."""
    return ET.fromstring(xml)  # noqa: S314 - this test's own


def inner(xml: str) -> str:
    """The devices, with the quotes of these tests."""
    devices = parsed(xml).find("devices")
    assert devices is not None
    return "".join(ET.tostring(each, encoding="unicode") for each in devices).replace('"', "'")


CHANGED = {
    "VNC": (
        "<graphics type='vnc' port='5999' autoport='no' passwd='secret' />",
        "<graphics type='vnc' port='-1' autoport='yes' passwd='secret' />",
    ),
    "VNC at a path": (
        "<graphics type='vnc' socket='/run/v'><listen type='socket' socket='/run/v' /></graphics>",
        "<graphics type='vnc' socket='{0}'><listen type='socket' socket='{0}' /></graphics>".format(
            PLACE / "display-0"
        ),
    ),
    "SPICE": (
        "<graphics type='spice' port='5999' tlsPort='6000' autoport='no' />",
        "<graphics type='spice' port='-1' autoport='yes' />",
    ),
    "channel": (
        "<channel type='unix'><source mode='bind' path='/run/a' /><target name='a' /></channel>",
        f"<channel type='unix'><source mode='bind' path='{PLACE}/channel-0' /><target name='a' /></channel>",
    ),
    "port": (
        "<serial type='tcp'><source mode='bind' service='1' /><protocol /><target port='0' /></serial>",
        f"<serial type='unix'><target port='0' /><source mode='bind' path='{PLACE}/serial-0' /></serial>",
    ),
    "network": (
        "<interface type='network'><mac address='52:54:00:00:00:01' /><source network='a' /></interface>",
        "<interface type='bridge'><mac address='52:54:00:00:00:01' /><source bridge='virbr0' /></interface>",
    ),
    "tap": (
        "<interface type='bridge'><source bridge='br0' /><target dev='web0' /></interface>",
        "<interface type='bridge'><source bridge='br0' /></interface>",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_one_host_has_once_is_elsewhere_and_comes_back(what: str) -> None:
    """Lose this and the new QEMU does not start, or clients do not find the guest afterwards."""
    before, there = CHANGED[what]
    away, home, remarks = away_and_home(before)
    assert (away, home) == (there, before)
    assert remarks or what == "network"


KEPT = {
    "autoport": "<graphics type='vnc' port='5900' autoport='yes' />",
    "channel of libvirt's choice": "<channel type='unix'><target type='virtio' name='a' /></channel>",
    "pty": "<serial type='pty'><target port='0' /></serial>",
    "virtio console": "<console type='pty'><target type='virtio' port='0' /></console>",
    "block device": "<disk type='block'><source dev='/dev/a' /><target dev='vda' /></disk>",
}


@pytest.mark.parametrize("what", KEPT)
def test_what_needs_no_change_is_not_changed(what: str) -> None:
    """Lose this and a guest becomes another one on the way."""
    assert away_and_home(KEPT[what])[:2] == (KEPT[what], KEPT[what])


def test_console_log_keeps_its_content() -> None:
    """Lose this and the guest's log is empty after the round: a QEMU that starts empties it."""
    logged = "<serial type='pty'><log file='/l' append='off' /></serial>"
    away, home, _ = away_and_home(f"{logged}<serial type='file'><source path='/f' /></serial>")
    assert f"<log file='{PLACE}/serial-0.log'" in away
    assert f"<source path='{PLACE}/serial-1.file'" in away
    assert "<log file='/l' append='on' />" in home
    assert "<source path='/f' append='on' />" in home


def test_console_that_repeats_a_serial_port_follows_it() -> None:
    """Lose this and libvirt refuses: two devices with one target differ."""
    serial = "<serial type='tcp'><source mode='bind' host='::1' service='1' /><target port='0' /></serial>"
    away, _, _ = away_and_home(serial + serial.replace("serial", "console"))
    assert "console" not in away


def test_labels_and_limits_stay_behind() -> None:
    """Lose this and the second daemon refuses the guest: it has neither labels nor control groups."""
    more = (
        "<seclabel type='dynamic' model='apparmor' relabel='yes'/><memtune/>"
        "<cputune><shares>9</shares><vcpupin vcpu='0' cpuset='0'/></cputune>"
    )
    disk = "<disk type='file'><source file='/a'><seclabel model='dac' relabel='no' /></source></disk>"
    found = journey(running_guest(disk, more), PLACE, host_with(confined=True))
    tree = parsed(found.away)
    assert [each.attrib for each in tree.iter("seclabel")] == [{"model": "dac", "relabel": "no"}]
    assert tree.find("memtune") is None
    assert [each.tag for each in tree.iterfind("cputune/*")] == ["vcpupin"]
    assert len(list(parsed(found.home).iter("seclabel"))) == 2
    assert parsed(found.home).findtext("cputune/shares") == "9"
    assert "AppArmor or SELinux does not confine it while it is away" in found.remarks


def test_images_and_their_backing_files_keep_their_owner() -> None:
    """Lose this and the images belong to root after the round: the guest cannot open them again."""
    disk = (
        "<disk type='file'><source file='/a' /><backingStore type='file'><source file='/b' /></backingStore>"
        "</disk>"
    )
    away, home, _ = away_and_home(disk)
    assert away.count("<seclabel model='dac' relabel='no' />") == 2
    assert home == disk


def test_variables_of_a_uefi_guest_keep_their_owner() -> None:
    """Lose this and they belong to root after the round."""
    more = "<os><nvram template='/t'>/v</nvram></os>"
    new = parsed(journey(running_guest(more=more), PLACE, host_with()).away)
    assert [each.attrib for each in new.iterfind("os/nvram/source/seclabel")] == [
        {"model": "dac", "relabel": "no"}
    ]
    old = parsed(journey(running_guest(more=more), PLACE, host_with(libvirt=7_000_000)).away)
    assert old.findtext("os/nvram") == "/v"


def test_arguments_of_qemu_are_kept_and_named() -> None:
    """Lose this and the new QEMU is another machine."""
    more = "<qemu:commandline><qemu:arg value='-S'/></qemu:commandline>"
    found = journey(running_guest(more=more), PLACE, host_with())
    assert "qemu:arg" in found.away
    assert any("QEMU arguments of its own" in remark for remark in found.remarks)
