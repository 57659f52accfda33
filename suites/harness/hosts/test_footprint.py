# SPDX-License-Identifier: Apache-2.0
"""What a process takes of its host, measured at processes that take something."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fixtures.hosts.footprint import Footprint, footprint

NINE_THREADS = """
import threading
for _ in range(9): threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
TAKES: dict[str, tuple[str, Callable[[Footprint], float], int]] = {
    "memory": ("held = b'x' * (64 << 20)", lambda seen: seen.peak_mib, 64),
    "shared memory": ("import mmap; held = mmap.mmap(-1, 64 << 20)", lambda seen: seen.shared_mib, 64),
    "descriptors": ("held = [open('/dev/null') for _ in range(50)]", lambda seen: seen.descriptors, 50),
    "threads": (NINE_THREADS, lambda seen: seen.threads, 9),
}
WAITS = "\nprint(flush=True); input()"
Started = Callable[[str], int]


@pytest.fixture
def started() -> Iterator[Started]:
    """Starts Python processes that do something and then wait; gives their PIDs."""
    with ExitStack() as stack:

        def start(code: str) -> int:
            child = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code + WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            )
            stack.callback(child.kill)
            assert child.stdout is not None
            child.stdout.readline()
            return child.pid

        yield start


def seen(pid: int) -> Footprint:
    """The footprint of a process that runs."""
    found = footprint(pid)
    assert found is not None
    return found


@pytest.mark.parametrize("what", TAKES)
def test_what_a_process_takes_is_seen(what: str, started: Started) -> None:
    """Lose this and a QEMU that leaks at each move costs nothing."""
    code, figure, taken = TAKES[what]
    more = figure(seen(started(code))) - figure(seen(started("pass")))
    assert taken * 0.99 <= more <= taken * 1.1  # Two processes differ by some pages.


def test_helpers_of_a_process_count(started: Started) -> None:
    """Lose this and a QEMU that is started by a wrapper, or leaks in a helper, costs nothing."""
    one = seen(started("pass"))
    both = seen(started("import subprocess; helper = subprocess.Popen(['cat'], stdin=subprocess.PIPE)"))
    assert both.threads == one.threads + 1


OF_A_THREAD = """
import subprocess, threading
started = threading.Event()
def helped():
    subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    started.set()
    threading.Event().wait()
threading.Thread(target=helped, daemon=True).start()
started.wait()
"""


def test_helper_of_any_thread_counts(started: Started) -> None:
    """Lose this and a helper is missed that QEMU's main thread has not started itself."""
    one = seen(started("pass"))
    assert seen(started(OF_A_THREAD)).threads == one.threads + 2


def test_kernel_without_a_list_of_children_is_asked_otherwise(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and nothing is measured on such a kernel."""
    read_text = Path.read_text

    def without_children(file: Path, **how: str) -> str:
        if file.name == "children":
            raise FileNotFoundError(file)
        return read_text(file, **how)

    helped = started("import subprocess; helper = subprocess.Popen(['cat'], stdin=subprocess.PIPE)")
    threads = seen(helped).threads
    monkeypatch.setattr(Path, "read_text", without_children)
    assert seen(helped).threads == threads


def test_process_that_has_ended_has_no_footprint() -> None:
    """Lose this and a QEMU that dies at the end of its move ends in an error of the suite."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert footprint(child.pid) is None


def test_process_that_ends_while_it_is_looked_at_has_none(
    started: Started, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Lose this and the end of a QEMU at the wrong moment ends in an error of the suite."""
    monkeypatch.setattr("fixtures.hosts.footprint.PROC", tmp_path)
    assert footprint(started("pass")) is None
