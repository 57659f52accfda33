# SPDX-License-Identifier: Apache-2.0
"""What a build says, made safe to show: bounded, and without characters that act on a reader's screen."""

import pytest

from fixtures.errors import HotPatchFailure, RigError, UsageError
from fixtures.evidence.checks import Check
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.printable import MOST_MESSAGE, MOST_SHOWN, REPLACED, printable, shown, shown_line

LONG = "x" * 3_000_000
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "colour": ("\x1b[31mred\x1b[0m", "red"),
    "title": ("\x1b]0;owned\x07", f"{REPLACED}]0;owned{REPLACED}"),
    "8-bit sequence": ("\x9b2J!", "!"),
    "carriage return": ("bad\rgood", f"bad{REPLACED}good"),
    "right to left": ("\u202egnp.exe\u2066", f"{REPLACED}gnp.exe{REPLACED}"),
    "line separator": ("a\u2028b\x85c", f"a{REPLACED}b{REPLACED}c"),
    "surrogate": ("a\udcffb", f"a{REPLACED}b"),
    "no UTF-8": (b"\xff\xfeQEMU", f"{REPLACED}{REPLACED}QEMU"),
    "nothing wrong": ("größe\t→ 漢字\r\nnext", "größe\t→ 漢字\nnext"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_control_characters_are_replaced(kind: str) -> None:
    """Lose this and a build's message moves the cursor, hides text, or breaks the XML of a report."""
    said, safe = HOSTILE[kind]
    assert printable(said) == safe


def test_long_text_is_cut_and_says_so() -> None:
    """Lose this and one line of 3 MB fills the terminal and verdict.json."""
    assert shown(LONG, 10) == "xxxxxxxxxx… (2999990 characters more)"
    assert shown(shown(LONG, 10), 10) == shown(LONG, 10)
    assert shown("short", 4) == "short"


def test_line_stays_one_line() -> None:
    """Lose this and a message of several lines breaks a table apart."""
    assert shown_line("one\n  two\tthree") == "one two three"


@pytest.mark.parametrize("kind", [RigError, UsageError, lambda said: HotPatchFailure("migrate", said)])
def test_every_error_is_bounded(kind: type[Exception]) -> None:
    """Lose this and an error that quotes a build prints without end, or acts on the terminal."""
    message = str(kind(f"\x1b[2J{LONG}"))
    assert len(message) < MOST_MESSAGE + 50
    assert "\x1b" not in message


def test_detail_of_a_check_is_bounded() -> None:
    """Lose this and a guest's kernel log ends up whole in the reason of its cell."""
    check = Check("kernel-log", False, f"\x1b{LONG}", LONG)
    assert max(len(check.detail), len(check.what)) < MOST_SHOWN + 50
    assert check.detail.startswith(REPLACED)


def test_cell_leaves_its_worker_with_bounded_texts() -> None:
    """Lose this and what no other place has bounded still reaches verdict.json and every report."""
    run = RunRecord("old", "new", "fail", LONG, f"migrate: \x1b[31m{LONG}")
    cell = CellResult(
        "a", "b", "hotpatch", "x86_64", "q35", "qmp", "precopy", "busy", Outcome.FLAKY, LONG, runs=[run]
    )
    data = cell.to_json()
    texts = [data["reason"], data["runs"][0]["reason"], data["runs"][0]["signature"]]
    assert max(map(len, texts)) < MOST_MESSAGE + 50
    assert not any("\x1b" in text for text in texts)
