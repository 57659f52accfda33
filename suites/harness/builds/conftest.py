# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests that make builds: a signed archive of small packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from suites.harness.support.local_archive import QEMU, Key, LocalArchive, key, package

CONF = {"etc/debian_version": "x"}


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
