# SPDX-License-Identifier: Apache-2.0
"""Builds from a directory of packages, over another build: made for real.

apt, dpkg and mmdebstrap make roots of small packages, from an archive that is signed here.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builds.build import open_build
from fixtures.builds.given import given_builds
from fixtures.cache import UNUSED_DAYS, cache_root
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.given import GivenDebian
from fixtures.matrix.names import HostArch
from fixtures.matrix.own_arch import own_debian
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.given_builds import left_in_cache, of_sources, opened, uploaded, versions
from suites.harness.support.local_archive import QEMU, Key, LocalArchive, package

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make roots")


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
        UsageError, match=rf"qemu-system-x86_1%3a10\.0-2_{own_debian()}\.deb: not a whole package"
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


@pytest.mark.parametrize("own,other", [("x86_64", "ppc64el"), ("ppc64le", "amd64")])
def test_host_of_another_architecture_does_not_get_the_base(
    own: str, other: HostArch, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and guests of POWER are moved into the base, and the verdict is about the upload."""
    monkeypatch.setattr("platform.machine", lambda: own)
    package(tmp_path / "incoming", "qemu-system-ppc", "1:10.0-2")
    package(tmp_path / "incoming", "qemu-system-x86", "1:10.0-2", files={QEMU: "new"})
    matrix = load_matrix(MATRIX_FILE)
    (given,) = given_builds(matrix, {"--old": "debian-13", "--new": str(tmp_path / "incoming")})
    with pytest.raises(Unsupported, match=f"the directory has no qemu-system-ppc.* for {other}"):
        open_build(matrix.with_given({given.name: given.build}), given.name, host_arch=other)


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
