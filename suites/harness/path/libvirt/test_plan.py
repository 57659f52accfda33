# SPDX-License-Identifier: Apache-2.0
"""Reading libvirt: plans, statistics, errors, virsh's tables, QEMU's log."""

import threading
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt import virsh
from fixtures.errors import HotPatchFailure, Refused, Unsupported
from fixtures.hosts.local_process import ENVIRONMENT
from fixtures.hosts.output import BoundedProgram
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism, drives
from fixtures.path.libvirt.domain import Domain
from fixtures.path.libvirt.failure import failure_of
from fixtures.path.libvirt.plan import libvirt_plan, sample_of
from fixtures.waiting import stretched_by
from suites.harness.support.libvirt_errors import error_of

LOG = """\
2026-11-23 01:48:06.1+0000: starting up libvirt version: 11.3.0
/usr/bin/qemu-system-x86_64 \\
-name guest=x
qemu-system-x86_64: -mon chardev=m: warning: '-mon' is deprecated
2026-11-23T01:48:06.5Z qemu-system-x86_64: VQ 0 vring.num 1024 exceeds allocated max 128
2026-11-23T01:48:06.5Z qemu-system-x86_64: VQ 0 vring.num 1024 exceeds allocated max 128
2026-11-23T01:48:06.6Z qemu-system-x86_64: terminating on signal 15 from pid 2 (/usr/sbin/libvirtd)
"""


def side(*, state: str = "running booted", said: tuple[str, ...] = (), alive: bool = True) -> Any:
    """A domain with scripted state and messages, and a daemon that is alive or not."""
    daemon = SimpleNamespace(alive=alive)
    return SimpleNamespace(
        daemon=daemon, state=lambda: state, said=lambda: list(said), last_words=lambda: "it still runs"
    )


def domain_of(**daemon: Any) -> Domain:
    """A domain with a scripted daemon; it was never started."""
    domain = Domain.__new__(Domain)
    domain.name = "x"
    domain.daemon = SimpleNamespace(**daemon)  # type: ignore[assignment]
    return domain


def refusing(code: int) -> Any:
    """A connection that answers with an error when it is asked for a domain."""

    def look_up(_name: str) -> None:
        raise error_of(code)

    return SimpleNamespace(lookupByName=look_up)


def virsh_that(script: str) -> BoundedProgram:
    """A virsh that a shell plays."""
    return BoundedProgram(["/bin/sh", "-c", script], env=ENVIRONMENT)


@pytest.mark.parametrize("mechanism,factor", [("precopy", 3), ("postcopy", 1)])
def test_precopy_may_stop_a_guest_of_a_slow_host_for_longer(mechanism: Mechanism, factor: int) -> None:
    """Lose this and no precopy converges on an emulated host, or postcopy ends as precopy."""
    here = libvirt_plan(mechanism, direct=False).downtime_limit_ms
    assert here is not None
    with stretched_by(3):
        assert libvirt_plan(mechanism, direct=False).downtime_limit_ms == factor * here


def test_only_the_source_drives_peer_to_peer() -> None:
    """Lose this and both paths of libvirt qualify one and the same."""
    direct, peer = (libvirt_plan("precopy", direct=direct).flags for direct in (True, False))
    assert peer - direct == libvirt.VIR_MIGRATE_PEER2PEER


@pytest.mark.parametrize(
    "mechanism,flag", [("postcopy", libvirt.VIR_MIGRATE_POSTCOPY), ("multifd", libvirt.VIR_MIGRATE_PARALLEL)]
)
def test_mechanism_has_its_flag(mechanism: str, flag: int) -> None:
    """Lose this and a mechanism is qualified that was never asked for."""
    assert libvirt_plan(mechanism, direct=False).flags & flag
    assert not libvirt_plan("precopy", direct=False).flags & flag


@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if drives("libvirt", name)])
def test_words_of_a_mechanism_are_of_libvirts_api(mechanism: str) -> None:
    """Lose this and a wrong word in the table ends a run with a traceback, or is not heard by libvirt."""
    known = {value for name, value in vars(libvirt).items() if name.startswith("VIR_MIGRATE_PARAM_")}
    given = libvirt_plan(mechanism, direct=False).parameters(uri="unix:///s", xml="<domain/>")
    assert given.keys() <= known


