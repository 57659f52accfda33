# SPDX-License-Identifier: Apache-2.0
"""What each check says when it fails, in words about the guests: `their memory is damaged`."""

from __future__ import annotations

import re

from fixtures.evidence.checks import SHARED_RAM
from fixtures.outcome.blame import BROKEN_GUEST, is_crash
from fixtures.outcome.cost_judgement import COST
from reports.sentences.names import name_of

CHECKS = {
    "abort-refused": "an abort in postcopy, which must be refused, is not refused",
    "aborted": "a move that is aborted goes on",
    "acpi-tables": "they find other ACPI tables after their next boot",
    "adopted": "the libvirt daemon of the updated host no longer lists them as they are",
    "adopted-definition": "the libvirt daemon of the updated host has lost a part of their definition",
    "agent": "they no longer answer",
    "addresses": "their PCI devices change places",
    "alive": "they no longer run",
    "announcement": "the network does not learn where they are",
    "balloon": "their balloon does not do what it is asked",
    "balloon-kept": "their balloon has another size",
    "balloon-stats": "their balloon no longer reports how much memory they use",
    "beats": "they lose or repeat work",
    "block-job": "a job on their disk is lost, or claims to have ended well",
    "block-resize": "a disk cannot be resized",
    "boot": "they do not boot the first time",
    "bounded": "the move takes longer than its bound",
    "breakpoint": "debug breakpoints are lost",
    "cdrom-medium": "they read something else, or nothing, from the medium in their CD-ROM drive",
    "cdrom-tray": "the tray of their CD-ROM drive does not do what it should",
    "channel": "the channel to their agent is closed",
    "clock": "their clock goes back",
    "clock-jump": "their clock jumps",
    "clock-rate": "their clock runs at another speed",
    "clock-source": "they use another clock source",
    "converges": "the move does not come to an end",
    "cost": "the move or the new QEMU costs more than before",
    "confinement": "AppArmor no longer confines their QEMU as before",
    "counters": "counters of their CPU go back",
    "cpu-accepted": "libvirt does not accept their CPU",
    "cpu-definition": "libvirt describes their CPU differently",
    "cpuid": "CPUID shows them another CPU",
    "definition": "libvirt has their definition in the wrong place",
    "destination-ends": "a QEMU that failed to take them does not end",
    "devices": "a device stops working",
    "dirty-bitmap": "a dirty bitmap of their disk no longer records what they write",
    "dirty-rate": "they cannot write memory at the rate that the test needs",
    "dirty-ring": "QEMU cannot track written memory by the dirty ring",
    "disk-data": "their disk is damaged",
    "disk-limit": "their disk is no longer limited as before",
    "disk-requests": "requests to their disk are lost",
    "domjobinfo": "virsh does not report the finished move",
    "encrypted": "what is sent of them is not encrypted",
    "events": "libvirt's events are missing or in the wrong order",
    "exit-status": "QEMU ends with an error after the move",
    "file-owners": "files of their disks belong, or will be given back, to another user",
    "firmware": "other firmware starts them at their next boot",
    "firmware-tables": "their firmware's tables change",
    "frames": "frames of their network are lost, repeated, damaged or late",
    "hang": "the move hangs",
    "hopeless": "a move that cannot end does not look hopeless",
    "identity": "they find another machine",
    "image": "the image of their disk is damaged",
    "huge-pages": "their RAM is no longer in huge pages",
    "immediate": "memory is sent before postcopy begins",
    "internal-snapshot": "QEMU ends when a snapshot is taken",
    "irqchip": "they have another interrupt controller",
    "kernel-log": "their kernel reports an error",
    "keys": "keys that are pressed do not arrive",
    "launch": "the new QEMU does not start",
    "libvirt": "libvirt reports an error",
    "log": "what their QEMU says is no longer logged",
    "link": "the state of a network link does not arrive",
    "machine-registers": "registers of the machine change",
    "machine-type": "they have another machine type after a restart",
    "managed": "what an administrator does with them no longer works",
    "memory": "their memory is damaged",
    "migrate": "the move fails",
    "module": "the old QEMU does not find a module that it needs for a device",
    "msr": "model-specific registers of the CPU change",
    "network": "their network card hears or sends nothing",
    "never-both": "the guest runs in two places at once",
    "new-build": "the new QEMU is not the new build",
    "numa-nodes": "they find other NUMA nodes after their next boot",
    "nvram": "what they keep in NVRAM is lost",
    "offloads": "their network card loses features such as segmentation",
    "old-exits": "the old QEMU does not end",
    "page-faults": "postcopy fetches no page by fault",
    "page-reporting": "memory that they free is no longer given back to the host",
    "panic": "their kernel panics",
    "panic-report": "nobody hears of their panic",
    "pause": "they cannot be paused and continued",
    "saved": "saving or loading fails",
    "plug": "what is plugged in does not come, or comes to another place",
    "plugged": "what was plugged in is gone, elsewhere or dead after the move",
    "postcopy": "postcopy never begins",
    "power-button": "the power button has no effect",
    "power-off": "they cannot power off",
    "reachable": "nothing answers at the address of a display or channel",
    "reboot": "they cannot reboot",
    "refused": "the move is not refused, or refused wrongly",
    "registers": "registers of the CPU change",
    "release-ram": "the old QEMU keeps the memory that it has sent",
    "rtc": "their real-time clock or its alarm is wrong",
    "runstates": "a QEMU is in the wrong state after the move",
    "rx-filter": "a network card receives other packets",
    "shared-ram": "the new QEMU overwrites RAM that they still use",
    "snapshot": "a snapshot of their disk cannot be taken, or not be committed",
    "smbios": "they find other SMBIOS tables after their next boot",
    "spr": "special-purpose registers of the CPU change",
    "stands-still": "they stand still for too long while a move of them fails",
    "state": "a part of their state does not arrive",
    "statistics": "libvirt's figures about the move are wrong",
    "stream": "a TCP connection to them breaks, or its segments are no longer passed whole",
    "stays-paused": "they run although they were paused",
    "throttle": "QEMU does not throttle them as it should",
    "timebase": "the time base of their CPU jumps",
    "timers": "timers ring late",
    "tpm-commands": "their TPM no longer answers",
    "tpm-next-start": "their TPM has forgotten its secrets when they are next started",
    "tpm-state": "their TPM forgets secrets: encrypted disks ask for the recovery key at the next boot",
    "tsc": "the time-stamp counter jumps",
    "uefi-variables": "what their UEFI firmware keeps, such as boot entries and keys, is lost",
    "unplug": "no device can be unplugged",
    "update": "the packages of their host cannot be replaced",
    "vcpus": "a vCPU stands still",
    "wake": "a vCPU does not wake",
    "watchdog": "their watchdog does not fire",
    "watchdog-calm": "their watchdog fires without a cause",
}
"""By the name of the check."""
PLAIN = frozenset({SHARED_RAM, "memory", COST})
"""Checks of which only the evidence says more."""
LOADS = frozenset({"migrate", "saved"})
"""Checks that fail where a build does not load a guest's state."""
THE_MESSAGE = "the message"
"""How words begin that QEMU or libvirt have written: two findings that differ in them are two."""
MOST_WHAT = 60
"""Characters of what a check says of a failure, such as the device concerned."""
_BY_LIBVIRT = re.compile(r"^(internal error: )?unable to execute qemu command '[^']*': ", re.IGNORECASE)
"""What libvirt puts before the words of QEMU (qemuMonitorJSONCheckErrorFull in its qemu_monitor_json.c)."""
_OF_LIBVIRT = re.compile(r"\.? \(\w+, \w+\)$")
"""The code and the domain of an error of libvirt's, which the suite puts behind its message."""
_DEVICE = re.compile(
    r"(?:of device|for) '(?:(?:PCI|[\da-f]{4}:[\da-f:.]+)/)?(?P<device>[^']{1,80})'", re.IGNORECASE
)
_SECTION = re.compile(
    r"unknown (?:savevm )?section(?: or instance)? '(?:PCI/)?(?P<section>[^']{1,80})'", re.IGNORECASE
)
_SIZE = re.compile(
    r"(?:size|length) mismatch: (?P<block>\S{1,80}): "
    r"0x(?P<was>[\da-f]{1,16}) (?:in )?!= 0x(?P<now>[\da-f]{1,16})",
    re.IGNORECASE,
)
FIRMWARE_BLOCKS = re.compile(r"pc\.bios|system\.flash\d")
"""The blocks of memory that hold firmware of x86_64."""
_LOADING = re.compile(
    r"load of migration failed|error while loading state|failed to load|exceeds allocated|missing section|"
    r"unknown (?:section|savevm)|unknown ramblock|length mismatch|load_?state",
    re.IGNORECASE,
)


