# SPDX-License-Identifier: Apache-2.0
"""Directories of .rpm files over a build of rpm packages, whose repository is signed here: made for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.build import Build, open_build
from fixtures.builds.given import given_builds
from fixtures.cache import cache_root
from fixtures.errors import UsageError
from fixtures.matrix.build_specs import RpmBuild
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.local_archive import package
from suites.harness.support.rpm_repository import (
    NEEDS_PROGRAMS,
    OTHER,
    OWN,
    RELEASE,
    VERSION,
    Signer,
    build_of,
    index,
    make_package,
    make_signer,
)

pytestmark = [NEEDS_PROGRAMS, pytest.mark.timeout(300)]
QEMU, FIRMWARE = "qemu-kvm-core", "seabios-bin"
PROGRAM, BIOS = "usr/libexec/qemu-kvm", "usr/share/seabios/bios.bin"
OLD, NEWER = f"{VERSION}-{RELEASE}", f"10.0.14-{RELEASE}"
Opens = Callable[[], Build]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """The key of the repository."""
    return make_signer(tmp_path_factory.mktemp("keys") / "ours", "ours")


def tree(place: Path, said: str = "", *, file: str = PROGRAM) -> Path:
    """Files for a package: a program, with something at its end by which it is known."""
    (place / file).parent.mkdir(parents=True)
    (place / file).write_bytes(Path("/bin/true").read_bytes() + said.encode())
    return place


@pytest.fixture
def base(ours: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RpmBuild:
    """A build of two signed packages, and a cache of this test's own."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    repository = tmp_path / "repository"
    make_package(repository, QEMU, tree(tmp_path / "old"), signer=ours, requires=[FIRMWARE])
    make_package(repository, FIRMWARE, tree(tmp_path / "bios", file=BIOS), signer=ours)
    index(repository)
    return build_of(repository, ours, QEMU)


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    """The directory that the user gives."""
    return tmp_path / "incoming"


@pytest.fixture
def uploaded(base: RpmBuild, incoming: Path) -> Opens:
    """Opens the build of the directory over the base."""

    def opened() -> Build:
        matrix = load_matrix(MATRIX_FILE)
        matrix = matrix.model_copy(update={"builds": {**matrix.builds, "ours": base}})
        (given,) = given_builds(matrix, {"--old": "ours", "--new": str(incoming)})
        return open_build(matrix.with_given({given.name: given.build}), given.name)

    return opened


def versions(build: Build) -> dict[str, str]:
    """Version by package of a build."""
    return {name: package.version for name, package in build.packages.items()}


def left_in_cache() -> list[str]:
    """What builds and package files the cache has."""
    found = [path for name in ("builds", "uploads") for path in cache_root().glob(f"{name}/*")]
    return [path.name for path in found if not path.name.endswith(".lock")]


def test_directory_takes_the_place_of_the_packages_that_it_has(
    uploaded: Opens, incoming: Path, tmp_path: Path
) -> None:
    """Lose this and the .rpm that was to be tried is not what ran."""
    made = make_package(incoming, QEMU, tree(tmp_path / "new", "new"), version="10.0.14", requires=[FIRMWARE])
    make_package(incoming, "qemu-docs", tree(tmp_path / "docs"))
    build = uploaded()
    assert versions(build) == {QEMU: NEWER, FIRMWARE: OLD}
    assert build.program_file("x86_64").read_bytes().endswith(b"new")
    assert build.package(["x86_64"]) == f"{QEMU} {NEWER}"
    said = "\n".join(build.notes)
    assert f"took from the directory: {QEMU} {NEWER}" in said
    assert f"not taken, because the base has no such package and nothing needs it: qemu-docs {OLD}" in said
    again = uploaded()
    assert again.sandbox.root == build.sandbox.root
    made.unlink()
    make_package(incoming, QEMU, tree(tmp_path / "newest", "newest"), version="10.0.15", requires=[FIRMWARE])
    assert uploaded().sandbox.root != build.sandbox.root


def test_package_with_the_version_of_the_base_is_the_uploaded_one(
    uploaded: Opens, incoming: Path, tmp_path: Path
) -> None:
    """Lose this and a QEMU that was rebuilt without another version is not what ran."""
    make_package(incoming, QEMU, tree(tmp_path / "new", "rebuilt"), requires=[FIRMWARE])
    assert uploaded().program_file("x86_64").read_bytes().endswith(b"rebuilt")


def test_older_package_that_only_others_need_is_taken_too(
    uploaded: Opens, incoming: Path, tmp_path: Path
) -> None:
    """Lose this and an upload of a firmware is qualified without that firmware."""
    make_package(incoming, FIRMWARE, tree(tmp_path / "new", file=BIOS), version="9")
    assert versions(uploaded()) == {QEMU: OLD, FIRMWARE: f"9-{RELEASE}"}


def test_newest_of_several_versions_is_taken(uploaded: Opens, incoming: Path, tmp_path: Path) -> None:
    """Lose this and which of two uploads is qualified depends on the order of file names."""
    for version in ("10.0.14", "10.0.9"):
        make_package(incoming, QEMU, tree(tmp_path / version), version=version)
    assert versions(uploaded()) == {QEMU: NEWER}


