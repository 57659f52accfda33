# SPDX-License-Identifier: Apache-2.0
"""The table of the devices that guests drive: whole, and the same for QEMU, the image and the agent."""

from collections import Counter
from dataclasses import replace

import pytest

from fixtures.matrix.guest_devices import DRIVEN, VIRTIO, devices_of, everything
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import ARCHES, Arch
from fixtures.places import IMAGES
from images.boot_image import unwrapped
from suites.harness.support.command_lines import line

COMMAND_LINE_BYTES = 2048
"""What the kernels of both architectures take (COMMAND_LINE_SIZE)."""
AGENT = IMAGES / "agent"


def spec_of(arch: Arch, *only: str) -> GuestSpec:
    """A guest with hardware `devices`, narrowed to `only` if there are any."""
    return GuestSpec(arch, "a-machine", 2, "busy", "devices", beat_vcpu=1, only_devices=only)


@pytest.mark.parametrize("arch", ARCHES)
def test_every_id_is_taken_once(arch: Arch) -> None:
    """Lose this and QEMU refuses to start the guest that has all devices."""
    options = [part for word in line(spec_of(arch)) for part in word.split(",")]
    names = Counter(part for part in options if part.startswith(("id=", "node-name=")))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("arch", ARCHES)
def test_kernel_takes_the_names_of_all_devices(arch: Arch) -> None:
    """Lose this and the kernel cuts its command line: the agent checks fewer devices than the guest has."""
    message = spec_of(arch).kernel_command_line
    assert len(message) < COMMAND_LINE_BYTES
    assert f"hotpatch.devices={','.join(everything(arch))} " in message


def test_controller_that_two_devices_share_is_there_once_and_first() -> None:
    """Lose this and two USB devices cannot be in one guest."""
    words = line(spec_of("x86_64", "usb-storage", "usb-tablet"))
    assert words.count("qemu-xhci,id=xhci") == 1
    users = [place for place, word in enumerate(words) if "bus=xhci.0" in word]
    assert len(users) == 2
    assert words.index("qemu-xhci,id=xhci") < min(users)


def test_narrowed_guest_has_that_device_only() -> None:
    """Lose this and a failure of one device is blamed on another."""
    spec = spec_of("x86_64", "e1000")
    assert [word for word in line(spec) if "e1000" in word or "ahci" in word] == [
        spec.kernel_command_line,
        "user,id=lan-e1000,restrict=on",
        "e1000,id=e1000,netdev=lan-e1000",
    ]


def test_disks_are_in_the_guests_own_directory() -> None:
    """Lose this and two guests write to one disk."""
    disks = [word for word in line(spec_of("x86_64")) if "file.filename=" in word]
    assert disks
    assert len(disks) == len(set(disks))
    assert all("file.filename=/tmp/hp-1/" in disk for disk in disks)


@pytest.mark.parametrize("arch", ARCHES)
def test_usual_virtio_devices_are_the_other_kinds_business(arch: Arch) -> None:
    """Lose this and a defect of virtio-blk fails the cells of every other device."""
    assert not set(VIRTIO) & set(everything(arch))
    assert devices_of("virtio", arch) == VIRTIO
    assert devices_of("bare", arch) == ()
    assert not set(devices_of("managed", arch)) & set(everything(arch))


def test_input_device_must_say_what_it_sends() -> None:
    """Lose this and a new keyboard is in every guest, and no key is ever sent through it."""
    keyboard = next(device for device in DRIVEN if device.name == "usb-kbd")
    with pytest.raises(ValueError, match="usb-kbd is an input device"):
        replace(keyboard, sends=None)


def test_agent_knows_every_kind() -> None:
    """Lose this and a guest with that device does not come up."""
    known = (AGENT / "drivers.c").read_text()
    assert [device.kind for device in DRIVEN if f'{{"{device.kind}", check_' not in known] == []


def test_only_the_guest_with_the_port_has_its_channel() -> None:
    """Lose this and guests without the virtio port fail because there is no echo."""
    spec = spec_of("x86_64", "ahci")
    assert not spec.has_echo_port
    assert not [word for word in line(spec) if "id=echo" in word]
    assert replace(spec, only_devices=VIRTIO).has_echo_port


def test_words_of_screens_are_for_guests_with_screens() -> None:
    """Lose this and the cursor blinks in what the agent painted, and a display that works fails."""
    assert "vt.global_cursor_default=0" in spec_of("x86_64", "VGA").kernel_command_line.split()
    assert "vt.global_cursor_default=0" not in spec_of("x86_64", "e1000").kernel_command_line.split()


def test_kernel_that_is_no_xz_boot_image_stays_as_it_is() -> None:
    """Lose this and a kernel that needs no unwrapping is damaged."""
    assert unwrapped(b"\x7fELF" + b"\0" * 4096) == b"\x7fELF" + b"\0" * 4096
