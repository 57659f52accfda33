# SPDX-License-Identifier: Apache-2.0
"""Mistakes that a page of documentation can contain. No command of it is run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fixtures.builds.given import INSTALLED
from fixtures.errors import UsageError
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.matrix.waivers import KEY, with_waivers
from fixtures.places import MATRIX_FILE, ROOT
from fixtures.waiting import patience
from suites.harness.support.docs_cells import wrong_cells
from suites.harness.support.docs_pages import SECONDS, Page, pages
from suites.harness.support.docs_selections import wrong_selections
from suites.harness.support.nested import run_nested

FOREIGN = {
    *("autopkgtest", "bwrap", "createrepo_c", "dnf", "dpkg", "dpkg-scanpackages", "git", "jq", "mmdebstrap"),
    *("cd", "cp", "echo", "exit", "mkdir", "npm", "printf", "test", "tmt", "touch", "virsh", "zypper"),
}
"""Programs that do not belong to the suite; their options are not checked."""
FOREIGN_OPTIONS = frozenset(
    ("--abort", "--metadata", "--output-dir", "--persistent", "--timeout-test", "--undefinesource")
)
"""Options of these programs in the prose. Options that follow them in `sh` blocks are accepted as well."""
BUILD_OPTIONS, BUILD_VARIABLES = ("--old", "--new", "--base"), ("OLD", "NEW", "BASE")
SUITES = frozenset({"forky", "sid", "bookworm-proposed-updates"})
"""Suites of the archive that pages qualify."""
MADE = ("reports/latest", "reports/latest-rerun", "reports/runs", "reports/reruns", "reports/history")
"""Directories that runs write to; none of their files is in the repository."""
OF_PYTEST = frozenset({"fixtures.nightly.candidates", "fixtures.nightly.night"})
"""Modules that pass their arguments to pytest."""
SUFFIXES = "md|py|ya?ml|json|jsonl|xml|toml|in|txt|sh|html|svg|fmf"


def targets() -> dict[str, str]:
    """The targets of the Makefile with their recipes."""
    rules = re.findall(
        r"^([a-z]+):[^\n]*\n((?:\t[^\n]*\n|\t[^\n]*\Z)*)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    return dict(rules)


@cache
def options_of(*command: str) -> frozenset[str]:
    """The options that a command's own help names."""
    done = run_nested([*command, "--help"], patience(SECONDS))
    done.check_returncode()
    return frozenset(re.findall(r"(?<![\w-])(--?[A-Za-z][\w-]*)", done.stdout))


def matrix_with(example: str) -> Matrix:
    """The shipped matrix with an example merged into it. Raises :class:`UsageError`."""
    yaml = YAML()
    whole: dict[str, Any] = yaml.load(MATRIX_FILE.read_text())
    for key, value in yaml.load(example).items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            whole[key].update(value)
        elif isinstance(value, list) and isinstance(whole.get(key), list):
            whole[key] += [each for each in value if each not in whole[key]]
        else:
            whole[key] = value
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.dump(whole, file)
        file.flush()
        return load_matrix(Path(file.name))


@cache
def known_builds() -> frozenset[str]:
    """The builds of matrix.yaml, and those of the pages' examples."""
    examples = [block for page in pages() for block in page.blocks("yaml") if block.startswith("builds:")]
    return frozenset(name for example in ("{}", *examples) for name in matrix_with(example).builds)


def names_build(word: str) -> bool:
    """Can a word of `--old` name a build? Paths are the reader's own."""
    return word in known_builds() | SUITES | {INSTALLED} or "/" in word


def check_waivers(example: str) -> None:
    """Read an example as a whole file of waivers for the shipped matrix. Raises :class:`UsageError`."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(example)
        file.flush()
        with_waivers(load_matrix(MATRIX_FILE), Path(file.name))


def wrong_yaml(page: Page) -> Iterator[str]:
    """YAML blocks that are neither a valid part of a matrix nor a valid file of waivers."""
    for block in page.blocks("yaml"):
        try:
            if block.startswith(f"{KEY}:"):
                check_waivers(block)
            else:
                matrix_with(block)
        except UsageError as error:
            yield str(error)


def wrong_links(page: Page) -> Iterator[str]:
    """Links to files or headings that do not exist."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.prose):
        path, _, heading = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.folder / path).resolve() if path else ROOT / page.name
        if not file.exists():
            yield f"no file {target}"
        elif heading and heading not in {anchor(title) for title in headings(page, file)}:
            yield f"no heading {target}"


