# SPDX-License-Identifier: Apache-2.0
"""How the suite judges a QEMU that is to execute another one, and what becomes of that."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, Unsupported
from fixtures.hosts.interface import ProcessGone
from fixtures.machine.succession import Succession
from fixtures.path.qmp import executing
from fixtures.path.qmp.ends import runstates

SAID = "qemu-system-x86_64: it went wrong"


def _machine(*seen: str, stderr: str = "", closed: bool = False) -> Any:
    """A QEMU with these migration statuses, which said this."""
    events = [SimpleNamespace(name="MIGRATION", at=1.0, data={"status": each}) for each in seen]
    return SimpleNamespace(
        monitor=SimpleNamespace(events=events, closed=closed),
        process=SimpleNamespace(stderr=lambda: stderr, end=lambda: "exit status 1"),
        last_words=lambda: "exit status 1; it went wrong",
        started=0.0,
    )


def test_guest_whose_qemu_must_inherit_more_is_not_for_it() -> None:
    """Lose this and a guest with a TPM ends its cell in a traceback."""
    spec = SimpleNamespace(options=SimpleNamespace(nic=None, tpm="tpm-tis"), memory="kept")
    with pytest.raises(Unsupported, match="or a TPM"):
        Succession(SimpleNamespace(spec=spec, host=None), None, "label")  # type: ignore[arg-type]


def _late(_seconds: float) -> Any:
    raise TimeoutError


def test_source_that_cannot_execute_is_told_from_one_that_did() -> None:
    """Lose this and the suite waits for a QEMU that never comes, and calls it a hang."""
    source = _machine("active", "completed", "failed", stderr=SAID)
    with pytest.raises(HotPatchFailure, match="source active, completed, failed: it went wrong") as caught:
        executing._executed(source, SimpleNamespace(came=_late), 0.0)  # type: ignore[arg-type]
    assert (caught.value.check, caught.value.cause) == ("migrate", "it went wrong")


def test_executed_qemu_that_ends_before_it_comes_is_a_failed_launch() -> None:
    """Lose this and a new QEMU that does not start is waited for."""
    source = _machine("active", stderr=SAID)
    with pytest.raises(HotPatchFailure, match="did not start") as caught:
        executing._executed(source, SimpleNamespace(came=lambda _: None), 0.0)  # type: ignore[arg-type]
    assert (caught.value.check, caught.value.cause) == ("launch", "it went wrong")


def test_source_that_does_nothing_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a source that never executes anything holds the run for ever."""
    monkeypatch.setattr(executing, "MIGRATE_SECONDS", 0.01)
    with pytest.raises(HotPatchFailure, match=r"executes no other QEMU within .* s: active") as caught:
        executing._executed(_machine("active"), SimpleNamespace(came=_late), 0.0)  # type: ignore[arg-type]
    assert caught.value.check == "hang"


def test_source_that_ended_before_is_gone() -> None:
    """Lose this and a QEMU that died ends the cell in a traceback."""

    def gone(_build: object) -> None:
        raise ProcessGone("QEMU is not running")

    source = _machine(stderr=SAID)
    source.process.replace_files = gone
    with pytest.raises(HotPatchFailure, match="not running") as caught:
        executing.update(source, "new")  # type: ignore[arg-type]
    assert caught.value.cause == "source QEMU is gone: exit status 1; it went wrong"


@pytest.mark.parametrize("held, status", [(True, "running"), (False, "guest-panicked")])
def test_guest_must_run_where_its_qemu_was_executed(held: bool, status: str) -> None:
    """Lose this and a guest that panicked over the move passes its runstate."""
    machine: Any = SimpleNamespace(status=lambda: status, monitor=SimpleNamespace(events=[]))
    check = runstates(None, machine, "running")
    assert (check.held, check.name) == (held, "runstates" if held else "panic")
