# SPDX-License-Identifier: Apache-2.0
"""matrix.yaml is read as it was meant, or refused with file, line, field and what is allowed."""

import contextlib
import copy
import io
import os
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from fixtures.errors import UsageError
from fixtures.matrix.build_specs import DebianBuild, HostBuild, RootBuild, TreeBuild
from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.matrix_samples import BAD, GOOD

Load = Callable[[str], Matrix]
Refuse = Callable[[str], str]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a matrix file with the given text."""

    def load_text(text: str) -> Matrix:
        (tmp_path / "matrix.yaml").write_text(text, encoding="utf-8")
        return load_matrix(tmp_path / "matrix.yaml")

    return load_text


@pytest.fixture
def refuse(load: Load) -> Refuse:
    """Loads a matrix file that must be refused; returns the message."""

    def refuse_text(text: str) -> str:
        with pytest.raises(UsageError) as refused:
            load(text)
        return str(refused.value)

    return refuse_text


def test_shipped_matrix_loads() -> None:
    """Lose this and the first command of the README fails before it has begun."""
    matrix = load_matrix(MATRIX_FILE)
    assert str(matrix.pair()) == "debian-12 -> debian-13"
    assert matrix.build("debian-13").kind == "debian"


def test_each_kind_of_build_is_read(load: Load) -> None:
    """Lose this and a user cannot qualify a QEMU of their own, only Debian's."""
    more = "  tree: {kind: tree, path: /src/build}\n  here: {kind: host}\npairs:"
    builds = load(GOOD.replace("pairs:", more, 1)).builds.values()
    assert [type(build) for build in builds] == [DebianBuild, RootBuild, TreeBuild, HostBuild]


SAYS_WHAT_TO_DO = re.compile("allowed|needs its own|(?:add|take|write|rename|leave|put|give|at least) ")
"""Words of which each problem of a file has one."""


@pytest.mark.parametrize("case", BAD)
def test_mistake_is_reported_with_line_and_field(case: str, refuse: Refuse) -> None:
    """Lose this and whoever mistypes a line of matrix.yaml has to guess which."""
    written, instead, expected = BAD[case]
    assert written in GOOD
    message = refuse(GOOD.replace(written, instead, 1).replace("before -> after}", "x}"))
    assert "matrix.yaml: line " in message
    assert expected in message
    assert [line for line in message.splitlines() if not SAYS_WHAT_TO_DO.search(line)] == []


def test_all_mistakes_are_reported_at_once_in_order(refuse: Refuse) -> None:
    """Lose this and a user learns of only one mistake per run."""
    message = refuse(
        GOOD.replace("[qmp]", "[]").replace("new: after", "new: aftre").replace("schema: 1", "schema: 2")
    )
    lines = [line.split("line ")[1].split(":")[0] for line in message.splitlines()]
    assert lines == ["1", "13", "14", "28"]


LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)
"""Nine times nine aliases of aliases: 200 bytes for 400 million values."""
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 2000))
UNREADABLE = {
    "aliases": (LAUGHS.encode(), "more than 100000 values, or 50 levels of them, with all aliases followed"),
    "chain of aliases": (CHAIN.encode(), "more than 100000 values, or 50 levels"),
    "nested": (b"[" * 1_000, "not YAML: maximum recursion depth"),
    "long": (b"#" * (1 << 21), "cannot be read: it is longer than 1 MiB"),
    "syntax": (b"schema: 1\nbuilds: [\n", "not YAML"),
    "tab": (b"schema: 1\n\tbuilds: 1\n", "line 2: not YAML"),
    "not-utf-8": (b"schema: 1\n# \xff\n", "line 2: not UTF-8"),
    "control-character": (b"schema: \x01\n", "not YAML"),
    "two-documents": (b"schema: 1\n---\nschema: 1\n", "line 2: not YAML"),
    "empty": (b"", "line 1: the file: is None; allowed: a mapping"),
    "list": (b"- 1\n", "the file: is a list; allowed: a mapping"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_file_that_is_no_matrix_is_reported(case: str, tmp_path: Path) -> None:
    """Lose this and a broken file ends in a traceback of the YAML library."""
    content, expected = UNREADABLE[case]
    (tmp_path / "matrix.yaml").write_bytes(content)
    with pytest.raises(UsageError, match=expected):
        load_matrix(tmp_path / "matrix.yaml")


def test_fifo_and_device_are_no_matrix(tmp_path: Path) -> None:
    """Lose this and `--matrix` of a FIFO or a device waits for ever."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(UsageError, match="cannot be read: it is no regular file"):
            load_matrix(path)


@pytest.mark.parametrize("name", ["absent.yaml", "", "nul\0byte"])
def test_file_that_is_not_there_is_reported(name: str, tmp_path: Path) -> None:
    """Lose this and a wrong `--matrix` ends in a traceback."""
    with pytest.raises(UsageError, match="cannot be read"):
        load_matrix(tmp_path / name)


def test_unknown_build_is_reported_with_the_known_ones() -> None:
    """Lose this and a mistyped `--old` leaves the user searching for the right name."""
    matrix = load_matrix(MATRIX_FILE)
    with pytest.raises(
        UsageError, match=r"did you mean debian-12\? known builds: debian-11, debian-12-previous"
    ):
        matrix.pair(old="debain-12")


@pytest.mark.parametrize("name", ["two words", "../etc", "x" * 100])
def test_name_that_no_build_can_have_is_reported(name: str) -> None:
    """Lose this and a slip in `--new` ends in a traceback of the schema."""
    with pytest.raises(UsageError, match="known builds: "):
        load_matrix(MATRIX_FILE).pair(new=name)


def test_any_two_builds_make_a_pair() -> None:
    """Lose this and controls, rollbacks and new pairs cannot be run."""
    matrix = load_matrix(MATRIX_FILE)
    assert str(matrix.pair(new="debian-12")) == "debian-12 -> debian-12"
    assert str(matrix.pair(old="debian-13", new="debian-11")) == "debian-13 -> debian-11"


def test_word_all_stands_for_every_mechanism(load: Load) -> None:
    """Lose this and a new mechanism is in the table, and no run tries it."""
    without_tls = tuple(name for name, spec in MECHANISMS.items() if spec.tls is None)
    assert load(GOOD.replace("[precopy, postcopy]", "all")).mechanisms == without_tls


def test_matrix_cannot_be_changed(load: Load) -> None:
    """Lose this and one test may change what the next one qualifies."""
    with pytest.raises(ValidationError, match="frozen"):
        load(GOOD).schema_version = 1  # type: ignore[misc]


no_fixture_reset = settings(
    # An example takes a tenth of a second, and each run draws others.
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
numbers = st.integers(0, 99).map(str)
versions = st.one_of(
    st.lists(numbers, min_size=2, max_size=3).map(".".join), st.sampled_from(["9.10", "10.0", "1e3", "0x10"])
)


@no_fixture_reset
@given(version=versions)
def test_version_comes_back_as_it_was_written(version: str, load: Load) -> None:
    """Lose this and 9.10 is qualified as 9.1."""
    matrix = load(GOOD.replace('"1.16"', f'"{version}"').replace("newest-old", f"'{version}'"))
    before = matrix.build("before")
    assert isinstance(before, DebianBuild)
    assert before.packages["seabios"] == version
    assert matrix.machine_types["x86_64"][0].version == version


def _mappings(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of all mappings with fixed keys."""
    free = place in {("builds",), ("kernels",), ("machine_types",)} or place[-1:] == ("packages",)
    if isinstance(value, dict) and not free:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _mappings(item, (*place, step))


PLAIN = YAML(typ="safe").load(GOOD)
keys = st.text(string.ascii_lowercase + "_-", min_size=1, max_size=12)


@no_fixture_reset
@given(
    place=st.sampled_from(list(_mappings(PLAIN))), key=keys | st.sampled_from(["debian", "root", "on", "no"])
)
def test_unknown_key_is_refused_wherever_it_stands(
    place: tuple[str | int, ...], key: str, refuse: Refuse
) -> None:
    """Lose this and a mistyped key is dropped in silence, and less is qualified than was asked for."""
    changed = copy.deepcopy(PLAIN)
    mapping = changed
    for step in place:
        mapping = mapping[step]
    known = {
        "schema",
        "note",
        "release",
        "extra",
        "qemu",
        "old",
        "new",
        "arch",
        "machine",
        "path",
        "mechanism",
    }
    unknown = key if key not in {*mapping, *known, "subject", "signature"} else f"{key}_"
    mapping[unknown] = "x"
    out = io.StringIO()
    YAML(typ="safe", pure=True).dump(changed, out)
    text = out.getvalue()
    message = refuse(text)
    assert f".{unknown}: unknown key" in message or f" {unknown}: unknown key" in message
    (line,) = {int(part.split(":")[0]) for part in message.split("line ")[1:]}
    assert unknown in text.splitlines()[line - 1]


@no_fixture_reset
@given(text=st.text(max_size=60), cut=st.integers(0, len(GOOD)))
def test_no_text_leads_to_a_traceback(text: str, cut: int, tmp_path: Path) -> None:
    """Lose this and some slip of the keyboard shows a traceback instead of the line."""
    path = tmp_path / "matrix.yaml"
    path.write_bytes((GOOD[:cut] + text + GOOD[cut:]).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(UsageError):
        assert load_matrix(path).schema_version == 1
