# SPDX-License-Identifier: Apache-2.0
"""The documentation: its commands, files, options, builds, links and YAML exist. Nothing of it is run."""

import pytest

from fixtures.places import ROOT
from suites.harness.support.docs_checks import CHECKS
from suites.harness.support.docs_pages import Page, pages


def test_first_commands_of_the_readme_stay() -> None:
    """Lose this and what everybody types first is hidden below what few need."""
    words = Page("README.md", (ROOT / "README.md").read_text()).commands
    assert words[:2] == [["make", "qualify"], ["pytest", "-n", "auto", "-m", "postcopy"]]


WRONG = {
    "a key that the matrix lacks": ("wrong_yaml", "```yaml\nbuilds:\n  a: {kind: host, path: /}\n```\n"),
    "a build that there is not": ("wrong_yaml", "```yaml\npairs: [{old: none, new: debian-13}]\n```\n"),
    "a waiver without an owner": (
        "wrong_yaml",
        "```yaml\nwaivers:\n- {id: a, match: {arch: x86_64}, reason: b, link: c, expires: 2027-03-31}\n```\n",
    ),
    "a page that is gone": ("wrong_links", "[there](docs/gone.md)"),
    "a heading that is gone": ("wrong_links", "# Here\n[there](#there)"),
    "a file that is gone": ("wrong_files", "see `fixtures/gone.py`"),
    "a file that nobody writes": ("wrong_files", "see `gone.json`"),
    "a quote too few": ("wrong_shell", "```sh\necho 'a\n```\n"),
    "a target that is gone": ("wrong_commands", "```sh\nmake gone\n```\n"),
    "a target in prose that is gone": ("wrong_commands", "as `make gone` does"),
    "a target with more to it": ("wrong_words", "| `make gone [OLD=build]` | goes |"),
    "an option in prose": ("wrong_words", "give `--gone N`"),
    "a variable too many": ("wrong_commands", "```sh\nmake lint OLD=debian-12\n```\n"),
    "a build of make's": ("wrong_commands", "```sh\nmake qualify OLD=gone\n```\n"),
    "an option of pytest's": ("wrong_commands", "```sh\n.venv/bin/pytest suites --gone\n```\n"),
    "an option through make": ("wrong_commands", '```sh\nmake qualify ARGS="--short --gone"\n```\n'),
    "an option of the pins": ("wrong_commands", "```sh\nmake pins ARGS=--gone\n```\n"),
    "an option of the night": ("wrong_commands", "```sh\nmake nightly ARGS=--gone\n```\n"),
    "a build of pytest's": ("wrong_commands", "```sh\npytest --old=gone\n```\n"),
    "a suite that is gone": ("wrong_commands", "```sh\npytest suites/gone\n```\n"),
    "a second command": ("wrong_commands", "```sh\n./setup.sh && make gone\n```\n"),
    "a program that is gone": ("wrong_commands", "```sh\n./gone.sh\n```\n"),
    "a module that is gone": ("wrong_commands", "```sh\n.venv/bin/python -m fixtures.gone\n```\n"),
    "an option of a module": ("wrong_commands", "```sh\n.venv/bin/python -m reports a --gone\n```\n"),
    "a program of nobody's": ("wrong_commands", "```sh\nqualify-it-all\n```\n"),
    "a marker that is gone": ("wrong_selections", "```sh\npytest -m gone\n```\n"),
    "words that select nothing": ("wrong_selections", "```sh\npytest -m slow -k gone-for-good\n```\n"),
    "a cell that is gone": (
        "wrong_cells",
        "| what | cells |\n| --- | --- |\n| a | `tap-virtio`, `tap-gone` |\n",
    ),
    "a pattern of cells that is gone": (
        "wrong_cells",
        "| cells | what |\n| --- | --- |\n| `libvirt-*-gone` | a |\n",
    ),
    "a subject that is gone": (
        "wrong_cells",
        "| cells |\n| --- |\n| none; `firmware:gone`: check `frames` |\n",
    ),
    "a test that is gone": (
        "wrong_selections",
        "```sh\npytest suites/hotpatch/test_survival.py::gone\n```\n",
    ),
}


@pytest.mark.parametrize("check", CHECKS)
def test_documentation_tells_the_truth(check: str) -> None:
    """Lose this and a user types what the documentation says, and it does not exist.

    The check must also see what is wrong. Both in one test, as one process collects all tests once for both.
    """
    examples = {what: text for what, (by, text) in WRONG.items() if by == check}
    assert [what for what, text in examples.items() if not list(CHECKS[check](Page("page.md", text)))] == []
    assert [f"{page.name}: {problem}" for page in pages() for problem in CHECKS[check](page)] == []
