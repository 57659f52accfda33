# SPDX-License-Identifier: Apache-2.0
"""The tampering proxy runs on this machine and stands between two QEMUs of an emulated host."""

from pathlib import Path

from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.still.stream import parse
from suites.harness.support.host_init import needs_root
from suites.harness.support.tamper.fields import Change
from suites.harness.support.tamper.proxy import Proxy
from suites.harness.support.tamper.rules import Tampering
from suites.harness.support.tampered_streams import (
    LAST_MESSAGE,
    Listening,
    page,
    ram,
    send_as_source,
    stream_with,
)

pytestmark = needs_root
STREAM = stream_with(ram([page(0, b"a" * 4096, "pc.ram")]), ram([], last=True))


def test_stream_of_an_emulated_host_is_changed(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and no seeded defect of a guest's state is planted under KVM."""
    listens, ours = tmp_path / "destination", tmp_path / "proxy"
    change = Tampering((Change("timer", "level", "ones"),))
    with Listening(listens) as destination, Proxy(ours, listens, change, host) as proxy:
        answer = send_as_source(STREAM, ours)
        arrived = destination.arrived()
    assert (answer, proxy.done.fields, proxy.done.errors) == (LAST_MESSAGE, ["timer level"], [])
    assert parse(arrived).state("timer") == b"\xff"


def test_proxy_ends_although_no_source_came(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a source that does not migrate stops the run at the end of its cell."""
    with Proxy(tmp_path / "proxy", tmp_path / "nobody", Tampering(), host) as proxy:
        pass
    assert proxy.done.errors == []


def test_destination_that_does_not_listen_is_noted(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a thread of the proxy fails, instead of the move."""
    with Proxy(tmp_path / "proxy", tmp_path / "nobody", Tampering(), host) as proxy:
        assert send_as_source(STREAM, tmp_path / "proxy") == b""
    assert "the destination cannot be reached" in proxy.done.errors[0]
