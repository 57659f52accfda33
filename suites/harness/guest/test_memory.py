# SPDX-License-Identifier: Apache-2.0
"""What is concluded from the agent's answers about its memory."""

import pytest

from fixtures.errors import RigError
from fixtures.guest.memory import CheckedPages, constant_memory, filled_memory, still_mib
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import Hardware

FAULT = {"bad": "0", "first_bad": "-1", "why": "none", "lap": "0", "expected": "0", "found": "0"}
PREFIXES = ("", "rewrite_", "still_", "tmpfs_", "zero_")
VERIFIED = {
    **{f"{prefix}{key}": value for prefix in PREFIXES for key, value in FAULT.items()},
    "pages": "8192",
    "still_pages": "15360",
    "tmpfs_pages": "1024",
    "zero_pages": "256",
    "min_lap": "4",
    "max_lap": "5",
}
CONSTANT = {
    **{f"rewrite_{key}": value for key, value in FAULT.items()},
    "pages": "9287",
    "bad": "0",
    "first": "none",
    "expected": "0",
    "found": "0",
    "beat_pages": "1024",
    "beat_bad": "0",
    "beat_expected": "0",
    "beat_found": "0",
    "data_pages": "5000",
    "data_bad": "0",
    "data_first": "0",
}


def damaged(prefix: str) -> dict[str, str]:
    """An answer that reports two damaged pages under this prefix."""
    fault = {"bad": "2", "first_bad": "7", "why": "lap", "lap": "4", "expected": "0x4", "found": "0x3"}
    return {f"{prefix}{key}": value for key, value in fault.items()}


def test_intact_memory_is_counted() -> None:
    """Lose this and a guest that filled nothing looks like one whose memory is intact."""
    assert filled_memory(VERIFIED).detail == "24832 pages, laps 4 to 5"
    nothing = {"pages": "0", "still_pages": "0", "tmpfs_pages": "0", "zero_pages": "0"}
    assert not filled_memory(VERIFIED | nothing)


@pytest.mark.parametrize(
    "prefix, words",
    [
        ("", "2 of 8192 pages damaged; "),
        ("rewrite_", "2 pages were damaged when overwritten; "),
        ("still_", "2 of 15360 still pages damaged; "),
        ("tmpfs_", "2 of 1024 pages of a file in a tmpfs damaged; "),
        ("zero_", "2 of 256 pages of zeros damaged; "),
    ],
)
def test_damage_is_named_with_its_values(prefix: str, words: str) -> None:
    """Lose this and damage in one kind of memory passes, or its report does not say what was lost."""
    check = filled_memory(VERIFIED | damaged(prefix))
    assert not check
    assert check.name == "memory"
    assert check.detail == f"{words}first 7: wrong lap in lap 4, expected 0x4, found 0x3"


def test_constant_memory_is_counted() -> None:
    """Lose this and nobody sees how much of the kernel was compared."""
    said = "9287 pages of kernel and initramfs, 5000 of the kernel's data, 1024 that beats touch"
    assert constant_memory(CONSTANT).detail == said


@pytest.mark.parametrize(
    "fault, words",
    [
        (
            {"bad": "1", "first": "the kernel at 0xc000", "expected": "0x1", "found": "0x2"},
            "1 of 9287 pages of kernel and initramfs damaged; first the kernel at 0xc000: expected checksum",
        ),
        ({"beat_bad": "3", "beat_expected": "40", "beat_found": "24"}, "3 pages that beats touch damaged"),
        (
            {"data_bad": "2", "data_first": "0x7000"},
            "2 of 5000 pages of the kernel's data are all zero; first at",
        ),
        (damaged("rewrite_"), "2 pages were damaged when overwritten; first 7"),
    ],
)
def test_damage_that_needs_no_work_of_the_guest_is_found(fault: dict[str, str], words: str) -> None:
    """Lose this and a lost page of the kernel, or of a running writer, passes."""
    check = constant_memory(CONSTANT | fault)
    assert not check
    assert words in check.detail


@pytest.mark.parametrize("hardware, mib", [("bare", 96), ("virtio", 96), ("devices", 64), ("managed", 16)])
def test_busy_guest_has_more_still_memory_if_it_has_few_devices(hardware: Hardware, mib: int) -> None:
    """Lose this and one lost page in ten of a busy guest is not noticed, or drivers have no memory left."""
    assert still_mib(GuestSpec("x86_64", "a-machine", 1, "busy", hardware, 0)) == mib


@pytest.mark.parametrize("hardware, mib", [("bare", 64), ("managed", 16)])
def test_balloon_finds_free_memory(hardware: Hardware, mib: int) -> None:
    """Lose this and a guest runs out of memory when its balloon is inflated."""
    assert still_mib(GuestSpec("x86_64", "a-machine", 1, "idle", hardware, 0)) == mib


def test_share_of_checked_pages_is_of_all_ram() -> None:
    """Lose this and the report claims to check more memory than it does."""
    assert CheckedPages(written=8192, still=16384, beats=1024).share(256 << 10) == 39.1


def test_guest_that_is_not_full_is_no_proof() -> None:
    """Lose this and the cells `wall-to-wall` pass although most of the guest's pages are not checked."""
    CheckedPages(still=236_000).must_be_most_of(1 << 20)
    with pytest.raises(RigError, match="only 89 % of the guest's RAM is checked, not 90 %"):
        CheckedPages(still=233_308).must_be_most_of(1 << 20)


def test_guest_that_reports_free_pages_has_some() -> None:
    """Lose this and such a guest has no whole free block to report, and QEMU is blamed."""
    reports = GuestOptions(page_reporting=True)
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "virtio", beat_vcpu=0, options=reports)
    assert still_mib(spec) == 16