def check_of(signature: str) -> str:
    """The name of the check at the beginning of a signature; empty if it has none."""
    name = signature.removeprefix(f"{BROKEN_GUEST}: ").partition(":")[0]
    return name if name in CHECKS else ""


def failure_words(signature: str, reason: str, loader: str = "the new build") -> str:
    """What went wrong, in words; empty if the signature names no check.

    `loader` is the build that loads the state.
    """
    check = check_of(signature)
    if signature == BROKEN_GUEST:
        named = check_of(reason)
        return CHECKS[named] if named else "they break in one way or another"
    if not check:
        return ""
    if check in LOADS:
        return _migration(check, signature, reason, loader)
    if check == "launch":
        return f"the QEMU that is to take them does not start{_quoted(signature)}"
    if check == "hang":
        return CHECKS["hang"]
    return CHECKS[check] + ("" if check in PLAIN else _what(signature))


def _migration(check: str, signature: str, reason: str, loader: str) -> str:
    if is_crash(signature):
        return "QEMU crashes"
    section = _SECTION.search(reason)
    if section:
        return f"{loader} does not know a part of their state ({name_of(section['section'])})"
    size = _SIZE.search(reason)
    if size:
        return _other_size(size, loader)
    if not _LOADING.search(reason):
        return CHECKS[check] + (_quoted(signature) if check == "migrate" else _what(signature))
    device = _DEVICE.search(reason)
    return f"{loader} does not load their state" + (f" ({name_of(device['device'])})" if device else "")


