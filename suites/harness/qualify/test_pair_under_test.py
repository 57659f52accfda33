# SPDX-License-Identifier: Apache-2.0
"""What a run keeps of its pair, so that it is made or checked once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.matrix.schema import Matrix, Pair, load_matrix
from fixtures.places import MATRIX_FILE
from fixtures.qualify import pair_under_test
from fixtures.qualify.pair_under_test import PairUnderTest


def test_image_of_an_architecture_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and every cell reads the 70 MB of its kernel's package, to find the image again."""
    found: list[str] = []

    def guest_image(_matrix: Matrix, arch: str, *, of: str, strict_pins: bool) -> Path:
        assert of == "kernels"
        found.append(arch)
        return tmp_path / arch

    monkeypatch.setattr(pair_under_test, "guest_image", guest_image)
    pair = Pair(old="debian-12", new="debian-13")
    under_test = PairUnderTest(load_matrix(MATRIX_FILE), pair, strict_pins=False, evidence=lambda: tmp_path)
    assert [under_test.image("x86_64") for _ in range(2)] == [tmp_path / "x86_64"] * 2
    assert under_test.image("ppc64le") == tmp_path / "ppc64le"
    assert found == ["x86_64", "ppc64le"]
