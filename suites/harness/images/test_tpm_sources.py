# SPDX-License-Identifier: Apache-2.0
"""What the guest agent does with a TPM, over a made-up one."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from fixtures.guest.tpm import KEPT, commands_answered, kept
from suites.harness.support.agent_parts import Part, compiled_part

MODULES = ["tpm", "jobs", "tpm_commands", "text"]
Answer = dict[str, str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """The agent's part."""
    return compiled_part("tpm", MODULES, tmp_path_factory.mktemp("tpm"))


def _answers(said: str) -> list[Answer]:
    lines = (line.split() for line in said.splitlines())
    return [
        {name: unquote(value) for name, _, value in (word.partition("=") for word in words)}
        for words in lines
    ]


def test_what_the_tpm_keeps_is_found(program: Part) -> None:
    """Lose this and each guest with a TPM counts against the update."""
    begun, ended, looked = _answers(program("begin", "end", "look"))
    assert begun == {"pcr": "5a" * 32, "index": "11" * 32, "loaded": "11" * 32, "sealed": "11" * 32}
    assert all(kept(name, begun[name], looked[name]) for name in KEPT)
    assert commands_answered(ended)
    assert int(ended["sent"]) > 1


def test_first_look_opens_the_tpm(program: Part) -> None:
    """Lose this and a guest that was started anew never finds what its TPM has."""
    (looked,) = _answers(program("look"))
    assert (looked["pcr"], looked["index"]) == ("5a" * 32, "11" * 32)


def test_look_at_no_tpm_says_so(program: Part) -> None:
    """Lose this and a guest that has no TPM after its next start is said not to answer."""
    (looked,) = _answers(program("none", "look"))
    assert looked["index"] == "open /dev/tpm0: No such file or directory"


def test_other_value_of_the_pcr_is_found(program: Part) -> None:
    """Lose this and a guest whose TPM was reset passes."""
    begun, _ended, looked = _answers(program("begin", "reset", "end", "look"))
    assert [name for name in KEPT if not kept(name, begun[name], looked[name])] == ["pcr"]


def test_error_of_the_tpm_is_found(program: Part) -> None:
    """Lose this and a guest whose TPM was switched off passes."""
    begun, ended, looked = _answers(program("begin", "refuse", "end", "look"))
    check = commands_answered(ended)
    assert (check.held, check.what) == (False, "they fail")
    assert "first PCR_Read: the TPM answers 0x100" in check.detail
    assert not any(kept(name, begun[name], looked[name]) for name in KEPT)


def test_command_without_an_answer_is_found(program: Part) -> None:
    """Lose this and a guest whose TPM hangs blocks the agent, or passes."""
    _begun, ended, _looked = _answers(said := program("begin", "silent", "end", "look"))
    assert commands_answered(ended).what == "one is never answered"
    assert "the TPM has not answered a command" in said


def test_answer_that_exaggerates_its_size_is_not_believed(program: Part) -> None:
    """Lose this and a TPM that is broken ends the guest's agent."""
    _begun, _ended, looked = _answers(program("begin", "long", "end", "look"))
    assert looked["pcr"] == "PCR_Read: not 32 bytes"
    assert looked["sealed"] == "Unseal: not 32 bytes"
