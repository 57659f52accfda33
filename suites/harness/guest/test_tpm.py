# SPDX-License-Identifier: Apache-2.0
"""What is made of the agent's answers about the TPM that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest

from fixtures.errors import RigError
from fixtures.evidence.checks import Check
from fixtures.guest.agent import Agent
from fixtures.guest.tpm import KEPT, Tpm, commands_answered, found_again, kept

VALUES = dict.fromkeys(KEPT, "5a" * 32)
USED = {"sent": "150", "answered": "150", "failed": "0", "longest_us": "3400", "first": "none"}
Answers = Mapping[str, Mapping[str, str]]


def _tpm(answers: Answers, recorded: list[Check], *, exists: bool = True) -> Tpm:
    class Scripted:
        def ask(self, command: str, **_: object) -> Mapping[str, str]:
            return answers[command]

    def record(check: Check) -> Check:
        recorded.append(check)
        return check

    return Tpm(lambda: cast("Agent", Scripted()), record, exists=exists)


def test_answered_commands_hold() -> None:
    """Lose this and a TPM in order counts as broken."""
    check = commands_answered(USED)
    assert check
    assert check.detail == "all 150 commands answered, the slowest in 3 ms"


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"answered": "149"}, "1 of 150 commands never answered"),
        (
            {"failed": "2", "first": "PCR_Read: the TPM answers 0x100"},
            "2 of 150 commands failed; first PCR_Read: the TPM answers 0x100",
        ),
    ],
)
def test_command_without_its_answer_is_found(changed: dict[str, str], said: str) -> None:
    """Lose this and a guest whose TPM hangs, or was switched off, passes."""
    check = commands_answered(USED | changed)
    assert (check.held, check.detail) == (False, said)


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("now", ["00" * 32, "Unseal: the TPM answers 0x99d"])
def test_what_is_not_kept_is_found(name: str, now: str) -> None:
    """Lose this and a guest that can no longer open its disk passes."""
    recorded: list[Check] = []
    look = VALUES | {name: now}
    answers = {"tpm-begin": VALUES, "tpm-state": USED, "tpm-end": USED, "tpm-look": look}
    tpm = _tpm(answers, recorded)
    tpm.is_used()
    failed = [check for check in tpm.is_as_before() if not check]
    assert [(check.name, check.what) for check in failed] == [("tpm-state", KEPT[name])]
    assert len(recorded) == 1 + len(KEPT)


def test_guest_without_a_tpm_is_asked_nothing() -> None:
    """Lose this and each field guest without a TPM ends as an error."""
    recorded: list[Check] = []
    tpm = _tpm({}, recorded, exists=False)
    tpm.is_used()
    assert [*tpm.is_as_before(), *recorded] == []


def test_what_is_kept_holds() -> None:
    """Lose this and each guest with a TPM counts against the update."""
    assert all(kept(name, VALUES[name], VALUES[name]) for name in KEPT)


@pytest.mark.parametrize(
    "answers",
    [
        {"tpm-begin": VALUES | {"sealed": "Load: the TPM answers 0x101"}, "tpm-state": USED},
        {"tpm-begin": VALUES, "tpm-state": USED | {"answered": "3", "failed": "1"}},
    ],
)
def test_tpm_that_never_worked_is_no_defect_of_a_build(answers: Answers) -> None:
    """Lose this and a TPM that does not work before any move counts against the update."""
    with pytest.raises(RigError, match="before any move"):
        _tpm(answers, []).is_used()


def test_index_that_the_next_start_does_not_find_is_found() -> None:
    """Lose this and a guest whose TPM's files are lost passes."""
    before, gone = "5a" * 32, "NV_Read: the TPM answers 0x18b"
    assert found_again(before, before)
    check = found_again(before, gone)
    assert (check.held, check.name) == (False, "tpm-next-start")
    assert check.detail == f"an NV index has other content: {gone}, before the move {before}"


def test_only_the_index_is_asked_of_the_next_start() -> None:
    """Lose this and each guest fails that is started anew: its PCR is empty then, and nothing is loaded."""
    recorded: list[Check] = []
    look = {"pcr": "00" * 32, "index": VALUES["index"], "loaded": "Unseal: none", "sealed": "Unseal: none"}
    tpm = _tpm({"tpm-begin": VALUES, "tpm-state": USED, "tpm-look": look}, recorded)
    tpm.is_used()
    assert tpm.has_its_index()
    assert [check.name for check in recorded] == ["tpm-next-start"]
