# SPDX-License-Identifier: Apache-2.0
"""Builds from a directory of packages, and from archives that are not the Debian mirror: made for real.

apt, dpkg and mmdebstrap make roots of small packages, from an archive that is signed here.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.builds.apt_failures import MIRROR_VARIABLE
from fixtures.builds.build import Build, open_build
from fixtures.builds.given import Words, given_builds
from fixtures.cache import UNUSED_DAYS, cache_root
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.given import GivenDebian
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.local_archive import QEMU, Key, LocalArchive, key, package

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make roots")
CONF = {"etc/debian_version": "x"}
Opens = Callable[[str], Build]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Key, Key]]:
    """The key of the archive, and one that signs nothing here."""
    place = tmp_path_factory.mktemp("keys")
    with key(place / "right.gpg") as right, key(place / "wrong.gpg") as wrong:
        yield right, wrong


@pytest.fixture
def archive(tmp_path: Path, keys: tuple[Key, Key], monkeypatch: pytest.MonkeyPatch) -> LocalArchive:
    """A signed archive with a QEMU, and a cache of this test's own."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    made = LocalArchive(tmp_path / "archive")
    package(made.pool(), "base-files", "1", files=CONF)
    package(made.pool(), "qemu-system-x86", "1:10.0-1", files={QEMU: "ten"}, depends="libsmall (>= 1)")
    package(made.pool(), "libsmall", "1.5")
    made.publish(keys[0])
    return made


@pytest.fixture
def sources(archive: LocalArchive, keys: tuple[Key, Key], tmp_path: Path) -> Path:
    """The archive as a file of apt's sources."""
    file = tmp_path / "here.sources"
    file.write_text(archive.sources(keys[0].public))
    return file


def opened(words: Words) -> Build:
    """The build that `--new` names, made."""
    matrix = load_matrix(MATRIX_FILE)
    given = given_builds(matrix, words)
    new = next(each for each in given if each.word == words["--new"])
    return open_build(matrix.with_given({each.name: each.build for each in given}), new.name)


def of_sources(file: Path) -> Build:
    """The build of a file of apt's sources."""
    return opened({"--old": "debian-13", "--new": str(file)})


def uploaded(directory: Path, base: Path) -> Build:
    """The build of a directory of packages over that of a file of apt's sources."""
    return opened({"--old": str(base), "--new": str(directory)})


def left_in_cache() -> list[str]:
    """What builds and package files the cache has."""
    found = [path for name in ("builds", "uploads") for path in cache_root().glob(f"{name}/*")]
    return [path.name for path in found if not path.name.endswith((".lock", ".json"))]


def versions(build: Build) -> dict[str, str]:
    """Version by package of a build."""
    return {name: package.version for name, package in build.packages.items()}


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


def test_directory_takes_the_place_of_the_packages_that_it_has(
    archive: LocalArchive, sources: Path, tmp_path: Path
) -> None:
    """Lose this and the upload that was to be tried is not what ran."""
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "new"})
    package(tmp_path / "incoming", "qemu-system-arm", "1:10.0-2")
    build = uploaded(tmp_path / "incoming", sources)
    assert versions(build) == {"base-files": "1", "qemu-system-x86": "1:10.0-2"}
    assert build.program_file("x86_64").read_text() == "new"
    said = "\n".join(build.notes)
    assert "took from the directory: qemu-system-x86 1:10.0-2" in said
    assert "not taken, because the base has no such package and nothing needs it: qemu-system-arm" in said


def test_package_with_the_version_of_the_base_is_the_uploaded_one(sources: Path, tmp_path: Path) -> None:
    """Lose this and a QEMU that was rebuilt without another version is not what ran."""
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-1", files={QEMU: "rebuilt"})
    assert uploaded(tmp_path / "incoming", sources).program_file("x86_64").read_text() == "rebuilt"


def test_package_that_only_others_need_is_taken_too(sources: Path, tmp_path: Path) -> None:
    """Lose this and an upload of a library is qualified without that library."""
    package(tmp_path / "incoming", "libsmall", "1.4")
    assert versions(uploaded(tmp_path / "incoming", sources))["libsmall"] == "1.4"


def test_root_follows_the_content_of_the_directory(
    archive: LocalArchive, sources: Path, tmp_path: Path
) -> None:
    """Lose this and yesterday's upload is qualified again, or an unchanged one is fetched again."""
    deb = package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "first"})
    first = uploaded(tmp_path / "incoming", sources)
    deb.rename(deb.with_name("renamed.deb"))
    archive.pool().rename(tmp_path / "away")
    assert uploaded(tmp_path / "incoming", sources).sandbox.root == first.sandbox.root
    (tmp_path / "away").rename(archive.pool())
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "second"})
    deb.with_name("renamed.deb").unlink()
    second = uploaded(tmp_path / "incoming", sources)
    assert second.name == first.name
    assert second.program_file("x86_64").read_text() == "second"


