# SPDX-License-Identifier: Apache-2.0
"""What is concluded of a source that is asked, in postcopy, for what it must refuse."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import refused_in_postcopy
from fixtures.attempt.refused_in_postcopy import refused_cancel, refused_stranger
from fixtures.errors import RigError
from fixtures.hosts.local import LOCAL
from fixtures.machine.monitor import CommandRefused
from fixtures.path.credentials import credentials

NOT_TRUSTED = "The certificate issuer is unknown"


class Source:
    """A source whose postcopy is paused, and the move that it belongs to."""

    def __init__(self, place: Path, *, trusts_all: bool = False, said: str = NOT_TRUSTED) -> None:
        self.printed = self.why = ""
        self.state = "postcopy-paused"
        self.source: Any = self
        self.host = SimpleNamespace(attempt_dir=place, programs=LOCAL)
        self.process = SimpleNamespace(stderr=lambda: self.printed)
        self.monitor = SimpleNamespace(execute=lambda _command: {"status": self.state})
        self.refuses = True
        self._trusts_all = trusts_all
        self._said = said

    def cancel(self) -> None:
        """As scripted."""
        if self.refuses:
            raise CommandRefused("migrate_cancel", "GenericError", "Postcopy migration in progress")

    def status(self) -> str:
        """The runstate."""
        return "postmigrate"

    def why_it_failed(self) -> str:
        """What `query-migrate` says."""
        return self.why

    def last_words(self) -> str:
        """What it said last."""
        return self.printed

    def connects_anew(self, listens: Path) -> None:
        """Shake hands in a thread, as QEMU's main loop does, and send a page to whom it trusts."""
        threading.Thread(target=self._connects, args=(listens,)).start()

    def _connects(self, listens: Path) -> None:
        context = ssl.create_default_context(cadata=credentials("x509")["ca-cert.pem"].decode())
        context.check_hostname = False
        if self._trusts_all:
            context.verify_mode = ssl.CERT_NONE
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(listens))
            with suppress(ssl.SSLError), context.wrap_socket(peer) as encrypted:
                encrypted.sendall(b"page")
        self.printed += self._said


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a source that never does what is waited for."""
    monkeypatch.setattr(refused_in_postcopy, "NOTICE_SECONDS", 1.0)


def test_cancel_that_is_refused_passes(tmp_path: Path) -> None:
    """Lose this and every build fails."""
    assert refused_cancel(Source(tmp_path))  # type: ignore[arg-type]


def test_cancel_that_is_taken_fails(tmp_path: Path) -> None:
    """Lose this and a source that gives its guest up passes."""
    source = Source(tmp_path)
    source.refuses, source.state = False, "cancelled"
    check = refused_cancel(source)  # type: ignore[arg-type]
    assert not check
    assert check.detail.endswith("in postcopy: migration cancelled, source postmigrate")


def test_cancel_that_comes_too_late_is_an_error_of_the_suite(tmp_path: Path) -> None:
    """Lose this and a build fails because its host was busy."""
    source = Source(tmp_path)
    source.refuses, source.state = False, "completed"
    with pytest.raises(RigError, match="ended before the suite cancelled it"):
        refused_cancel(source)  # type: ignore[arg-type]


def test_stranger_who_gets_nothing_passes(tmp_path: Path) -> None:
    """Lose this and every build fails."""
    assert refused_stranger(Source(tmp_path))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source,words",
    [
        ({"trusts_all": True}, "got 4 bytes after the handshake"),
        ({"said": "Cannot read"}, "got 0 bytes after the handshake"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_source_that_does_not_refuse_a_stranger_fails(
    source: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """Lose this and a source passes that sends a stranger memory, or does not say why it refuses."""
    check = refused_stranger(Source(tmp_path, **source))  # type: ignore[arg-type]
    assert not check
    assert words in check.detail


def test_source_may_say_why_when_it_is_asked(tmp_path: Path) -> None:
    """Lose this and QEMU 11.1, which prints nothing of it, is said not to refuse a stranger."""
    source = Source(tmp_path, said="")
    source.why = NOT_TRUSTED
    assert refused_stranger(source)  # type: ignore[arg-type]


@pytest.mark.usefixtures("impatient")
def test_source_that_does_not_stay_paused_fails(tmp_path: Path) -> None:
    """Lose this and a stranger ends a guest, and nobody says so."""
    source = Source(tmp_path)
    source.state = "failed"
    check = refused_stranger(source)  # type: ignore[arg-type]
    assert not check
    assert "the source is paused: False" in check.detail
