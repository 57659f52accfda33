# SPDX-License-Identifier: Apache-2.0
"""Guests that several tests share: booting one takes most of the time of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from fixtures.attempt.attempt import Attempt, Boot
from fixtures.matrix.names import Arch
from fixtures.run.booted import booting
from fixtures.run.executing import pair_under_test_of


@pytest.fixture(scope="module")
def booted_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    """Like `boot`, but a guest of each kind is booted once and does its work, if it has any, from then on."""
    under_test = pair_under_test_of(request.config)
    with ExitStack() as stack:

        @cache
        def booted(arch: Arch, *, works: bool = False, **kind: object) -> Attempt:
            boot: Boot = stack.enter_context(booting(under_test, tmp_path_factory.mktemp("guest")))
            attempt = boot(arch, **kind)
            if works:
                attempt.guest.works()
            return attempt

        yield booted


@pytest.fixture
def shared(booted_once: Boot) -> Iterator[Boot]:
    """A guest of `booted_once` that is moved through QMP; it is paused while no test uses it.

    For tests that only look, or whose fault no other check of such a test sees, in any order. Not for
    checks of time, which would see the pause.
    """
    with ExitStack() as stack:

        def resumed(arch: Arch, **kind: object) -> Attempt:
            attempt = booted_once(arch, **kind)
            attempt.machine.monitor.execute("cont")
            stack.callback(attempt.machine.monitor.execute, "stop")
            return attempt

        yield resumed
