# SPDX-License-Identifier: Apache-2.0
"""Which endpoints are tried by default, at which addresses, and how are they called?"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.matrix.endpoints import BY_NAME, ENDPOINTS, endpoint_words, subject_of
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.sweep_plan import plans_of
from fixtures.places import MATRIX_FILE


def test_only_what_works_in_every_build_runs_by_default() -> None:
    """Lose this and each run spends seconds on findings that are no news, or on another architecture."""
    plans = [plan for plan in plans_of(load_matrix(MATRIX_FILE)) if plan.part in {"endpoints", "clashes"}]
    assert [(plan.id, "slow" in plan.marks) for plan in plans] == [
        ("x86_64-endpoints", False),
        ("x86_64-clashes", True),
        ("ppc64le-endpoints", True),
        ("ppc64le-clashes", True),
    ]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_source_and_destination_can_have_two_addresses(endpoint: object) -> None:
    """Lose this and the way out of a clash is a clash."""
    assert isinstance(endpoint, type(ENDPOINTS[0]))
    place = Path("/tmp/hp-x")
    same, own = (endpoint.given(endpoint.address(place, own=own)) for own in (False, True))
    assert same != own
    assert not any("{" in word for word in (*same, *own))


def test_ways_have_subjects_of_their_own() -> None:
    """Lose this and the outcome of one way stands for another."""
    subjects = [subject_of(endpoint, way) for endpoint in ENDPOINTS for way in endpoint.ways]
    assert len(set(subjects)) == len(subjects)
    assert subject_of(BY_NAME["vnc-port"], "handed-over") == "vnc-port-handed-over"


def test_endpoint_has_words() -> None:
    """Lose this and a reader must know the suite's names of endpoints."""
    assert endpoint_words("vnc-port-own") == "a VNC server on a fixed TCP port"
    assert endpoint_words("chardev-socket") == "a chardev that listens on a unix socket"
    assert endpoint_words("carrier-pigeon") == "carrier-pigeon"