def headings(page: Page, file: Path) -> list[str]:
    """The headings of `file`, which may be `page` itself."""
    text = page.prose if file == ROOT / page.name else Page("", file.read_text()).prose
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def anchor(title: str) -> str:
    """The link target of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def wrong_files(page: Page) -> Iterator[str]:
    """Names of files that are neither in the repository nor in the code that writes them."""
    for name in re.findall(r"`([\w./-]+)`", page.prose):
        rooted = re.match(r"(fixtures|suites|images|reports|docs|\.ci)/", name)
        if not rooted and not re.fullmatch(rf"[\w.-]+\.({SUFFIXES})", name):
            continue
        if name.startswith(MADE) or (ROOT / name).exists():
            continue
        if rooted or (f'"{name}"' not in source() and f"/{name}" not in source()):
            yield f"no file {name}"


@cache
def source() -> str:
    """The source text of the library, the reports and the tests of virsh."""
    files = ("fixtures/**/*.py", "reports/**/*.py", "reports/schemas/*.json", "suites/libvirt/*.py")
    return "\n".join(file.read_text() for pattern in files for file in sorted(ROOT.glob(pattern)))


def wrong_shell(page: Page) -> Iterator[str]:
    """Syntax errors in `sh` blocks."""
    for block in page.blocks("sh"):
        error = subprocess.run(
            ["bash", "-n"], input=block, capture_output=True, text=True, check=False
        ).stderr
        if error:
            yield error.strip()


def wrong_commands(page: Page) -> Iterator[str]:
    """Commands with a program, target, option, variable or build that does not exist."""
    for words in page.commands:
        program, arguments = words[0], words[1:]
        module = arguments[1] if program.endswith(("python", "python3")) and arguments[:1] == ["-m"] else ""
        if program == "make" and arguments and "-C" not in arguments:
            yield from wrong_make(arguments)
        elif program.endswith("pytest") or module in OF_PYTEST:
            yield from wrong_pytest(arguments[2 if module else 0 :])
        elif module:
            yield from wrong_module(module, arguments[2:])
        elif program.startswith((".", "suites/")) and not program.startswith(".venv/"):
            if not (ROOT / program).is_file():
                yield f"no program {program}"
        elif not program.startswith(".venv/bin/") and program not in FOREIGN and program != "make":
            yield f"an unknown program: {program}"


def wrong_words(page: Page) -> Iterator[str]:
    """Targets and options in the prose that do not exist."""
    for target in re.findall(r"`make ([a-z]+)", page.prose):
        if target not in targets():
            yield f"no target make {target}"
    in_blocks = {word.partition("=")[0] for words in page.commands for word in words if words[0] in FOREIGN}
    known = pytest_options() | own_options() | FOREIGN_OPTIONS | in_blocks
    for option in re.findall(r"(?<![\w-])(--[a-z][\w-]*)", " ".join(re.findall(r"`(-[^`]+)`", page.prose))):
        if option not in known and f'"{option}"' not in source():
            yield f"no option {option}"


@cache
def own_options() -> frozenset[str]:
    """The options of the suite's commands other than pytest."""
    named = ("reports", "fixtures.builds.pins", "fixtures.operator")
    modules = (options_of(sys.executable, "-m", module) for module in named)
    in_setup = re.findall(r"^#   (--[\w-]+)", (ROOT / "setup.sh").read_text(), re.MULTILINE)
    return frozenset(in_setup).union(*modules)


def wrong_make(arguments: Sequence[str]) -> Iterator[str]:
    """What is wrong with a make command."""
    recipe = targets().get(arguments[0])
    if recipe is None:
        yield f"no target make {arguments[0]}"
        return
    for word in arguments[1:]:
        variable, _, value = word.partition("=")
        if f"$({variable})" not in recipe:
            yield f"make {arguments[0]} takes no {variable}"
        elif variable in BUILD_VARIABLES and not names_build(value):
            yield f"no build {value}"
        elif variable == "ARGS":
            module = re.search(r"python -m ([\w.]+)", recipe)
            given = shlex.split(value)
            if module is None or module[1] in OF_PYTEST:
                yield from wrong_pytest(given)
            else:
                yield from wrong_module(module[1], given)


def wrong_module(module: str, arguments: Sequence[str]) -> Iterator[str]:
    """What is wrong with a command that runs a module of the suite."""
    place = ROOT.joinpath(*module.split("."))
    if not (place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()):
        yield f"no module {module}"
    elif given := {word.partition("=")[0] for word in arguments if word.startswith("-")}:
        yield from (
            f"{module} has no {option}" for option in given - options_of(sys.executable, "-m", module)
        )


def pytest_options() -> frozenset[str]:
    """The options of pytest with all plugins of this suite."""
    return options_of(sys.executable, "-m", "pytest", "-n0")


def wrong_pytest(arguments: Sequence[str]) -> Iterator[str]:
    """Options, builds and files that pytest or the suite does not know."""
    for place, word in enumerate(arguments):
        option, _, value = word.partition("=")
        value = value or " ".join(arguments[place + 1 : place + 2])
        if word.startswith("-"):
            short = word[:2] if not word.startswith("--") and word not in pytest_options() else option
            if option not in pytest_options() and short not in pytest_options():
                yield f"pytest has no {option}"
            if option in BUILD_OPTIONS and not names_build(value):
                yield f"no build {value}"
        elif place and arguments[place - 1] == "-p":
            if not ROOT.joinpath(*word.split(".")).with_suffix(".py").is_file():
                yield f"no module {word}"
        elif word.startswith("suites") and not (ROOT / word.partition("::")[0]).exists():
            yield f"no file {word}"


CHECKS: dict[str, Callable[[Page], Iterator[str]]] = {
    "wrong_yaml": wrong_yaml,
    "wrong_links": wrong_links,
    "wrong_files": wrong_files,
    "wrong_shell": wrong_shell,
    "wrong_commands": wrong_commands,
    "wrong_words": wrong_words,
    "wrong_selections": wrong_selections,
    "wrong_cells": wrong_cells,
}
