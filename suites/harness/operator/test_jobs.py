# SPDX-License-Identifier: Apache-2.0
"""What the operator's command makes of guests on which libvirt works, or which change while it looks."""

import libvirt
import pytest

from suites.harness.operator.conftest import ScriptedHost
from suites.harness.support.scripted_daemons import ScriptedGuest

DISKS = "<disk type='file'><target dev='vda'/></disk><disk type='file'><target dev='vdb'/></disk>"
WORKED_ON = {
    "arrives": ScriptedGuest(devices=DISKS, arrives=True),
    "restored": ScriptedGuest(devices=DISKS, restored=True),
    "backup": ScriptedGuest(devices=DISKS, worked_on=("vda", "vdb"), job=libvirt.VIR_DOMAIN_JOB_UNBOUNDED),
}


def plan(host: ScriptedHost) -> tuple[int, str]:
    """Exit status and output of `--plan`, on one line."""
    command, output = host.command()
    return command.plan(), " ".join(output.getvalue().split())


@pytest.mark.parametrize("what", WORKED_ON)
def test_guest_on_which_libvirt_works_is_one_line_of_the_plan(what: str, host: ScriptedHost) -> None:
    """Lose this and one guest that arrives ends the plan of all others."""
    host.other()
    host.home.runs(WORKED_ON[what])
    status, output = plan(host)
    assert status == 1, output
    assert output.count("way out:") == 1, output
    assert "libvirt works on it (virsh domjobinfo)" in output
    assert "2 running guests: 1 to be moved, 1 cannot move" in output


def test_disk_that_was_unplugged_meanwhile_is_no_obstacle(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and an unplugged disk ends the plan, or hides the job on the next disk."""
    web.devices, web.refuses = DISKS, {"vda": libvirt.VIR_ERR_INVALID_ARG}
    assert plan(host)[0] == 0
    web.worked_on = ("vdb",)
    status, output = plan(host)
    assert status == 1
    assert "its disk vdb" in output


def test_guest_whose_disk_libvirt_does_not_describe_stays(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a move that begins between two questions ends the plan of all guests."""
    web.devices, web.refuses = DISKS, {"vda": libvirt.VIR_ERR_OPERATION_TIMEOUT}
    status, output = plan(host)
    assert status == 1
    assert "its disk vda" in output


def test_guest_that_ends_while_its_disks_are_looked_at_is_left_out(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and a guest that has ended is said to have a job."""
    host.other()
    web.devices, web.refuses = DISKS, {"vda": libvirt.VIR_ERR_OPERATION_INVALID}
    status, output = plan(host)
    assert status == 0, output
    assert "1 running guest: 1 to be moved" in output
