# SPDX-License-Identifier: Apache-2.0
"""Do the variables of make reach their command as the user gave them?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures.places import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile beside a setup.sh that does nothing; pytest and python print their arguments."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    commands = [tmp_path / ".venv/bin" / name for name in ("pytest", "python")]
    commands[0].parent.mkdir(parents=True)
    for command in commands:
        command.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "setup.sh").write_text("#!/bin/sh\n")
    for program in (*commands, tmp_path / "setup.sh"):
        program.chmod(0o755)
    return tmp_path


NEEDED = {"candidates": ("CANDIDATES=build",), "report": ("FROM=directory",)}
"""What a target cannot do without."""


@pytest.mark.parametrize(
    "target,variable",
    [
        ("qualify", "OLD"),
        ("qualify", "NEW"),
        ("qualify", "ARCH"),
        ("qualify", "WAIVERS"),
        ("candidates", "OLD"),
        ("candidates", "BASE"),
        ("candidates", "WAIVERS"),
        ("bench", "OLD"),
        ("report", "WAIVERS"),
    ],
)
def test_quote_in_a_variable_reaches_the_command(target: str, variable: str, checkout: Path) -> None:
    """Lose this and a quote in `OLD=` runs as a command of the shell."""
    value = "x'; touch pwned; echo '\"`touch pwned`"
    words = ["make", target, *NEEDED.get(target, ()), f"{variable}={value}"]
    done = subprocess.run(words, cwd=checkout, capture_output=True, text=True, check=False)
    assert f"--{variable.lower()}={value}" in done.stdout.splitlines()
    assert not (checkout / "pwned").exists()


@pytest.mark.parametrize("target", NEEDED)
def test_missing_variable_is_named(target: str, checkout: Path) -> None:
    """Lose this and a user of make reads the usage of another command."""
    done = subprocess.run(["make", target], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    (needed,) = NEEDED[target]
    assert f'say {needed.partition("=")[0]}="' in done.stderr.splitlines()[0]


def test_variable_that_is_not_given_is_left_out(checkout: Path) -> None:
    """Lose this and `make qualify` asks for a build without a name."""
    done = subprocess.run(["make", "qualify"], cwd=checkout, capture_output=True, text=True, check=False)
    assert not [word for word in done.stdout.splitlines() if word.startswith(("--old", "--new", "--arch"))]


def refusal(checkout: Path, *words: str) -> str:
    """What make says to somebody at a desk, for whom it does nothing."""
    at_a_desk = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", *words], cwd=checkout, env=at_a_desk, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize(
    "target,typed,takes",
    [
        ("qualify", "NWE=./incoming", "OLD NEW BASE ARCH WAIVERS QUICK ARGS"),
        ("qualify", "new=./incoming", "OLD NEW"),
        ("qualify", "NEWS=sid", "OLD NEW"),
        ("qualify", "CANDIDATES=sid", "OLD NEW"),
        ("nightly", "NEW=./incoming", "ARGS;"),
        ("test", "NEW=./incoming", "none;"),
    ],
)
def test_variable_that_a_target_does_not_take_is_refused(
    target: str, typed: str, takes: str, checkout: Path
) -> None:
    """Lose this and `make qualify NWE=./incoming` qualifies the default pair in place of the upload."""
    (message,) = refusal(checkout, target, typed).splitlines()
    assert f"make {target} takes no variable {typed.partition('=')[0]}; it takes {takes}" in message


def test_each_of_several_targets_must_take_a_variable(checkout: Path) -> None:
    """Lose this and `make qualify nightly NEW=./incoming` runs a night without the upload."""
    said = refusal(checkout, "qualify", "nightly", "NEW=./incoming")
    assert "make nightly takes no variable NEW; it takes ARGS;" in said


def test_each_variable_of_a_target_is_told(checkout: Path) -> None:
    """Lose this and `make help` names a variable that its target refuses, or leaves one out."""
    makefile = (ROOT / "Makefile").read_text()
    taken = dict(re.findall(r"^([a-z]+)_takes := (.*)$", makefile, re.MULTILINE))
    said = subprocess.run(["make", "help"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        target, _, words = line.removeprefix("  make ").partition(" ")
        named = re.findall(r"\b([A-Z]{3,})=", words)
        assert sorted(named) == sorted(taken.get(target, "").split()), target


@pytest.mark.parametrize("typed", ["PYTHON=python3.12", "https_proxy=http://proxy:3128", "__COMPLETION__=1"])
def test_variable_of_the_set_up_is_taken(typed: str, checkout: Path) -> None:
    """Lose this and a user cannot choose the interpreter, or complete the name of a target."""
    done = subprocess.run(["make", "qualify", typed], cwd=checkout, capture_output=True, check=False)
    assert done.returncode == 0


def test_variables_that_no_target_takes_may_come_from_elsewhere(checkout: Path) -> None:
    """Lose this and a checkout cannot be qualified by a make that hands down variables of its own."""
    (checkout / "outer.mk").write_text("all:\n\t+@$(MAKE) -f Makefile qualify HOTPATCH_CACHE=cache\n")
    words = ["make", "-f", "outer.mk", "DESTDIR=there", "NEW=sid"]
    done = subprocess.run(words, cwd=checkout, capture_output=True, text=True, check=True)
    assert "--new=sid" in done.stdout.splitlines()
