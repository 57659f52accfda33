# SPDX-License-Identifier: Apache-2.0
"""Archives that a build names: as lines, as stanzas, in a file, by their origin on this host."""

from pathlib import Path

import pytest

from fixtures.builds import apt_sources
from fixtures.builds.apt_sources import archive_in, archive_of, host_sources
from fixtures.builds.debian_root import described_fully
from fixtures.builds.host_arch import PINNED_FOR
from fixtures.builds.pins import survey
from fixtures.errors import UsageError
from fixtures.matrix.build_specs import DebianBuild
from suites.harness.support.local_archive import QEMU, LocalArchive, key, package

PACKAGES = {"qemu-system-x86": "1:8.2.2-0ubuntu1"}
UBUNTU = ["noble|http://a.example/ubuntu/|Ubuntu", "noble-security|http://s.example/ubuntu/|Ubuntu"]


def ubuntu(keyring: Path, *suites: str, **more: object) -> DebianBuild:
    """A build of Ubuntu's packages."""
    described = {"kind": "debian", "suites": suites, "packages": PACKAGES, "origin": "Ubuntu"}
    return DebianBuild.model_validate({**described, "keyring": str(keyring), **more})


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of keys, which stands for Debian's as well."""
    file = tmp_path / "keys.gpg"
    file.write_text("keys")
    monkeypatch.setattr(apt_sources, "KEYRING", file)
    return file


def lines(described: str) -> list[str]:
    """The lines of sources.list that `described` becomes."""
    return archive_in(described, keyring=None, where="build x").lines.splitlines()


def test_lines_and_stanzas_are_one(keyring: Path, tmp_path: Path) -> None:
    """Lose this and one of apt's two ways to write sources names another archive, or none."""
    in_lines = (
        "# a remark\n"
        f"deb [arch=amd64 signed-by={keyring} trusted=yes] http://a.example/u noble main universe\n"
        "deb-src http://a.example/u noble main\n"
        f"deb [signed-by={keyring}] file:/srv/flat ./\n"
    )
    stanzas = (
        f"Types: deb deb-src\nURIs: http://a.example/u\nSuites: noble\nComponents: main universe\n"
        f"Signed-By: {keyring}\nTrusted: yes\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: noble\n\n"
        f"Types: deb\nURIs: file:/srv/flat\nSuites: ./\nSigned-By: {keyring}\n"
    )
    wanted = [
        f"deb [signed-by={keyring}] http://a.example/u noble main universe",
        f"deb [signed-by={keyring}] copy:/srv/flat ./",
    ]
    file = tmp_path / "a.sources"
    file.write_text(stanzas)
    assert lines(in_lines) == lines(stanzas) == lines(str(file)) == wanted


def test_key_in_a_stanza_becomes_a_file(
    keyring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a file of sources that brings its own key is refused as unsigned."""
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    block = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n -----END PGP PUBLIC KEY BLOCK-----"
    (line,) = lines(f"Types: deb\nURIs: http://a.example\nSuites: s\nComponents: c\nSigned-By:\n {block}\n")
    file = Path(line.partition("signed-by=")[2].partition("]")[0])
    assert file.read_text().splitlines()[:3] == ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "", "mQ"]


@pytest.mark.parametrize(
    "described,message",
    [
        ("deb http://a.example\n", "not understood: deb http://a.example"),
        ("Types: deb\nURIs: http://a.example\n", "a stanza without Suites"),
        ("# nothing\n", "names no archive"),
        ("deb [signed-by=ABCDEF0123456789] http://a.example s c\n", "a fingerprint says not where the key"),
        ("deb [signed-by=/none.gpg] http://a.example s c\n", "there are no keys at /none.gpg"),
        ("/none.sources", "/none.sources: cannot be read"),
    ],
)
def test_sources_that_say_nothing_are_refused(described: str, message: str, keyring: Path) -> None:
    """Lose this and a typing error in sources ends in an error of apt, or in Debian's packages."""
    with pytest.raises(UsageError, match=r"^build x: ") as refused:
        lines(described)
    assert message in str(refused.value)


def test_archive_of_an_origin_is_that_of_the_host(keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a build of Ubuntu must name a mirror, which is in no repository."""
    monkeypatch.setattr("fixtures.builds.archive._host_apt", lambda *_: UBUNTU)
    build = ubuntu(keyring, "noble", "noble-security", "noble-updates", components=("main", "universe"))
    assert archive_of(build, where="build x").lines.splitlines() == [
        f"deb [signed-by={keyring}] http://a.example/ubuntu noble main universe",
        f"deb [signed-by={keyring}] http://s.example/ubuntu noble-security main universe",
        f"deb [signed-by={keyring}] http://a.example/ubuntu noble-updates main universe",
    ]
    monkeypatch.setattr("fixtures.builds.archive._host_apt", lambda *_: [])
    with pytest.raises(UsageError, match="this host's apt sources name no archive of origin Ubuntu"):
        archive_of(build, where="build x")


def test_root_of_other_keys_is_another(keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a root that a lost key has signed is used after the key was changed."""
    monkeypatch.setattr("fixtures.builds.archive._host_apt", lambda *_: UBUNTU)
    before = described_fully(ubuntu(keyring, "noble"))
    assert described_fully(ubuntu(keyring, "noble")) == before
    keyring.write_text("other keys")
    assert described_fully(ubuntu(keyring, "noble")) != before


def test_host_without_sources_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a file that another program left among the sources stops the run."""
    (tmp_path / "a.sources.disabled").write_text("no sources\n")
    (tmp_path / "b.list").write_text("# only a remark\n")
    monkeypatch.setattr(apt_sources, "HOST_SOURCES", (tmp_path, tmp_path / "none.list"))
    assert host_sources("here") == ""


def test_pins_of_another_archive_are_surveyed_there(tmp_path: Path) -> None:
    """Lose this and `make pins` reports every package of another archive as gone."""
    with key(tmp_path / "keys.gpg") as signer:
        archive = LocalArchive(tmp_path / "archive", PINNED_FOR)
        package(archive.pool(), "qemu-system-x86", "1:10.0-2", files={QEMU: "two"}, architecture=PINNED_FOR)
        archive.publish(signer)
        described = {"kind": "debian", "packages": {"qemu-system-x86": "1:10.0-1"}}
        build = DebianBuild.model_validate({**described, "sources": archive.sources(signer.public)})
        (found,) = survey({"mine": build}, {})
    assert found.title == "mine: its own sources"
    assert found.changes == {("builds", "mine", "packages", "qemu-system-x86"): ("1:10.0-1", "1:10.0-2")}