def test_bandwidth_is_given_in_mib() -> None:
    """Lose this and a guest is throttled to nothing, or not at all."""
    plan = libvirt_plan("precopy", direct=False).limited(3 << 20).limited_in_postcopy(2 << 20)
    given = plan.parameters(uri="unix:///s", xml="<domain/>")
    assert (given["bandwidth"], given["bandwidth.postcopy"]) == (3, 2)
    assert (given["migrate_uri"], given["destination_xml"]) == ("unix:///s", "<domain/>")


def test_plan_grows_and_its_origin_stays() -> None:
    """Lose this and one cell's flags and limits leak into the next, or replace what it asked for first."""
    plain = libvirt_plan("multifd", direct=True)
    more = plain.with_flags(libvirt.VIR_MIGRATE_PERSIST_DEST, a=1).with_flags(0, b=2)
    assert more.flags == plain.flags | libvirt.VIR_MIGRATE_PERSIST_DEST
    given, before = (plan.parameters(uri="u", xml="x") for plan in (more, plain))
    assert given == before | {"a": 1, "b": 2}
    assert before["parallel.connections"] == 2


def test_what_libvirt_has_no_word_for_is_unsupported() -> None:
    """Lose this and a mechanism that libvirt lacks passes as plain precopy."""
    with pytest.raises(Unsupported, match="cpr-transfer: libvirt offers no such migration"):
        libvirt_plan("cpr-transfer", direct=False)


def test_statistics_become_a_sample() -> None:
    """Lose this and the timeline of a migration by libvirt is empty."""
    assert sample_of({"type": 2}) is None
    sample = sample_of({"memory_processed": 7, "memory_remaining": 5, "memory_dirty_rate": 2})
    assert sample is not None
    assert (sample.transferred, sample.remaining, sample.dirty_rate) == (7, 5, 8192)


def test_qemus_words_are_found_in_its_log() -> None:
    """Lose this and a warning of every start is the cause of every failure, which excuses them all."""
    domain = domain_of(qemu_log=lambda _name: LOG)
    assert domain.said() == ["VQ 0 vring.num 1024 exceeds allocated max 128"]


@pytest.mark.parametrize("log,words", [(LOG, "VQ 0 vring.num 1024 exceeds allocated max 128"), ("", "late")])
def test_last_words_are_qemus_or_else_the_daemons(log: str, words: str) -> None:
    """Lose this and a report of a hang says neither who hangs nor what it said before."""
    daemon = {"qemu_log": lambda _name: log, "log_tail": lambda _lines: "late"}
    assert domain_of(qemus=lambda _name: [], **daemon).last_words() == f"QEMU is gone; {words}"
    assert domain_of(qemus=lambda _name: [1], **daemon).last_words() == f"it still runs; {words}"


def test_daemon_that_does_not_answer_is_a_hang() -> None:
    """Lose this and a libvirt that hangs over a call holds up the whole run."""
    domain = domain_of(qemu_log=lambda _name: LOG, qemus=lambda _name: [])
    answer = threading.Event()
    with pytest.raises(HotPatchFailure, match=r"did not answer `state` within 0\.05 s: QEMU is gone") as hang:
        domain.bounded(answer.wait, "state", 0.05)
    answer.set()
    assert hang.value.check == "hang"


def test_domain_that_libvirt_no_longer_has_is_gone() -> None:
    """Lose this and a source that was left for good counts as a broken one, or a broken one as left."""
    assert domain_of(connection=refusing(libvirt.VIR_ERR_NO_DOMAIN)).state() == "gone"
    with pytest.raises(libvirt.libvirtError):
        domain_of(connection=refusing(libvirt.VIR_ERR_INTERNAL_ERROR)).state()


NOTHING_OF_IT = [libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED]
BLOCKED = "Requested operation is not valid: domain is non-migratable"


@pytest.mark.parametrize("code", NOTHING_OF_IT)
def test_what_libvirt_lacks_is_unsupported(code: int) -> None:
    """Lose this and a libvirt that lacks a mechanism is blamed for a lost guest."""
    assert isinstance(failure_of(error_of(code), side(), side()), Unsupported)


def test_blocked_migration_is_refused() -> None:
    """Lose this and what QEMU cleanly declines to move counts against the update."""
    blocked = error_of(libvirt.VIR_ERR_OPERATION_INVALID, BLOCKED)
    refused = failure_of(blocked, side(), side())
    assert isinstance(refused, Refused)
    assert BLOCKED in str(refused)


