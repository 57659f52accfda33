# SPDX-License-Identifier: Apache-2.0
"""Words of the command line that name a build which no matrix file has."""

from pathlib import Path

import pytest

from fixtures.builds.given import given_builds, name_of_path
from fixtures.errors import UsageError
from fixtures.matrix.build_specs import RootBuild, TreeBuild
from fixtures.matrix.given import Given
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.places import MATRIX_FILE


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """The shipped matrix."""
    return load_matrix(MATRIX_FILE)


def read(matrix: Matrix, word: str) -> Given:
    """The build that `--new` names."""
    (given,) = given_builds(matrix, {"--old": "debian-13", "--new": word})
    return given


def test_name_of_the_matrix_wins(matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a directory that happens to be called debian-13 is qualified instead of the build."""
    (tmp_path / "debian-13/usr").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert given_builds(matrix, {"--old": "debian-12", "--new": "debian-13"}) == ()
    assert isinstance(read(matrix, "./debian-13").build, RootBuild)


def test_directories_are_known_by_what_is_in_them(matrix: Matrix, tmp_path: Path) -> None:
    """Lose this and a root or a tree needs an entry in matrix.yaml before it can be tried."""
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    (tmp_path / "root/usr/bin/qemu-system-x86_64").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/qemu-system-ppc64").touch()
    root, tree = (read(matrix, str(tmp_path / name)) for name in ("root", "tree"))
    assert isinstance(root.build, RootBuild)
    assert root.build.path == root.word == str(tmp_path / "root")
    assert isinstance(tree.build, TreeBuild)
    assert tree.build.path == tree.word == str(tmp_path / "tree")
    known = matrix.with_given({root.name: root.build})
    assert known.build(root.name) is root.build
    assert known.digest == matrix.digest


def test_base_under_nothing_is_refused(matrix: Matrix) -> None:
    """Lose this and a user believes that the base was used."""
    words = {"--old": "debian-12", "--new": "debian-13", "--base": "debian-13"}
    with pytest.raises(UsageError, match=r"^--base debian-13: is given, but neither the old nor the new"):
        given_builds(matrix, words)


@pytest.mark.parametrize("word", ["missing", "./missing", "/missing/below"])
def test_word_that_names_nothing_is_refused(word: str, matrix: Matrix) -> None:
    """Lose this and a typing error ends in a traceback, or in a run of another build."""
    with pytest.raises(UsageError, match=r"^--new: .*missing") as refused:
        read(matrix, word)
    assert "a name of matrix.yaml" in str(refused.value)
    assert "debian-13-backports" in str(refused.value)


def test_directory_without_a_build_is_refused(matrix: Matrix, tmp_path: Path) -> None:
    """Lose this and a run begins with an empty directory, and fails in its first cell."""
    lacks = r"has no \.deb or \.rpm files, no QEMU and no directory usr"
    with pytest.raises(UsageError, match=lacks):
        read(matrix, str(tmp_path))


@pytest.mark.parametrize(
    "name,message",
    [
        ("qemu.deb", "is one package file: give the directory that it is in"),
        ("qemu.rpm", "is one package file: give the directory that it is in"),
        ("notes.txt", r"is no file of apt's sources \(\.sources, \.list\)"),
    ],
)
def test_file_that_is_no_build_says_so(name: str, message: str, matrix: Matrix, tmp_path: Path) -> None:
    """Lose this and who names a package file instead of its directory reads a list of all words."""
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match=message):
        read(matrix, str(tmp_path / name))


def test_names_of_directories_are_plain_and_differ(tmp_path: Path) -> None:
    """Lose this and two directories called `incoming` are one build, or a blank breaks a command line."""
    names = [name_of_path(tmp_path / name) for name in ("a/incoming", "b/incoming", "with blank & more", ".")]
    assert names[0].startswith("incoming-")
    assert names[2].startswith("with-blank-more-")
    assert len(set(names)) == len(names)
