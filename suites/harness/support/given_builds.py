# SPDX-License-Identifier: Apache-2.0
"""Builds that the command line gives, made for real; and what the cache then has."""

from pathlib import Path

from fixtures.builds.build import Build, open_build
from fixtures.builds.given import Words, given_builds
from fixtures.cache import cache_root
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE


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
