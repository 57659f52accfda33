# SPDX-License-Identifier: Apache-2.0
"""The cache: a thing in it was made once, and whole, whatever happened while it was made."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from fixtures import cache
from fixtures.cache import (
    UNUSED_DAYS,
    cache_notes,
    cache_root,
    lock_of,
    made_once,
    remembered,
    remove_unused,
    steps_shown,
    used,
)
from fixtures.errors import UsageError
from fixtures.places import ROOT


def must_not_make(_half: Path) -> None:
    """A maker that is not to be called."""
    pytest.fail("made")


def make_nothing(_half: Path) -> None:
    """A maker of an empty directory."""


def test_cache_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a wrong HOTPATCH_CACHE ends in a traceback."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(UsageError, match="cannot make the cache directory: Not a directory"):
        cache_root()


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    """Lose this and a build is replaced under the run that uses it."""
    (tmp_path / "thing").mkdir()
    assert made_once(tmp_path / "thing", must_not_make, needs_mib=1) == tmp_path / "thing"


def test_step_is_shown_before_the_thing_is_made(tmp_path: Path) -> None:
    """Lose this and a run seems to hang for the minutes in which a guest image is built."""
    said: list[str] = []
    with steps_shown(said.append):
        for _ in range(2):
            made_once(tmp_path / "thing", lambda _half: said.append("made"), needs_mib=0, step="making it")
    made_once(tmp_path / "other", make_nothing, needs_mib=0, step="making the other")
    assert said == ["making it", "made"]


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    """Lose this and two xdist workers overwrite each other's half-made root."""
    both, made = threading.Barrier(2), list[Path]()

    def make(half: Path) -> None:
        made.append(half)
        # The other one must not come: it waits for its turn.
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)

    workers = [
        threading.Thread(target=made_once, args=(tmp_path / "thing", make), kwargs={"needs_mib": 0})
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(made) == 1


def test_killed_maker_leaves_nothing(tmp_path: Path) -> None:
    """Lose this and a run that was killed while it downloaded leaves a root without half its files."""
    place = tmp_path / "thing"
    program = """
import sys, time
from pathlib import Path
from fixtures.cache import made_once
def make(half):
    (half / "first").touch()
    print("half made", flush=True)
    time.sleep(60)
made_once(Path(sys.argv[1]), make, needs_mib=0)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(place)], cwd=ROOT, stdout=subprocess.PIPE
    ) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"half made\n"
        maker.send_signal(signal.SIGKILL)
    assert not place.exists()
    made_once(place, lambda half: (half / "second").touch(), needs_mib=0)
    assert [path.name for path in place.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == ["thing"]


def test_failed_maker_leaves_nothing(tmp_path: Path) -> None:
    """Lose this and a download that broke off is taken for a root on the next run."""

    def make(half: Path) -> None:
        (half / "first").touch()
        raise UsageError("no network")

    with pytest.raises(UsageError, match="no network"):
        made_once(tmp_path / "thing", make, needs_mib=0)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_too_little_disk_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a download of minutes ends with a full disk."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=10 << 20))
    with pytest.raises(UsageError, match=r"thing needs 11 MiB of disk, 10 MiB are free\n.*HOTPATCH_CACHE"):
        made_once(tmp_path / "thing", must_not_make, needs_mib=11)
    assert made_once(tmp_path / "thing", make_nothing, needs_mib=10).is_dir()


@pytest.mark.parametrize(
    "number,fix",
    [
        (errno.ENOSPC, "free some"),
        (errno.EDQUOT, "free some"),
        (errno.EROFS, "writable"),
        (errno.EACCES, "writable"),
    ],
)
def test_disk_that_fills_up_on_the_way_is_told(number: int, fix: str, tmp_path: Path) -> None:
    """Lose this and a full disk ends in a traceback, or the owner of a read-only one frees space."""

    def make(half: Path) -> None:
        raise OSError(number, os.strerror(number), str(half))

    with pytest.raises(UsageError, match=f"cannot write to the cache: {os.strerror(number)}") as error:
        made_once(tmp_path / "thing", make, needs_mib=0)
    assert fix in str(error.value)
    assert not (tmp_path / "thing").exists()


def test_other_trouble_is_not_called_a_full_disk(tmp_path: Path) -> None:
    """Lose this and a dying disk is answered with advice to free some space."""

    def make(half: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        made_once(tmp_path / "thing", make, needs_mib=0)


def make_file(half: Path) -> None:
    """A maker of one file."""
    (half / "kernel").write_bytes(b"whole")


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sealed directory of the cache, in a process that has not looked at it yet."""
    made_once(tmp_path / "image", make_file, needs_mib=0, sealed=True)
    monkeypatch.setattr(cache, "_WHOLE", set())
    monkeypatch.setattr(cache, "_NOTES", [])
    return tmp_path / "image"


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda place: os.truncate(place / "kernel", 2),
    "changed": lambda place: (place / "kernel").write_bytes(b"whale"),
    "a file more": lambda place: (place / "more").touch(),
    "a file less": lambda place: (place / "kernel").unlink(),
    "the seal": lambda place: (place / cache.SEAL).write_bytes(b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_directory_is_made_again(damage: str, sealed: Path) -> None:
    """Lose this and guests boot a truncated kernel until somebody thinks of the cache."""
    DAMAGES[damage](sealed)
    made_once(sealed, make_file, needs_mib=0, sealed=True)
    assert (sealed / "kernel").read_bytes() == b"whole"
    assert not (sealed / "more").exists()
    assert cache_notes() == (f"{sealed} was damaged; it was made again",)


def test_whole_directory_is_not_made_again(sealed: Path) -> None:
    """Lose this and every run builds its images, or removes them under another run."""
    assert made_once(sealed, must_not_make, needs_mib=0, sealed=True) == sealed
    assert cache_notes() == ()


def test_directory_of_before_the_seals_is_sealed(sealed: Path) -> None:
    """Lose this and an update of the suite fetches every kernel again, also where there is no network."""
    (sealed / cache.SEAL).unlink()
    made_once(sealed, must_not_make, needs_mib=0, sealed=True)
    assert (sealed / cache.SEAL).is_file()


BROKEN = ("", "{", "[]", '{"value": 1}', '{"value": 2, "digest": ""}', "[" * 100_000)


@pytest.mark.parametrize("damage", BROKEN, ids=range(len(BROKEN)))
def test_damaged_answer_is_asked_for_again(damage: str, sealed: Path, tmp_path: Path) -> None:
    """Lose this and a damaged probe is a traceback, or a QEMU that offers nothing."""
    file = tmp_path / "probe.json"
    assert remembered(file, lambda: {"version": 7}) == {"version": 7}
    assert remembered(file, lambda: pytest.fail("asked")) == {"version": 7}
    assert cache_notes() == ()
    file.write_text(damage)
    assert remembered(file, lambda: {"version": 7}) == {"version": 7}
    assert cache_notes() == (f"{file} was damaged; it was made again",)


@pytest.fixture
def entries(tmp_path: Path) -> list[Path]:
    """A directory and a file that no run has used for long."""
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing/file").touch()
    (tmp_path / "answer.json").touch()
    found = [tmp_path / "thing", tmp_path / "answer.json"]
    before = time.time() - (UNUSED_DAYS + 1) * 86400
    for entry in found:
        os.utime(entry, (before, before))
    return found


def test_unused_entry_is_removed(entries: list[Path]) -> None:
    """Lose this and each upload of a year stays on the disk."""
    remove_unused([*entries, entries[0].with_name("gone")])
    assert not any(entry.exists() for entry in entries)
    assert not [left for left in entries[0].parent.iterdir() if ".half-" in left.name]


def test_used_entry_stays(entries: list[Path]) -> None:
    """Lose this and what is qualified every night is made anew every month."""
    for entry in entries:
        used(entry)
    remove_unused(entries)
    assert all(entry.exists() for entry in entries)


def test_entry_that_another_process_has_locked_stays(entries: list[Path]) -> None:
    """Lose this and an index is removed while apt writes it."""
    with FileLock(lock_of(entries[0])):
        remove_unused(entries)
    assert [entry.exists() for entry in entries] == [True, False]
