# SPDX-License-Identifier: Apache-2.0
"""Somebody who answers in the place of a destination, with a certificate that its source does not trust."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from fixtures.hosts.local import LOCAL
from fixtures.path.credentials import credentials, of_a_stranger, write_credentials
from fixtures.path.stranger import Stranger

SECONDS = 10.0


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    """A stranger who listens."""
    write_credentials(LOCAL, tmp_path / "pki", of_a_stranger())
    with closing(Stranger(tmp_path / "listens", tmp_path / "pki", SECONDS)) as found:
        yield found


def asked(stranger: Stranger, *, trusts: bytes | None) -> None:
    """A source sends the stranger a page, unless it does not trust him. `trusts`: an authority; None: all."""
    context = ssl.create_default_context(cadata=trusts.decode() if trusts else None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if trusts else ssl.CERT_NONE
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(stranger.listens))
        with suppress(ssl.SSLError), context.wrap_socket(peer) as encrypted:
            encrypted.sendall(b"page")


def test_who_is_not_deceived_sends_nothing(stranger: Stranger) -> None:
    """Lose this and a source that refuses a stranger is said to have sent him memory."""
    asked(stranger, trusts=credentials("x509")["ca-cert.pem"])
    assert stranger.ended.wait(SECONDS)
    assert stranger.received == 0


def test_who_is_deceived_sends_memory(stranger: Stranger) -> None:
    """Lose this and a source that trusts everybody passes."""
    asked(stranger, trusts=None)
    assert stranger.ended.wait(SECONDS)
    assert stranger.received == len(b"page")


def test_nobody_need_come(stranger: Stranger) -> None:
    """Lose this and a source that never connects holds the suite up."""
    assert not stranger.ended.is_set()
