# SPDX-License-Identifier: Apache-2.0
"""Builds from archives that are not the Debian mirror, from its suites, and of this host: made for real.

apt, dpkg and mmdebstrap make roots of small packages, from an archive that is signed here.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.apt_failures import MIRROR_VARIABLE
from fixtures.builds.build import open_build
from fixtures.errors import UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.given_builds import left_in_cache, of_sources, opened, versions
from suites.harness.support.local_archive import QEMU, Key, LocalArchive, package

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make roots")


def test_signed_archive_gives_its_newest_versions(
    archive: LocalArchive, sources: Path, keys: tuple[Key, Key]
) -> None:
    """Lose this and only Debian's own archive can be qualified."""
    build = of_sources(sources)
    assert versions(build) == {"base-files": "1", "qemu-system-x86": "1:10.0-1", "libsmall": "1.5"}
    assert all(len(package.sha256) == 64 for package in build.packages.values())
    assert f"{sources}: 1 packages at the newest versions of today, 3 with what they need" in build.notes[0]
    package(archive.pool(), "libsmall", "1.6")
    archive.publish(keys[0])
    assert versions(of_sources(sources))["libsmall"] == "1.6"


def test_unchanged_archive_is_used_again_without_its_packages(archive: LocalArchive, sources: Path) -> None:
    """Lose this and each run downloads hundreds of megabytes that it has."""
    first = of_sources(sources)
    for deb in archive.pool().iterdir():
        deb.unlink()
    assert of_sources(sources).sandbox.root == first.sandbox.root


@pytest.mark.parametrize("signer", ["nobody", "another"])
def test_archive_without_the_right_signature_is_refused(
    signer: str, archive: LocalArchive, sources: Path, keys: tuple[Key, Key]
) -> None:
    """Lose this and what somebody put into a mirror runs as root and gets a verdict."""
    archive.publish(keys[1] if signer == "another" else None)
    with pytest.raises(UsageError, match=r"^--new .*: the archive's signature is not valid") as refused:
        of_sources(sources)
    assert "`keyring` or `Signed-By`" in refused.value.fix
    assert left_in_cache() == []


def test_key_that_is_not_there_is_named(sources: Path, archive: LocalArchive, tmp_path: Path) -> None:
    """Lose this and a typing error in a path reads as an archive that somebody tampered with."""
    sources.write_text(archive.sources(tmp_path / "none.gpg"))
    with pytest.raises(UsageError, match=r"there are no keys at .*none\.gpg"):
        of_sources(sources)