def _other_size(size: re.Match[str], loader: str) -> str:
    """A block of memory that the source sends is not as large as the destination's."""
    block, was, now = name_of(size["block"]), int(size["was"], 16), int(size["now"], 16)
    what = "their firmware" if FIRMWARE_BLOCKS.fullmatch(block) else f"the memory block {block}"
    return f"{what} has {_size_words(was)}, and in {loader} {_size_words(now)}"


def _size_words(size: int) -> str:
    """`2 MiB` or `1920 KiB`."""
    return f"{size >> 10} KiB" if size & 0xFFFFF else f"{size >> 20} MiB"


def _what(signature: str) -> str:
    """` (rtc: alarm)` as ` (alarm)`; nothing if the check says no more."""
    said = _of_qemu(signature.removeprefix(f"{BROKEN_GUEST}: "))
    return f" ({_cut(said)})" if said else ""


def _quoted(signature: str) -> str:
    said = _of_qemu(signature)
    return f" ({THE_MESSAGE}: {_cut(said)})" if said else ""


def _of_qemu(signature: str) -> str:
    """What a signature says behind its check, without the words that libvirt puts around those of QEMU."""
    return _OF_LIBVIRT.sub("", _BY_LIBVIRT.sub("", signature.partition(":")[2].strip()))


def _cut(said: str) -> str:
    line = " ".join(name_of(said).split()) if len(said) <= MOST_WHAT else f"{said[:MOST_WHAT].rstrip(' .')}…"
    return name_of(line)
