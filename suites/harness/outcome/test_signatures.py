# SPDX-License-Identifier: Apache-2.0
"""Failures that are one defect have one signature, and others do not."""

import pytest

from fixtures.outcome.blame import (
    BROKEN_GUEST,
    SYMPTOMS,
    family,
    is_crash,
    may_explain,
    signature,
    strikes_each_time,
)
from fixtures.outcome.outcome import RunRecord

ALIKE = [
    "source failed | load of 'vmstate 0x1f' failed at /usr/lib/qemu/a.so in debian-12",
    "Source failed  | load of 'vmstate 0xbeef' failed at /opt/other/b.so in debian-13-backports",
]


@pytest.mark.parametrize("check", ["migrate", "launch", "hang"])
def test_signature_leaves_out_what_differs_between_runs(check: str) -> None:
    """Lose this and a control's failure never equals the update's: every old defect becomes a regression."""
    assert {signature(check, text) for text in ALIKE} == {
        f"{check}: source failed | load of 'vmstate N' failed at PATH in BUILD"
    }


@pytest.mark.parametrize("times", [("20.5 s", "7 s"), ("10.0.2", "7.2")])
def test_signature_leaves_out_numbers(times: tuple[str, str]) -> None:
    """Lose this and two hangs of different length count as two defects."""
    first, second = (signature("hang", f"no answer: {text}") for text in times)
    assert first == second


def test_last_line_of_a_qemu_that_libvirt_ends_does_not_matter() -> None:
    """Lose this and one defect is two on a busy host, where libvirt ends QEMU before it has said all."""
    said = "error while loading state for instance 0x0 of device 'cpu_common'"
    whole = f"{said}; load of migration failed: Input/output error"
    assert signature("migrate", whole) == signature("migrate", said)
    assert signature("migrate", "load of migration failed") == "migrate: load of migration failed"


def test_signature_keeps_qemus_message() -> None:
    """Lose this and an old build's defect excuses any other failure to migrate."""
    assert signature("migrate", "bad section") != signature("migrate", "no such device")


LOCKED = "tpm-emulator: TPM result for CMD_INIT: 0x9 operation failed"
TPM_MESSAGES = [
    f"destination failed | destination: {LOCKED}; error while loading state for instance 0x0 of device 'x'",
    f"source failed | destination: load of migration failed: post load hook failed: {LOCKED}; exit status 1",
]
"""Of QEMU 10.0 and 11.1."""


def test_signature_of_a_tpm_is_the_same_in_each_version_of_qemu() -> None:
    """Lose this and two QEMUs that fail alike for a TPM's locked state seem to have two defects."""
    assert {signature("migrate", text) for text in TPM_MESSAGES} == {
        "migrate: tpm-emulator: tpm result for cmd_init: N operation failed"
    }


SECTIONS = [
    "Missing section footer for 0000:00:01.0/pciespscsi",
    "Missing section footer for 0000:00:1f.2/pciespscsi",
    "Missing section footer for pci@800000020000000:00.0/pciespscsi",
    "Missing section footer for 0000:00:02.0:00.0/pciespscsi",
]


def test_signature_is_the_same_on_every_bus() -> None:
    """Lose this and one defect of a device counts once per slot and architecture."""
    assert {signature("migrate", text) for text in SECTIONS} == {
        "migrate: missing section footer for PCI/pciespscsi"
    }


def test_signature_keeps_the_section() -> None:
    """Lose this and a device that fails in a control excuses another that fails in the update."""
    first, second = (signature("migrate", f"error in 0000:00:01.0/{name}") for name in ("e1000", "rtl8139"))
    assert first != second
    assert signature("migrate", "cpu/slb: version 2") == "migrate: cpu/slb: version N"


def test_signature_leaves_out_the_path_of_the_source() -> None:
    """Lose this and one failed assertion of both builds counts as two defects."""
    places = ("../../migration/vmstate.c:357", "migration/vmstate.c:433", "/build/qemu/migration/vmstate.c:1")
    signatures = {signature("migrate", f"{place}: vmstate_save: Assertion `x' failed") for place in places}
    assert signatures == {"migrate: SOURCE: vmstate_save: assertion `x' failed"}


def test_signature_leaves_out_a_path_after_a_scheme() -> None:
    """Lose this and the name of a temporary directory turns one defect into two."""
    first, second = (signature("migrate", f"unix:/tmp/hp-{name}/s: no") for name in ("abc", "xyz"))
    assert first == second


def test_symptoms_of_a_broken_guest_are_one_family() -> None:
    """Lose this and a lost page that causes a panic here and a hang there counts as two defects."""
    assert {family(signature(check, "something")) for check in SYMPTOMS} == {BROKEN_GUEST}


def test_symptoms_of_a_broken_guest_have_different_signatures() -> None:
    """Lose this and a guest that the old build kills hides that the update damages its memory."""
    dead, other = (signature("vcpus", vcpu) for vcpu in ("the vCPU that beats", "a vCPU that does not beat"))
    assert len({dead, other, signature("memory", "")}) == 3


