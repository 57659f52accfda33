# SPDX-License-Identifier: Apache-2.0
"""A QEMU that hangs, floods or talks nonsense: what a user reads of it is bounded and true."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.errors import HotPatchFailure, UsageError
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.machine import probe as probe_module
from fixtures.machine import qmp_machine
from fixtures.machine.host import HostSetup
from fixtures.machine.human_monitor import interrupts_printed
from fixtures.machine.probe import probed
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.guestspec import GuestSpec
from fixtures.still.machine import StillFailure, StillMachine, StillSpec
from suites.harness.support.fake_qemu import ANSWERS, fake_build

SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
MOST_WORDS = 10_000
"""Characters of the longest message."""
HANGS = "time.sleep(60)"
SAYS_SOMETHING_ELSE = "monitor = port('monitor')\nmonitor.sendall(b'login: ')\ntime.sleep(60)"
ONE_LONG_LINE = "says('\\x1b[31m' + 'x' * 3_000_000)\nsys.exit(1)"
ENDS = "says('no such machine\\n')\nsys.exit(1)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for a QEMU that hangs."""
    monkeypatch.setattr(qmp_machine, "START_SECONDS", 1.0)
    monkeypatch.setattr("fixtures.still.machine.START_SECONDS", 1.0)
    monkeypatch.setattr("fixtures.still.machine.END_SECONDS", 0.1)
    monkeypatch.setattr(probe_module, "PROBE_SECONDS", 1.0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], QmpMachine]]:
    """Starts a script in place of a guest's QEMU."""
    with attempt_dir() as place:
        started: list[QmpMachine] = []

        def start(script: str) -> QmpMachine:
            host = HostSetup(tmp_path, tmp_path, "tcg").at(place)
            build = fake_build(tmp_path, script)
            started.append(QmpMachine.start(build, SPEC, host, "destination", incoming=True))
            return started[-1]

        yield start
        for machine in started:
            machine.close()


@pytest.fixture
def failure_of(start: Callable[[str], QmpMachine]) -> Callable[[str], HotPatchFailure]:
    """How a script fails that is started in place of a guest's QEMU."""

    def failure(script: str) -> HotPatchFailure:
        with pytest.raises(HotPatchFailure) as failed:
            start(script)
        assert failed.value.check == "launch"
        return failed.value

    return failure


def probe_fails(place: Path, script: str) -> str:
    """The message of a probe of a build in which this script is the QEMU."""
    with pytest.raises(UsageError) as failed:
        probed(fake_build(place, script), "x86_64")
    return str(failed.value)


def test_qemu_that_hangs_at_its_start_is_not_said_to_have_died(
    failure_of: Callable[[str], HotPatchFailure],
) -> None:
    """Lose this and the suite's own kill is reported as QEMU's end: `exit status -9`."""
    assert str(failure_of(HANGS)) == (
        "destination QEMU did not start: destination (new) did not answer `greeting` within 1 s: "
        "it sent nothing; it still runs; nothing on stderr"
    )


def test_cause_of_a_hang_is_the_same_on_both_sides(failure_of: Callable[[str], HotPatchFailure]) -> None:
    """Lose this and a control that hangs alike does not excuse its cell."""
    assert failure_of(HANGS).cause == ("did not answer `greeting` within 1 s: it sent nothing; it still runs")


def test_what_a_qemu_said_instead_is_quoted(failure_of: Callable[[str], HotPatchFailure]) -> None:
    """Lose this and a wrapper that asks for a password on the monitor goes unnoticed."""
    assert "it sent 7 bytes, last: login:; it still runs" in str(failure_of(SAYS_SOMETHING_ELSE))


def test_qemu_that_ends_keeps_its_status_and_words(failure_of: Callable[[str], HotPatchFailure]) -> None:
    """Lose this and a QEMU that rejects its command line looks like one that hangs."""
    failed = failure_of(ENDS)
    assert str(failed).endswith("closed its monitor during `greeting`; exit status 1; no such machine")
    assert failed.cause == "no such machine"


def test_one_long_line_on_stderr_is_cut(failure_of: Callable[[str], HotPatchFailure], tmp_path: Path) -> None:
    """Lose this and one line of 3 MB goes to the terminal and into verdict.json."""
    failed = failure_of(ONE_LONG_LINE)
    assert len(str(failed)) < MOST_WORDS
    assert "x… (" in str(failed)
    assert "\x1b" not in str(failed) + failed.cause
    assert (tmp_path / "destination-stderr.txt").stat().st_size < 600_000