def test_build_of_a_matrix_file_names_its_archive(
    archive: LocalArchive, sources: Path, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    """Lose this and a build of Ubuntu cannot be pinned in matrix.yaml."""
    packages = {"qemu-system-x86": "1:10.0-1"}
    lines = f"deb [trusted=yes] file:{archive.place} here main\n"
    for described in (
        {"sources": str(sources)},
        {"sources": lines, "keyring": str(keys[0].public)},
    ):
        build = DebianBuild.model_validate({"kind": "debian", "packages": packages, **described})
        matrix = load_matrix(MATRIX_FILE)
        matrix = matrix.model_copy(update={"builds": {"mine": build}})
        assert versions(open_build(matrix, "mine"))["qemu-system-x86"] == "1:10.0-1"


def test_trusted_sources_need_their_signature_too(archive: LocalArchive, sources: Path) -> None:
    """Lose this and one word in a copied line switches the check of every package off."""
    archive.publish(None)
    sources.write_text(sources.read_text() + "Trusted: yes\n")
    with pytest.raises(UsageError, match="the archive's signature is not valid"):
        of_sources(sources)


@pytest.fixture
def mirror(archive: LocalArchive, keys: tuple[Key, Key], monkeypatch: pytest.MonkeyPatch) -> LocalArchive:
    """The same archive in place of the Debian mirror."""
    monkeypatch.setenv(MIRROR_VARIABLE, f"file://{archive.place}")
    monkeypatch.setattr("fixtures.builds.archive.KEYRING", keys[0].public)
    return archive


def test_suite_gives_its_newest_versions(mirror: LocalArchive) -> None:
    """Lose this and the upload of the day needs an entry in matrix.yaml before it can be tried."""
    build = opened({"--old": "debian-13", "--new": "here"})
    assert build.name == "here"
    assert versions(build) == {"base-files": "1", "qemu-system-x86": "1:10.0-1", "libsmall": "1.5"}


@pytest.mark.parametrize("part", ["proposed-updates", "security", "backports"])
def test_suite_that_adds_to_another_gets_that_one_too(
    part: str, mirror: LocalArchive, keys: tuple[Key, Key]
) -> None:
    """Lose this and a proposed update is qualified without the libraries of its release."""
    suite = f"here-{part}"
    package(mirror.pool(suite), "qemu-system-x86", "1:11.0-1", files={QEMU: "new"}, depends="libsmall")
    mirror.publish(keys[0], suite)
    build = opened({"--old": "debian-13", "--new": suite})
    assert versions(build) == {"base-files": "1", "qemu-system-x86": "1:11.0-1", "libsmall": "1.5"}


def test_word_that_is_no_suite_either_is_unknown(mirror: LocalArchive) -> None:
    """Lose this and a typing error in a name is reported as a defect of the mirror."""
    with pytest.raises(
        UsageError, match=r"matrix\.yaml has no such name, and the archive no such suite"
    ) as no:
        opened({"--old": "debian-13", "--new": "debian-13-backport"})
    assert "did you mean debian-13-backports?" in no.value.fix


def test_mirror_that_cannot_be_asked_leaves_the_names(
    mirror: LocalArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a typing error on a host without a network is reported as a broken network."""
    monkeypatch.setenv(MIRROR_VARIABLE, "http://127.0.0.1:9/debian")
    with pytest.raises(UsageError, match=r"no such name .*debian-13.*the archive cannot be asked"):
        opened({"--old": "debian-13", "--new": "debian-31"})


@pytest.fixture
def host(archive: LocalArchive, sources: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what this host has installed; its apt sources are the archive."""
    monkeypatch.setattr("fixtures.builds.apt_sources.HOST_SOURCES", (sources,))

    def has(**packages: str) -> None:
        found = {name.replace("_", "-"): version for name, version in packages.items()}
        monkeypatch.setattr("fixtures.builds.given_packages._installed_here", lambda: found)

    return has


def test_host_is_made_of_the_versions_that_it_has(
    host: Callable[..., None], archive: LocalArchive, keys: tuple[Key, Key]
) -> None:
    """Lose this and the newest packages are qualified as those under which guests run today."""
    package(archive.pool(), "qemu-system-x86", "1:10.0-2", files={QEMU: "newer"}, depends="libsmall")
    package(archive.pool(), "libsmall", "1.6")
    archive.publish(keys[0])
    host(base_files="0.9", libsmall="1.5", qemu_system_x86="1:10.0-1", unrelated="7")
    build = opened({"--old": "installed", "--new": "installed"})
    assert versions(build) == {"base-files": "1", "qemu-system-x86": "1:10.0-1", "libsmall": "1.5"}
    assert "not as installed here: base-files 1" in build.notes[0]


def test_version_that_the_archive_lacks_is_named(host: Callable[..., None]) -> None:
    """Lose this and another version is qualified than the one that runs here."""
    host(qemu_system_x86="1:9.0-1")
    lacking = "^--new installed: the archive does not have what is installed here: qemu-system-x86 1:9.0-1"
    with pytest.raises(UsageError, match=lacking):
        opened({"--old": "installed", "--new": "installed"})


def test_host_without_qemu_is_told_so(host: Callable[..., None]) -> None:
    """Lose this and a root without a QEMU is made, for minutes."""
    host(bash="5")
    with pytest.raises(UsageError, match="this host has no package qemu-system-x86"):
        opened({"--old": "debian-13", "--new": "installed"})