def test_unused_uploads_are_removed_with_their_roots(
    archive: LocalArchive, sources: Path, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    """Lose this and the cache grows by a root with each upload; or loses a root that cannot be made again."""
    packages = {"qemu-system-x86": "1:10.0-1"}
    named = DebianBuild.model_validate({"kind": "debian", "packages": packages, "sources": str(sources)})
    matrix = load_matrix(MATRIX_FILE).model_copy(update={"builds": {"mine": named}})
    of_matrix = open_build(matrix, "mine").sandbox.root
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "new"})
    given = uploaded(tmp_path / "incoming", sources).sandbox.root
    before = time.time() - (UNUSED_DAYS + 1) * 86400
    for entry in cache_root().glob("*/[!.]*"):
        os.utime(entry, (before, before))
    again = of_sources(sources).sandbox.root
    assert (of_matrix.exists(), given.exists(), again.exists()) == (True, False, True)
    assert not [*cache_root().glob("uploads/[!.]*")]
    assert len([*cache_root().glob("indices/closure-*")]) == 1


def test_newest_of_several_versions_is_taken(sources: Path, tmp_path: Path) -> None:
    """Lose this and which of two uploads is qualified depends on the order of file names."""
    for version in ("1:10.0-9", "1:10.0-10"):
        package(tmp_path / "incoming", "qemu-system-x86", version, files={QEMU: version})
    assert versions(uploaded(tmp_path / "incoming", sources))["qemu-system-x86"] == "1:10.0-10"


def cut(deb: Path) -> None:
    """Lose the end of a file, as a broken copy does."""
    deb.write_bytes(deb.read_bytes()[:-60])


def text(deb: Path) -> None:
    """What a web server answers that does not have the file."""
    deb.write_text("<html>not found</html>")


@pytest.mark.parametrize("damage", [cut, text])
def test_damaged_package_is_named(damage: Callable[[Path], None], sources: Path, tmp_path: Path) -> None:
    """Lose this and a broken copy ends in an error of dpkg, in the middle of making a root."""
    deb = package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2")
    damage(deb)
    with pytest.raises(
        UsageError, match=r"qemu-system-x86_1%3a10\.0-2_amd64\.deb: not a whole package"
    ) as bad:
        uploaded(tmp_path / "incoming", sources)
    assert "copy it again" in bad.value.fix
    assert left_in_cache() == []


def test_package_of_another_architecture_is_refused(sources: Path, tmp_path: Path) -> None:
    """Lose this and the base is qualified in place of an upload for arm64."""
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", architecture="arm64")
    with pytest.raises(UsageError, match=r"_arm64\.deb: the package is for arm64, and hosts here are amd64"):
        uploaded(tmp_path / "incoming", sources)
    assert left_in_cache() == []


def test_host_of_another_architecture_does_not_get_the_base(sources: Path, tmp_path: Path) -> None:
    """Lose this and guests of POWER are moved into the base, and the verdict is about the upload."""
    package(tmp_path / "incoming", "qemu-system-ppc", "1:10.0-2")
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "new"})
    matrix = load_matrix(MATRIX_FILE)
    (given,) = given_builds(matrix, {"--old": "debian-13", "--new": str(tmp_path / "incoming")})
    with pytest.raises(Unsupported, match="the directory has no qemu-system-ppc for ppc64el"):
        open_build(matrix.with_given({given.name: given.build}), given.name, host_arch="ppc64el")


def test_needs_that_nothing_meets_are_named(sources: Path, tmp_path: Path) -> None:
    """Lose this and half an upload ends in pages of apt."""
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", depends="libsmall (>= 2)")
    with pytest.raises(UsageError, match=r"do not fit together: .*Depends: libsmall \(>= 2\)") as refused:
        uploaded(tmp_path / "incoming", sources)
    assert "put what is missing into the directory" in refused.value.fix
    assert left_in_cache() == []


def test_directory_of_which_nothing_is_used_is_refused(sources: Path, tmp_path: Path) -> None:
    """Lose this and the base is qualified against itself, and called the upload."""
    package(tmp_path / "incoming", "qemu-system-arm", "1:10.0-2")
    with pytest.raises(UsageError, match="none of the packages of the directory would be taken"):
        uploaded(tmp_path / "incoming", sources)
    assert left_in_cache() == []


def test_base_is_a_build_of_debian_packages(tmp_path: Path) -> None:
    """Lose this and a directory of packages over a tree ends in a traceback."""
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2")
    (tmp_path / "root/usr").mkdir(parents=True)
    words = {"--old": str(tmp_path / "root"), "--new": str(tmp_path / "incoming")}
    with pytest.raises(UsageError, match="over which build are these packages to be put") as refused:
        opened(words)
    assert "--base" in refused.value.fix
    matrix = load_matrix(MATRIX_FILE)
    given = given_builds(matrix, {**words, "--base": "debian-13"})
    built = next(each.build for each in given if each.word == words["--new"])
    assert isinstance(built, GivenDebian)
    assert built.packages["qemu-system-x86"] == "1:10.0-2"
    assert built.packages["seabios"] == matrix.builds["debian-13"].packages["seabios"]  # type: ignore[union-attr]