def test_checks_of_different_things_have_different_signatures() -> None:
    """Lose this and damaged memory of the old build excuses an update that stops the guest's clock."""
    checks = ("memory", "clock", "devices", "new-build", "runstates", "old-exits")
    assert len({signature(check, "x") for check in checks}) == len(checks)


def test_devices_that_fail_have_different_signatures() -> None:
    """Lose this and a disk that is broken in the old build excuses a network card that the update breaks."""
    assert signature("devices", "ahci") != signature("devices", "e1000")


def test_control_that_breaks_the_guest_excuses_broken_devices() -> None:
    """Lose this and a page that the old build loses is a regression if it belonged to a driver."""
    devices, broken = signature("devices", "ahci"), signature("memory", "")
    assert may_explain(RunRecord("old", "old", "fail", "x", broken), devices)
    assert not may_explain(RunRecord("old", "old", "fail", "x", devices), broken)
    assert not may_explain(RunRecord("old", "old", "pass", "", broken), devices)


@pytest.mark.parametrize(
    "check, what, each_time",
    [
        ("cpuid", "leaf 0x40000001.0 of vCPU 0", True),
        ("acpi-tables", "DSDT", True),
        ("msr", "PAT of vCPU 0", False),
        ("clock", "wall", False),
    ],
)
def test_what_builds_show_does_not_vary(check: str, what: str, each_time: bool) -> None:
    """Lose this and a round of an hour is repeated for a CPU's features, or chance decides the blame."""
    assert strikes_each_time(signature(check, what)) == each_time


@pytest.mark.parametrize(
    "words,crash",
    [
        ("QEMU ended with exit status 139", True),
        ("../x.c:3: f: Assertion `a || !b' failed.", True),
        ("QEMU is gone: exit status 139", True),
        ("double free or corruption (out)", True),
        ("malloc(): unsorted double linked list corrupted", True),
        ("*** stack smashing detected ***: terminated", True),
        ("operation failed: domain is not running", True),
        ("qcow2: Image is corrupt; cannot be opened read/write", False),
        ("Missing section footer for 0000:00:01.0/esp", False),
        ("load of migration failed: Invalid argument", False),
    ],
)
def test_crash_differs_from_what_qemu_explains(words: str, crash: bool) -> None:
    """Lose this and a crash that strikes by chance is judged by a single control."""
    kind = signature("migrate", words)
    assert is_crash(kind) == crash
    assert strikes_each_time(kind) != crash


@pytest.mark.parametrize(
    "check, words", [("hang", "the source sent nothing"), ("migrate", "Timed out during operation: no lock")]
)
def test_hang_may_strike_by_chance(check: str, words: str) -> None:
    """Lose this and a hang that both builds have half the time is a regression, by one lucky control."""
    assert not strikes_each_time(signature(check, words))


@pytest.mark.parametrize("check", ["migrate", "reboot", "update"])
def test_signature_leaves_out_builds_that_a_user_has_named(check: str) -> None:
    """Lose this and a build that the user calls `sid` never fails like the one it replaces."""
    said = [
        f"libvirt of {name}: no; source ({name}) closed it" for name in ("installed", "incoming-1.2", "sid")
    ]
    assert len({signature(check, words) for words in said}) == 1


def test_words_of_qemu_stay_whatever_builds_are_called() -> None:
    """Lose this and a user whose builds are called `old` and `new` gets a regression for each old defect."""
    words = "incoming version_id 2 is too new for local version_id 1"
    assert signature("migrate", words) == "migrate: incoming version_id N is too new for local version_id N"


def test_time_that_libvirt_quotes_does_not_matter() -> None:
    """Lose this and a guest that does not start again fails differently each time."""
    times = ("2026-11-30 10:02:03.123+0000: 71: error: no", "2026-12-01 09:41:13.988+0000: 802: error: no")
    for check in ("reboot", "saved", "snapshot", "update"):
        assert len({signature(check, said) for said in times}) == 1


RULE = "Could not set up host forwarding rule 'tcp:127.0.0.1:5555-:22'"
PORT = "Failed to find an available port: Address already in use"


@pytest.mark.parametrize(
    "words,others,alike",
    [
        (f"-netdev user,id=lan,hostfwd=tcp:127.0.0.1:5555-:22: {RULE}", RULE, True),
        (f"-vnc 127.0.0.1:5,audiodev=audio1: {PORT}", f"-vnc 127.0.0.1:5: {PORT}", True),
        (f"-vnc unix:/tmp/x: {PORT}", f"-vnc unix:/tmp/x,audiodev=audio1: {PORT}", True),
        (f"-vnc 127.0.0.1:5: {PORT}", "-vnc 127.0.0.1:5: Permission denied", False),
        ("-device rtl8139: no romfile", "-device virtio-vga: no romfile", False),
    ],
)
def test_address_that_qemu_names_does_not_matter(words: str, others: str, alike: bool) -> None:
    """Lose this and a port that nobody can have twice counts against a new build that names its option."""
    assert (signature("launch", words) == signature("launch", others)) is alike
