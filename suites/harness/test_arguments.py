# SPDX-License-Identifier: Apache-2.0
"""What a command says of a command line that it does not take."""

from __future__ import annotations

import pytest

from fixtures.arguments import CommandLine


@pytest.mark.parametrize(
    "program,given,what,fix",
    [
        (
            "python -m tool",
            ["--secnods", "5"],
            "unrecognized arguments: --secnods 5",
            "did you mean --seconds? `--help` lists the options",
        ),
        (
            "make tool",
            ["--nothing-like-it"],
            "unrecognized arguments: --nothing-like-it",
            "`ARGS=--help` lists the options",
        ),
        ("python -m tool", [""], "unrecognized arguments:", "`--help` lists the options"),
        (
            "python -m tool",
            ["--seconds=\x1b[31mx"],
            r"argument --seconds: invalid int value: '\x1b[31mx'",
            "`--help` lists the options",
        ),
    ],
    ids=["near", "by-make", "empty", "control-character"],
)
def test_wrong_option_is_one_message(
    program: str, given: list[str], what: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a mistake is answered by a page of usage that does not say what to do."""
    parser = CommandLine(prog=program)
    parser.add_argument("--seconds", type=int)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(given)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"command line: {what}\n  what to do: {fix}\n"
