# SPDX-License-Identifier: Apache-2.0
"""Tests that a wrong policy is reported with all its errors at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.support import load_support
from fixtures.places import MATRIX_FILE

GOOD = """\
name: own
rules:
  - match: {device: e1000}
    tier: best-effort
    reason: nobody has it
default: {tier: supported, reason: the rest}
counts:
  supported: [lost, stranded]
"""
WRONG = """\
name: own
rules:
  - match: {device: e1000, colour: red}
    tier: best
    reason: nobody has it
  - match: {mechanism: [pre-copy]}
    tier: supported
  - match: {signature: "("}
    tier: supported
    reason: x
  - match: {}
    tier: supported
    reason: x
default: {tier: supported, reason: the rest}
counts:
  supported: [hurt]
"""


def policy(tmp_path: Path, text: str) -> str:
    """A policy's file with this text."""
    file = tmp_path / "support.yaml"
    file.write_text(text)
    return str(file)


def test_policy_is_read_from_a_file(tmp_path: Path) -> None:
    """Lose this and a distribution cannot say what it supports."""
    support = load_support(policy(tmp_path, GOOD))
    assert [rule.tier for rule in support.rules] == ["best-effort"]
    assert support.counts_harm("supported", "lost")
    assert not support.counts_harm("best-effort", "lost")


def test_reason_may_be_written_over_several_lines(tmp_path: Path) -> None:
    """Lose this and the verdict has an unprintable mark where a line of matrix.yaml ended."""
    folded = GOOD.replace("reason: nobody has it", "reason: >-\n      nobody\n      has it")
    assert load_support(policy(tmp_path, folded)).rules[0].reason == "nobody has it"


def test_all_errors_of_a_policy_are_reported_at_once(tmp_path: Path) -> None:
    """Lose this and a release team mends a policy one error at a time."""
    with pytest.raises(UsageError) as error:
        load_support(policy(tmp_path, WRONG))
    message = str(error.value)
    for said in (
        "line 3: rules[0].match.colour: unknown key",
        "line 4: rules[0].tier: is 'best'; allowed:",
        "rules[1]: the key 'reason' is missing",
        "rules[1].match.mechanism",
        "rules[2].match.signature: not a regular expression",
        "rules[3].match: is empty",
        "counts.supported[0]: is 'hurt'",
    ):
        assert said in message


def test_rule_that_never_applies_is_reported(tmp_path: Path) -> None:
    """Lose this and a second rule about the same guests is ignored without a word."""
    again = GOOD.replace(
        "default:", "  - match: {device: e1000}\n    tier: supported\n    reason: x\ndefault:"
    )
    with pytest.raises(UsageError, match=r"rules\[1\]\.match: is what rules\[0\] is about"):
        load_support(policy(tmp_path, again))


def test_unknown_policy_names_the_shipped_ones() -> None:
    """Lose this and a slip in --support ends in a message about a missing file."""
    with pytest.raises(UsageError, match="did you mean field"):
        load_support("feild")


def test_matrix_may_name_or_contain_a_policy(tmp_path: Path) -> None:
    """Lose this and a distribution must give --support with each command."""
    text = MATRIX_FILE.read_text().replace("support: field", "support: everything")
    file = tmp_path / "matrix.yaml"
    file.write_text(text)
    assert load_matrix(file).support.name == "everything"
    inline = "support:\n" + "".join(f"  {line}\n" for line in GOOD.splitlines())
    file.write_text(text.replace("support: everything\n", inline))
    assert load_matrix(file).support.name == "own"


def test_file_that_the_matrix_names_is_beside_the_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a distribution's matrix works only in the directory in which it was written."""
    (tmp_path / "own").mkdir()
    policy(tmp_path / "own", GOOD)
    file = tmp_path / "own/matrix.yaml"
    file.write_text(MATRIX_FILE.read_text().replace("support: field", "support: support.yaml"))
    monkeypatch.chdir(tmp_path)
    assert load_matrix(Path("own/matrix.yaml")).support.name == "own"
    assert load_matrix(file).support.name == "own"
    with pytest.raises(UsageError, match=r"there is no policy and no file 'support\.yaml'"):
        load_support("support.yaml")
    assert load_support("own/support.yaml").name == "own"


def test_missing_file_that_the_matrix_names_is_shown_with_its_directory(tmp_path: Path) -> None:
    """Lose this and a user does not know from where a policy's file is looked up."""
    file = tmp_path / "matrix.yaml"
    file.write_text(MATRIX_FILE.read_text().replace("support: field", "support: missing.yaml"))
    with pytest.raises(
        UsageError, match=f"support: there is no policy and no file '{tmp_path}/missing.yaml'"
    ):
        load_matrix(file)


def test_errors_of_a_policy_in_the_matrix_have_its_lines(tmp_path: Path) -> None:
    """Lose this and a wrong rule in matrix.yaml cannot be found."""
    file = tmp_path / "matrix.yaml"
    wrong = "support:\n" + "".join(f"  {line}\n" for line in WRONG.splitlines())
    file.write_text(MATRIX_FILE.read_text().replace("support: field\n", wrong))
    with pytest.raises(UsageError, match=r"support\.rules\[0\]\.match\.colour: unknown key"):
        load_matrix(file)


def test_policy_does_not_change_the_digest_of_a_matrix(tmp_path: Path) -> None:
    """Lose this and a recorded run cannot be judged by another policy."""
    file = tmp_path / "matrix.yaml"
    file.write_text(MATRIX_FILE.read_text().replace("support: field", "support: everything"))
    assert load_matrix(file).digest == load_matrix(MATRIX_FILE).digest