@pytest.mark.parametrize("code", [*NOTHING_OF_IT, libvirt.VIR_ERR_OPERATION_INVALID])
@pytest.mark.parametrize("source", [side(state="shutoff crashed"), side(alive=False)], ids=["lost", "dead"])
def test_refusal_that_costs_the_guest_is_a_failure(code: int, source: Any) -> None:
    """Lose this and an update that kills guests passes if libvirt's message sounds like a refusal."""
    assert isinstance(failure_of(error_of(code, BLOCKED), source, side()), HotPatchFailure)


@pytest.mark.parametrize(
    "there,here,cause",
    [
        (("bad section",), ("broken pipe",), "bad section"),
        ((), ("broken pipe", "no memory"), "broken pipe; no memory"),
        ((), (), "Sibling indicated error 1 (operation_failed, qemu)"),
    ],
)
def test_cause_is_in_the_words_of_who_knows_it(
    there: tuple[str, ...], here: tuple[str, ...], cause: str
) -> None:
    """Lose this and one defect has as many signatures as libvirt has ways to put it."""
    error = error_of(libvirt.VIR_ERR_OPERATION_FAILED, "Sibling indicated error 1")
    failure = failure_of(error, side(said=here), side(said=there))
    assert isinstance(failure, HotPatchFailure)
    assert (failure.check, failure.cause) == ("migrate", cause)
    assert "Sibling indicated error 1" in str(failure)


def test_words_about_a_channel_that_the_suite_broke_are_no_cause() -> None:
    """Lose this and one failed recovery has another signature each time, so that a control excuses none."""
    error = error_of(libvirt.VIR_ERR_OPERATION_FAILED, "no recovery")
    failure = failure_of(error, side(said=("broken pipe",)), side(said=("bad section",)), broken=True)
    assert isinstance(failure, HotPatchFailure)
    assert failure.cause == "no recovery (operation_failed, qemu)"


DOMJOBINFO = """\
Job type:         Unbounded
Operation:        Outgoing migration
Time elapsed:     401          ms
Data processed:   12.094 MiB
Memory bandwidth: 29.824 MiB/s
Page size:        4096         bytes
Total downtime:   93           ms

"""


def test_table_of_domjobinfo_is_read() -> None:
    """Lose this and the promise of domjobinfo is kept by any output at all."""
    fields = virsh.fields_of(DOMJOBINFO)
    assert len(fields) == 7
    assert fields["Job type"] == "Unbounded"
    assert fields["Operation"] == "Outgoing migration"
    assert fields["Memory bandwidth"] == "29.824 MiB/s"
    assert fields["Total downtime"] == "93 ms"


def test_answer_of_virsh_is_what_it_printed() -> None:
    """Lose this and a warning of virsh's becomes part of the XML that the destination is given."""
    assert virsh._answer(virsh_that("echo '<domain/>'; echo warning >&2"), "dumpxml") == "<domain/>"


def test_failing_virsh_is_a_failure_in_its_own_words() -> None:
    """Lose this and a command of the recipe may fail unseen."""
    failing = virsh_that("echo 'error: no such domain' >&2; exit 1")
    with pytest.raises(HotPatchFailure, match="virsh migrate: error: no such domain"):
        virsh._answer(failing, "migrate")


def test_hanging_virsh_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a virsh that never ends blocks the run, or outlives it."""
    monkeypatch.setattr(virsh, "MIGRATE_SECONDS", 0.05)
    hanging = virsh_that("exec sleep 60")
    with (
        stretched_by(2.0),
        pytest.raises(HotPatchFailure, match=r"virsh migrate did not end in 0\.1 s") as hang,
    ):
        virsh._answer(hanging, "migrate")
    assert hang.value.check == "hang"
    assert hanging._popen.poll() is not None


def test_guest_that_panicked_is_one_whatever_libvirt_says() -> None:
    """Lose this and one broken guest is a regression by libvirt, and the old build's defect by QMP."""
    gone = error_of(libvirt.VIR_ERR_NO_DOMAIN, "Domain not found")
    panicked = side(said=("OS terminated: OS panic: Aiee, killing interrupt handler!",))
    failure = failure_of(gone, side(), panicked)
    assert isinstance(failure, HotPatchFailure)
    assert failure.check == "panic"


def test_smallest_bandwidth_is_no_missing_one() -> None:
    """Lose this and immediate postcopy sends all memory first: libvirt takes 0 MiB/s for no limit."""
    plan = libvirt_plan("postcopy-immediate", direct=False)
    assert plan.parameters(uri="unix:///s", xml="<domain/>")["bandwidth"] == 1