def test_registers_are_bounded(start: Callable[[str], QmpMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and evidence that a build writes itself fills the report's disk, or acts on a terminal."""
    monkeypatch.setattr(qmp_machine, "MOST_REGISTERS", 1000)
    registers = start("answers(human_monitor_command='\\x1b[2J' + 'x' * 1_000_000)").registers()
    assert registers is not None
    assert len(registers) < 1100
    assert "\x1b" not in registers


def test_local_apics_are_asked_of_the_human_monitor(start: Callable[[str], QmpMachine]) -> None:
    """Lose this and a boot that TCG stopped is an error like any other."""
    assert start("answers(human_monitor_command='printed')").interrupts() == "printed\nAPIC#0\nprinted"


def test_qemu_that_has_ended_has_no_local_apics(start: Callable[[str], QmpMachine]) -> None:
    """Lose this and a guest whose QEMU ended in its reboot ends the test with a traceback."""
    machine = start("answers()")
    machine.close()
    assert machine.interrupts() is None


def test_qemu_that_falls_silent_is_asked_for_no_more_local_apics() -> None:
    """Lose this and each vCPU of a QEMU that hangs costs another time limit."""
    answers = {"info registers -a": "printed", "info lapic 0": "printed"}
    asked: list[str] = []

    def printed(command: str) -> str | None:
        asked.append(command)
        return answers.get(command)

    spec = GuestSpec("x86_64", "pc-q35-9.0", 4, "idle", "bare", 0)
    assert interrupts_printed(spec, printed) is None
    assert asked == [*answers, "info lapic 1"]


@pytest.mark.parametrize("script", [HANGS, SAYS_SOMETHING_ELSE, ONE_LONG_LINE, ENDS, "answers()"])
def test_probe_that_fails_is_one_bounded_message(script: str, tmp_path: Path) -> None:
    """Lose this and a build that does not run ends the whole run with a traceback, or with megabytes."""
    message = probe_fails(tmp_path, script)
    assert message.startswith("build new: QEMU for x86_64 ")
    assert len(message) < MOST_WORDS
    assert "\x1b" not in message
    assert "-9" not in message


def test_probe_that_gets_no_answer_says_so(tmp_path: Path) -> None:
    """Lose this and a user reads that QEMU does not run, and not that it runs and is silent."""
    message = probe_fails(tmp_path, HANGS)
    assert "did not answer `greeting` within 1 s: it sent nothing; it still runs" in message


@pytest.mark.parametrize("script", [HANGS, ONE_LONG_LINE])
def test_still_machine_that_does_not_start_is_one_bounded_message(script: str, tmp_path: Path) -> None:
    """Lose this and a sweep quotes megabytes of one device, or takes its own kill for a crash."""
    with (
        attempt_dir() as place,
        StillMachine(
            fake_build(tmp_path, script), StillSpec("x86_64", ()), place, "source", incoming=False
        ) as machine,
        pytest.raises(StillFailure) as failed,
    ):
        machine.up()
    assert len(failed.value.words) < MOST_WORDS
    assert "-9" not in failed.value.words


def test_source_that_dies_before_it_connects_is_no_hang(tmp_path: Path) -> None:
    """Lose this and one crash has two signatures, by chance, and a cell with it is `flaky`."""
    build = fake_build(tmp_path, "answers(dies_after='migrate')")
    with (
        attempt_dir() as place,
        StillMachine(build, StillSpec("x86_64", ()), place, "source", incoming=False) as machine,
        pytest.raises(StillFailure) as failed,
    ):
        machine.up().save()
    assert (failed.value.check, failed.value.words) == ("migrate", "QEMU ended with exit status 139")


@pytest.mark.parametrize("name", ["pc-\\x1b[2J", "../../../etc/passwd", "", "pc q35"])
def test_odd_name_is_refused(name: str, tmp_path: Path) -> None:
    """Lose this and a name that a build makes up moves the cursor, or evidence out of the report."""
    script = ANSWERS.replace("pc-q35-9.0", name)
    assert "a form that no QEMU uses: ValueError('the name" in probe_fails(tmp_path, script)
