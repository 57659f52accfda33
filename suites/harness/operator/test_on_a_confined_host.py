# SPDX-License-Identifier: Apache-2.0
"""The operator's command on a host that confines its guests by AppArmor, as Debian's hosts do."""

import json
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.builds.debian_system import debian_system
from fixtures.errors import Unsupported
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.run.executing import pair_under_test_of
from fixtures.update.emulated import MEMORY_MIB, VCPUS, demand_room, start_inside
from suites.harness.support import operator_inside
from suites.harness.support.operator_inside import ASKED, FOUND, NAMES

SECONDS = 2400
MOST_FOUND = 1 << 20
pytestmark = [pytest.mark.slow, pytest.mark.x86_64, pytest.mark.kvm, pytest.mark.timeout(SECONDS)]


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmulatedHost]:
    """An emulated host that runs the suite; skips the test if this machine cannot have one."""
    under_test = pair_under_test_of(request.config)
    try:
        demand_room()
        booted = under_test.machine_of_its_own("x86_64", tmp_path, MEMORY_MIB, VCPUS)
    except Unsupported as error:
        pytest.skip(str(error))
    with closing(booted) as host:
        yield host


def test_guests_come_home_under_their_profiles(
    request: pytest.FixtureRequest, machine: EmulatedHost, tmp_path: Path
) -> None:
    """Lose this and the command strands guests wherever libvirt uses AppArmor, or sets them free."""
    under_test, output = pair_under_test_of(request.config), tmp_path / "inside.txt"
    system = debian_system(under_test.matrix, under_test.pair.new)
    with machine.attempt_dir() as place:
        machine.write_file(place / ASKED, pickle.dumps(system))
        process = start_inside(machine, under_test.new, operator_inside.__name__, place, output)
        try:
            assert process.wait(SECONDS / 2) == 0, output.read_text()
            found = json.loads(machine.read_file(place / FOUND, MOST_FOUND))
        finally:
            process.kill()
    assert all(found["before"][name].startswith("libvirt-") for name in NAMES), found
    assert found["after"] == found["before"]
    assert found["go"][0] == 0, found["go"][1]
    assert found["running"] == [True, True]
    assert "AppArmor or SELinux does not confine it while it is away" in found["plan"][1]
