# SPDX-License-Identifier: Apache-2.0
"""Roots of rpm packages: made of signed ones, and refused with one message otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.rpm_root import rpm_root
from fixtures.cache import cache_root
from fixtures.errors import UsageError
from suites.harness.support.rpm_repository import (
    NEEDS_PROGRAMS,
    OTHER,
    RELEASE,
    VERSION,
    Signer,
    build_of,
    index,
    make_package,
    make_signer,
)

pytestmark = [NEEDS_PROGRAMS, pytest.mark.timeout(300)]
QEMU = "qemu-kvm-core"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """The key that the builds name."""
    return make_signer(tmp_path_factory.mktemp("keys") / "ours", "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """Another one."""
    return make_signer(tmp_path_factory.mktemp("keys") / "theirs", "theirs")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    return cache_root()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files to put into packages."""
    (tmp_path / "tree/usr/libexec").mkdir(parents=True)
    shutil.copy("/bin/true", tmp_path / "tree/usr/libexec/qemu-kvm")
    return tmp_path / "tree"


Refuse = Callable[..., str]


@pytest.fixture
def refuse(ours: Signer, cache: Path, tmp_path: Path) -> Refuse:
    """The message with which a build is refused; nothing of it is left in the cache."""

    def refused(signed: str = "packages") -> str:
        with pytest.raises(UsageError) as error:
            rpm_root("mine", build_of(tmp_path / "repository", ours, QEMU, signed=signed))
        left = [place for place in (cache / "builds").iterdir() if place.suffix != ".lock"]
        assert not left
        assert error.value.fix
        assert str(tmp_path) not in str(error.value)
        return str(error.value)

    return refused


def test_signed_packages_become_a_root(ours: Signer, tree: Path, tmp_path: Path) -> None:
    """Lose this and no rpm can be qualified."""
    repository = tmp_path / "repository"
    make_package(repository, QEMU, tree, signer=ours)
    index(repository)
    build = build_of(repository, ours, QEMU)
    made = rpm_root("mine", build)
    assert (made.root / "usr/libexec/qemu-kvm").read_bytes() == Path("/bin/true").read_bytes()
    assert made.packages[QEMU].version == f"{VERSION}-{RELEASE}"
    assert len(made.packages[QEMU].sha256) == 64
    assert "libvirt-qemu" in (made.root / "etc/passwd").read_text()
    shutil.rmtree(repository)
    assert rpm_root("mine", build.model_copy(update={"note": "what it is"})) == made


def test_changed_root_is_not_used(ours: Signer, tree: Path, tmp_path: Path) -> None:
    """Lose this and a run qualifies a root that somebody has changed by hand."""
    repository = tmp_path / "repository"
    make_package(repository, QEMU, tree, signer=ours)
    index(repository)
    build = build_of(repository, ours, QEMU)
    (rpm_root("mine", build).root / "usr/libexec/qemu-kvm").write_bytes(b"")
    with pytest.raises(UsageError, match="was changed after it was made"):
        rpm_root("mine", build)


def test_signed_list_of_packages_is_enough(ours: Signer, tree: Path, tmp_path: Path) -> None:
    """Lose this and an archive whose list alone is signed cannot be used."""
    repository = tmp_path / "repository"
    make_package(repository, QEMU, tree)
    index(repository, ours)
    assert rpm_root("mine", build_of(repository, ours, QEMU, signed="metadata")).packages


def test_unsigned_package_is_refused(refuse: Refuse, tree: Path, tmp_path: Path) -> None:
    """Lose this and anyone who can write to a mirror gives the suite programs to run."""
    make_package(tmp_path / "repository", QEMU, tree)
    index(tmp_path / "repository")
    assert "a package is not signed" in refuse()


def test_package_of_another_key_is_refused(
    refuse: Refuse, theirs: Signer, tree: Path, tmp_path: Path
) -> None:
    """Lose this and any key will do."""
    make_package(tmp_path / "repository", QEMU, tree, signer=theirs)
    index(tmp_path / "repository")
    assert "a signature is not of the key that matrix.yaml names" in refuse()


@pytest.mark.parametrize(
    "signed, message",
    [
        (False, "its list of packages (repomd.xml) is not signed"),
        (True, "a signature is not of the key that matrix.yaml names"),
    ],
)
def test_list_that_is_not_signed_by_the_key_is_refused(
    signed: bool, message: str, refuse: Refuse, theirs: Signer, tree: Path, tmp_path: Path
) -> None:
    """Lose this and `signed: metadata` checks nothing."""
    make_package(tmp_path / "repository", QEMU, tree)
    index(tmp_path / "repository", theirs if signed else None)
    assert message in refuse("metadata")


def test_truncated_package_is_refused(refuse: Refuse, ours: Signer, tree: Path, tmp_path: Path) -> None:
    """Lose this and a broken download ends in a traceback or in half a root."""
    made = make_package(tmp_path / "repository", QEMU, tree, signer=ours)
    index(tmp_path / "repository")
    made.write_bytes(made.read_bytes()[:-1000])
    assert "a package is not the one that the repository lists" in refuse()


def test_package_of_another_architecture_is_refused(
    refuse: Refuse, ours: Signer, tree: Path, tmp_path: Path
) -> None:
    """Lose this and QEMU for another machine is installed, and does not start."""
    make_package(tmp_path / "repository", QEMU, tree, signer=ours, arch=OTHER)
    index(tmp_path / "repository")
    assert "is a package of another architecture" in refuse()


def test_unmet_dependency_is_named(refuse: Refuse, ours: Signer, tree: Path, tmp_path: Path) -> None:
    """Lose this and the message does not say which repository is missing."""
    make_package(tmp_path / "repository", QEMU, tree, signer=ours, requires=["libslirp"])
    index(tmp_path / "repository")
    assert "nothing provides libslirp, which qemu-kvm-core" in refuse()


def test_missing_dnf_is_one_message(
    ours: Signer, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a machine without dnf ends in a traceback."""
    build = build_of(tmp_path / "repository", ours, QEMU)
    monkeypatch.setattr("fixtures.builds.rpm_root.PROGRAMS", {"no-such-dnf": "dnf"})
    with pytest.raises(UsageError, match="an rpm build needs dnf, which this machine lacks"):
        rpm_root("mine", build)
