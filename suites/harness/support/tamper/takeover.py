# SPDX-License-Identifier: Apache-2.0
"""A proxy on the very socket on which the destination listens.

libvirt gives both sides one address. So the destination's socket gets another name as soon as it appears,
and the proxy listens in its place. libvirt lets the source connect only after it has heard from the
destination's side, some milliseconds later.
"""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event, Thread

from suites.harness.support.tamper.done import Done
from suites.harness.support.tamper.proxy import END_SECONDS, Proxy
from suites.harness.support.tamper.rules import Tampering

LOOK_SECONDS = 0.0005
"""No event reports that a socket was bound before it listens; inotify has one only for its creation."""


class Takeover:
    """Waits for a socket and puts a proxy in its place."""

    def __init__(self, listens: Path, tampering: Tampering) -> None:
        self._listens = listens
        self._tampering = tampering
        self._proxy: Proxy | None = None
        self._closing, self._ready = Event(), Event()
        self._thread = Thread(target=self._wait, name="takeover", daemon=True)
        self._thread.start()

    @property
    def done(self) -> Done:
        """What the proxy did."""
        return self._proxy.done if self._proxy else Done(errors=["the destination never listened"])

    def stands_in(self, seconds: float) -> bool:
        """Does the proxy listen, after so many seconds at most?"""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """End the proxy, or the wait for a socket."""
        self._closing.set()
        self._thread.join(END_SECONDS)
        if self._proxy is not None:
            self._proxy.close()

    def _wait(self) -> None:
        theirs = self._listens.with_name(f"{self._listens.name}-{time.monotonic_ns()}")
        while not self._listens.is_socket():
            if self._closing.wait(LOOK_SECONDS):
                return
        self._listens.rename(theirs)
        self._proxy = Proxy(self._listens, theirs, self._tampering)
        self._ready.set()
