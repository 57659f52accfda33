# SPDX-License-Identifier: Apache-2.0
"""The operator's command on a host that has AppArmor, as `python -m suites.harness.support.operator_inside`.

It runs inside an emulated host, because AppArmor has one set of profiles for a whole machine. Its argument is
a directory with :data:`ASKED`; it writes :data:`FOUND` there.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures.builds.debian_system import DebianSystem
from fixtures.update.confined import profile_of
from fixtures.update.inside import prepare
from fixtures.waiting import stretched_by
from suites.harness.support.operator_host import OperatorHost, operator_host

ASKED, FOUND = "asked", "found"
NAMES = ("web", "key")
VNC = "<graphics type='vnc' port='5999' passwd='secret'/>"
SLOWER = 8.0
"""How many times longer programs may take there."""


def profiles(made: OperatorHost) -> dict[str, str]:
    """The profile of AppArmor that confines each guest."""
    found = {}
    for process in made.host.processes():
        guest = next((word for word in process.cmdline() if word.startswith("guest=")), "")
        if guest:
            found[guest.removeprefix("guest=").partition(",")[0]] = profile_of(process.pid)
    return found


def main(arguments: Sequence[str]) -> int:
    """Start guests, replace QEMU's file, and have the command move them."""
    place = Path(arguments[0])
    system = pickle.loads((place / ASKED).read_bytes())  # noqa: S301 - this suite wrote it
    assert isinstance(system, DebianSystem)
    prepare()
    with stretched_by(SLOWER), operator_host(system, system, own_kernel=True) as made:
        made.start(NAMES[0], VNC)
        made.start(NAMES[1], transient=True)
        before = profiles(made)
        made.replace_qemu()
        plan, ran = made.command("--plan"), made.command("--go")
        found = {
            "before": before,
            "after": profiles(made),
            "running": [made.runs(name) for name in NAMES],
            "plan": [plan.status, plan.stdout + plan.stderr],
            "go": [ran.status, ran.stdout + ran.stderr],
        }
    (place / FOUND).write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