def cut(rpm: Path) -> None:
    """Lose the end of a file, as a broken copy does."""
    rpm.write_bytes(rpm.read_bytes()[:-60])


def cut_early(rpm: Path) -> None:
    """Lose all but the beginning of its header."""
    rpm.write_bytes(rpm.read_bytes()[:200])


def change(rpm: Path) -> None:
    """Change what is in it."""
    rpm.write_bytes(rpm.read_bytes().replace(b"ELF", b"ELG"))


def text(rpm: Path) -> None:
    """What a web server answers that does not have the file."""
    rpm.write_text("<html>not found</html>")


@pytest.mark.parametrize("damage", [cut, cut_early, change, text])
def test_damaged_package_is_named(
    damage: Callable[[Path], None], uploaded: Opens, incoming: Path, tmp_path: Path
) -> None:
    """Lose this and a broken copy ends in an error of dnf, in the middle of making a root."""
    rpm = make_package(incoming, QEMU, tree(tmp_path / "new"))
    damage(rpm)
    with pytest.raises(UsageError, match=rf"{rpm.name}: not a whole package: ") as bad:
        uploaded()
    assert "copy it again" in bad.value.fix
    assert left_in_cache() == []


def test_package_of_another_architecture_is_refused(uploaded: Opens, incoming: Path, tmp_path: Path) -> None:
    """Lose this and the base is qualified in place of an upload for another machine."""
    make_package(incoming, QEMU, tree(tmp_path / "new"), arch=OTHER)
    refused = rf"\.{OTHER}\.rpm: the package is for {OTHER}, and hosts here are {OWN} or noarch"
    with pytest.raises(UsageError, match=refused):
        uploaded()
    make_package(incoming, QEMU, tree(tmp_path / "both", "x86"), requires=[FIRMWARE])
    assert uploaded().program_file("x86_64").read_bytes().endswith(b"x86")


def test_directory_of_both_kinds_is_refused(uploaded: Opens, incoming: Path, tmp_path: Path) -> None:
    """Lose this and half of what was given is left out without a word."""
    make_package(incoming, QEMU, tree(tmp_path / "new"))
    package(incoming, "qemu-system-x86", "1:10.0-2")
    with pytest.raises(UsageError, match=r"has \.deb files and \.rpm files, and a build is made of one kind"):
        uploaded()


def test_directory_of_debugging_symbols_is_refused(uploaded: Opens, incoming: Path, tmp_path: Path) -> None:
    """Lose this and the base is qualified against itself."""
    make_package(incoming, f"{QEMU}-debuginfo", tree(tmp_path / "new"))
    with pytest.raises(UsageError, match="only sources or debugging symbols"):
        uploaded()


def test_directory_of_which_nothing_is_used_is_refused(
    uploaded: Opens, incoming: Path, tmp_path: Path
) -> None:
    """Lose this and the base is qualified against itself, and called the upload."""
    make_package(incoming, "qemu-docs", tree(tmp_path / "docs"))
    with pytest.raises(UsageError, match="none of the packages of the directory would be taken: qemu-docs"):
        uploaded()
    assert left_in_cache() == []


def test_needs_that_nothing_meets_are_named(uploaded: Opens, incoming: Path, tmp_path: Path) -> None:
    """Lose this and half an upload ends in pages of dnf."""
    make_package(incoming, QEMU, tree(tmp_path / "new"), requires=["libslirp"])
    with pytest.raises(UsageError, match=f"nothing provides libslirp, which {QEMU}") as refused:
        uploaded()
    assert "put what is missing into the directory" in refused.value.fix
    assert left_in_cache() == []


def test_base_is_a_build_of_rpm_packages(base: RpmBuild, incoming: Path, tmp_path: Path) -> None:
    """Lose this and .rpm files over a Debian build end in a traceback."""
    make_package(incoming, QEMU, tree(tmp_path / "new"))
    matrix = load_matrix(MATRIX_FILE)
    words = {"--old": "debian-13", "--new": str(incoming)}
    with pytest.raises(UsageError, match=r"debian-13, .* is none of rpm packages") as refused:
        given_builds(matrix, words)
    assert "describe a build of kind rpm in matrix.yaml" in refused.value.fix
    matrix = matrix.model_copy(update={"builds": {**matrix.builds, "ours": base}})
    with pytest.raises(UsageError) as refused:
        given_builds(matrix, words)
    assert refused.value.fix == "give --base, with one of ours"
    (given,) = given_builds(matrix, {**words, "--base": "ours"})
    assert given.build.packages == {QEMU: OLD}  # type: ignore[union-attr]


def test_missing_program_is_one_message(
    uploaded: Opens, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a machine without createrepo_c ends in a traceback."""
    make_package(incoming, QEMU, tree(tmp_path / "new"))
    monkeypatch.setattr("fixtures.builds.rpm_files.PROGRAMS", {"no-such-program": "createrepo-c"})
    lacks = r"a directory of \.rpm files needs createrepo-c, which this machine lacks"
    with pytest.raises(UsageError, match=lacks) as refused:
        uploaded()
    assert "./setup.sh --with-rpm" in refused.value.fix
