# SPDX-License-Identifier: Apache-2.0
"""The lock file: a changed package is an error, a version that the archive replaced is reported."""

from pathlib import Path

import pytest

from fixtures.builds.lockfile import LockedPackage, check_against_lock, read_lock, write_lock
from fixtures.errors import UsageError

QEMU = LockedPackage("1:7.2+dfsg-7", "a" * 64)
BIOS = LockedPackage("1.16.2-1", "b" * 64)
BOTH = {"qemu-system-x86": QEMU, "seabios": BIOS}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file that knows one build."""
    path = tmp_path / "builds.lock.json"
    write_lock("debian-12", BOTH, path)
    return path


def test_lock_comes_back_as_it_was_written(lock: Path) -> None:
    """Lose this and every root differs from its lock."""
    assert read_lock(lock) == {"debian-12": BOTH}


def test_writing_one_build_keeps_the_others(lock: Path) -> None:
    """Lose this and moving one pin unlocks every other build."""
    write_lock("debian-13", {"seabios": QEMU}, lock)
    write_lock("debian-13", {"seabios": BIOS}, lock)
    assert read_lock(lock) == {"debian-12": BOTH, "debian-13": {"seabios": BIOS}}


def test_no_lock_file_locks_nothing(tmp_path: Path) -> None:
    """Lose this and a fresh project cannot make its first root."""
    assert read_lock(tmp_path / "absent.json") == {}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"debian-12": []}', '{"debian-12": {"seabios": {"version": "1"}}}']
)
def test_broken_lock_file_is_reported(text: str, tmp_path: Path) -> None:
    """Lose this and a merge conflict in the lock file ends in a traceback."""
    path = tmp_path / "builds.lock.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"builds\.lock\.json: this is not a lock file"):
        read_lock(path)


def test_what_is_locked_is_taken_without_a_word(lock: Path) -> None:
    """Lose this and every report bears remarks that say nothing."""
    assert check_against_lock("debian-12", BOTH, where="root", path=lock) == ()


def test_package_of_the_same_version_with_another_checksum_is_an_error(lock: Path) -> None:
    """Lose this and a tampered QEMU is qualified, and shipped."""
    changed = BOTH | {"seabios": LockedPackage(BIOS.version, "c" * 64)}
    with pytest.raises(
        UsageError, match=r"seabios 1\.16\.2-1 is not the package of the lock file"
    ) as message:
        check_against_lock("debian-12", changed, where="/cache/debian-12", path=lock)
    assert "remove /cache/debian-12" in message.value.fix


def test_other_version_is_reported_as_drift(lock: Path) -> None:
    """Lose this and a report does not say that another QEMU was qualified than the one pinned."""
    moved = {"qemu-system-x86": LockedPackage("1:7.2+dfsg-8", "d" * 64), "seabios": BIOS}
    (message,) = check_against_lock("debian-12", moved, where="root", path=lock)
    assert message == (
        "debian-12: the archive moved on since the lock: qemu-system-x86 1:7.2+dfsg-7 → 1:7.2+dfsg-8"
    )


def test_packages_that_came_and_went_are_drift(lock: Path) -> None:
    """Lose this and a root without its firmware passes for the locked one."""
    (message,) = check_against_lock(
        "debian-12", {"qemu-system-x86": QEMU, "ovmf": BIOS}, where="r", path=lock
    )
    assert message.endswith("ovmf absent → 1.16.2-1, seabios 1.16.2-1 → absent")


def test_further_packages_are_no_drift_if_the_lock_has_a_part(lock: Path) -> None:
    """Lose this and each build of a POWER machine is said to have changed, or none is compared."""
    more = {**BOTH, "ovmf": BIOS}
    assert check_against_lock("debian-12", more, where="root", path=lock, only_locked=True) == ()
    more["seabios"] = QEMU
    (message,) = check_against_lock("debian-12", more, where="root", path=lock, only_locked=True)
    assert "ovmf" not in message
    wrong = {"seabios": LockedPackage(BIOS.version, "c" * 64)}
    with pytest.raises(UsageError):
        check_against_lock("debian-12", wrong, where="root", path=lock, only_locked=True)


def test_long_drift_is_cut_short(lock: Path) -> None:
    """Lose this and the line about drift fills the terminal."""
    (message,) = check_against_lock("debian-12", {f"new-{n}": BIOS for n in range(9)}, where="r", path=lock)
    assert message.endswith("and 8 more")


def test_build_that_a_user_added_needs_no_lock(lock: Path) -> None:
    """Lose this and users cannot qualify their own builds."""
    assert check_against_lock("mine", BOTH, where="root", path=lock) == ()
