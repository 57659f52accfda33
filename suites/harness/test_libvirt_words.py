# SPDX-License-Identifier: Apache-2.0
"""What the rig makes of libvirt's words: plans, events, errors, virsh's tables, QEMU's log."""

import subprocess
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures import libvirt_path, virsh
from fixtures.domain import Domain
from fixtures.errors import HotPatchFailure, Refused, Unsupported
from fixtures.libvirt_events import DomainEvent, Recorder, constant, told
from fixtures.libvirt_plan import libvirt_plan, sample_of
from fixtures.waiting import Signal

LOG = """\
2026-11-23 01:48:06.1+0000: starting up libvirt version: 11.3.0
/usr/bin/qemu-system-x86_64 \\
-name guest=x
qemu-system-x86_64: -mon chardev=m: warning: '-mon' is deprecated
2026-11-23T01:48:06.5Z qemu-system-x86_64: VQ 0 vring.num 1024 exceeds allocated max 128
2026-11-23T01:48:06.5Z qemu-system-x86_64: VQ 0 vring.num 1024 exceeds allocated max 128
2026-11-23T01:48:06.6Z qemu-system-x86_64: terminating on signal 15 from pid 2 (/usr/sbin/libvirtd)
"""


def error_of(code: int, message: str = "no") -> libvirt.libvirtError:
    """An error as libvirt raises it."""
    error = libvirt.libvirtError(message)
    error.err = (code, libvirt.VIR_FROM_QEMU, message, 2, None, None, None, -1, -1)
    return error


def side(*, state: str = "running booted", said: tuple[str, ...] = ()) -> Any:
    """A domain of which only its words are known."""
    daemon = SimpleNamespace(alive=True)
    return SimpleNamespace(
        daemon=daemon, state=lambda: state, said=lambda: list(said), last_words=lambda: "it still runs"
    )


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


def test_bandwidth_is_given_in_mib() -> None:
    """Lose this and a guest is throttled to nothing, or not at all."""
    plan = libvirt_plan("precopy", direct=False).limited(3 << 20).limited_in_postcopy(2 << 20)
    given = plan.parameters(uri="unix:///s", xml="<domain/>")
    assert (given["bandwidth"], given["bandwidth.postcopy"]) == (3, 2)
    assert (given["migrate_uri"], given["destination_xml"]) == ("unix:///s", "<domain/>")


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


def test_numbers_have_names() -> None:
    """Lose this and a report shows numbers that only libvirt's headers explain."""
    assert constant("VIR_DOMAIN_EVENT_SUSPENDED_", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY) == "postcopy"
    assert constant("VIR_DOMAIN_EVENT_SUSPENDED_", 99) == "99"
    assert told(error_of(libvirt.VIR_ERR_OPERATION_FAILED, "it broke")) == "it broke (operation_failed, qemu)"


def test_events_are_kept_for_their_domain() -> None:
    """Lose this and one guest's migration is told as another's."""
    recorder = Recorder(Signal())
    recorder.events += [DomainEvent(1.0, "a", "lifecycle", "x y"), DomainEvent(2.0, "b", "iteration", "2")]
    assert [str(event) for event in recorder.of("b")] == ["iteration 2"]
    assert [str(event) for event in recorder.of("a")] == ["x y"]


def test_qemus_words_are_found_in_its_log() -> None:
    """Lose this and a warning of every start is the cause of every failure, which excuses them all."""
    domain = Domain.__new__(Domain)
    domain.name = "x"
    domain.daemon = SimpleNamespace(qemu_log=lambda _name: LOG)  # type: ignore[assignment]
    assert domain.said() == ["VQ 0 vring.num 1024 exceeds allocated max 128"]


def test_refusal_leaves_the_guest_and_is_told_apart() -> None:
    """Lose this and what libvirt declines to do counts as a guest that was lost."""
    unsupported = libvirt_path._failure(error_of(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED), side(), side())
    assert isinstance(unsupported, Unsupported)
    blocked = error_of(libvirt.VIR_ERR_OPERATION_INVALID, "domain is non-migratable")
    assert isinstance(libvirt_path._failure(blocked, side(), side()), Refused)
    lost = libvirt_path._failure(blocked, side(state="shutoff crashed"), side())
    assert isinstance(lost, HotPatchFailure)


def test_cause_is_in_the_destinations_words() -> None:
    """Lose this and one defect has as many signatures as libvirt has ways to put it."""
    error = error_of(libvirt.VIR_ERR_OPERATION_FAILED, "Sibling indicated error 1")
    failure = libvirt_path._failure(error, side(said=("broken pipe",)), side(said=("bad section",)))
    assert isinstance(failure, HotPatchFailure)
    assert failure.cause == "bad section"


def test_table_of_domjobinfo_is_read() -> None:
    """Lose this and the promise of domjobinfo is kept by any output at all."""
    text = "Operation:        Outgoing migration\nTotal downtime:   93           ms\n"
    assert virsh.fields_of(text)["Operation"] == "Outgoing migration"
    assert virsh.fields_of(text)["Total downtime"] == "93 ms"


def test_failing_virsh_is_a_failure_in_its_own_words() -> None:
    """Lose this and a command of the recipe may fail unseen."""
    command = ["/bin/sh", "-c", "echo 'error: no such domain' >&2; exit 1"]
    failing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(HotPatchFailure, match="virsh migrate: error: no such domain"):
        virsh._answer(failing, "migrate")
