# SPDX-License-Identifier: Apache-2.0
"""What a plan says of guests that are away, or are moved meanwhile. The daemons are scripted."""

import contextlib

import pytest

from fixtures.operator.where import Place
from suites.harness.operator.conftest import ScriptedHost, squeezed
from suites.harness.support.scripted_daemons import NEW, Migration, ScriptedGuest


def test_plan_beside_a_command_that_moves_guests_leaves_its_guest_to_it(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and the plan offers to move a guest that another command moves now."""
    host.other()
    seen: list[tuple[int, str]] = []

    def looks() -> None:
        command, output = host.command()
        seen.append((command.plan(), output.getvalue()))

    host.home.migrations = [Migration(begins=looks)]
    host.away.migrations = [Migration(begins=looks)]
    assert host.go()[0] == 0
    for status, output in seen:
        assert status == 1
        assert f"{host.layout.lock}: another command is moving guests now; not in this plan: web" in output
        assert "1 running guest: 1 to be moved" in output
        assert "what to do: wait for its end" in output
        assert "--go" not in output
        assert "the last time" not in output
    assert len(seen) == 2


def test_plan_during_which_a_command_begins_leaves_its_guest_to_it(
    host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the lock that was free when the plan began counts, not what happened since."""
    first, _ = host.command()
    command, output = host.command()
    with contextlib.ExitStack() as held:
        left = command._left

        def begins() -> list[tuple[str, Place]]:
            held.enter_context(first._alone())
            host.layout.home_xml(web.uuid).write_text(web.xml)
            return left()

        monkeypatch.setattr(command, "_left", begins)
        assert command.plan() == 1
    assert "another command is moving guests now; not in this plan: web" in output.getvalue()
    assert "the last time" not in output.getvalue()


def test_plan_does_not_keep_a_command_from_its_work(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and looking keeps the guests under the old QEMU."""
    host.go()
    command, output = host.command()
    assert command.plan() == 0
    assert "another command" not in output.getvalue()
    assert host.go()[0] == 0


@pytest.mark.parametrize("names", [(), ("web",)])
def test_host_without_other_guests_is_not_said_to_have_none_at_home(
    names: tuple[str, ...], host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and a guest is not home in one line, and home in the next."""
    file = host.layout.home_xml(web.uuid)
    file.parent.mkdir(parents=True)
    file.write_text(web.xml)
    command, output = host.command(5.0, *names)
    assert command.plan() == 1
    assert "no other guest to move" in output.getvalue()
    assert "web is home, but its move was not brought to its end" in output.getvalue()


def test_host_without_guests_is_said_to_have_none(host: ScriptedHost) -> None:
    """Lose this and the operator looks for guests that are away."""
    command, output = host.command()
    assert command.plan() == 0
    assert "no guest runs" in output.getvalue()


def test_plan_names_what_was_left(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest that is away is missing in the plan without a word."""
    host.away.migrations = [Migration(fails="no")]
    host.go()
    command, output = host.command()
    assert command.plan() == 1
    assert "web did not come home the last time" in output.getvalue()


@pytest.mark.parametrize("daemon", ["answers", "has ended"])
def test_plan_of_a_guest_that_is_away_says_where_it_is(
    daemon: str, host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and the plan calls a guest that is away ended."""
    host.other()
    host.away.migrations = [Migration(fails="no")]
    host.go()
    host.away.dead = daemon == "has ended"
    host.starts = lambda: pytest.fail("a plan starts no daemon")
    command, output = host.command(5.0, "web")
    assert command.plan() == 1
    said = "running (booted)" if daemon == "answers" else "it does not answer, and its QEMU process is there"
    assert f"web the second daemon {said} process {NEW}" in squeezed(output.getvalue())
    assert "run this command again with --go" in output.getvalue()
    assert "no other guest to move" in output.getvalue()


def test_destination_of_a_move_under_way_is_no_guest_of_the_plan(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and a guest that is away is called up to date, as its destination runs the new QEMU."""
    host.away.migrations = [Migration(fails="no")]
    host.go()
    host.home.runs(web, NEW)
    command, output = host.command()
    command.plan()
    assert "up to date" not in output.getvalue()
    assert "web did not come home the last time" in output.getvalue()
