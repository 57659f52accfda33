# SPDX-License-Identifier: Apache-2.0
"""The guest agent is asked over a serial port that garbles, stays silent and closes."""

import binascii
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.guest.agent import PORT_CLOSED, Agent, AgentError, AgentSilent
from fixtures.guest.guest import Guest
from fixtures.machine.consoles import Channel
from fixtures.matrix.guestspec import GuestSpec
from fixtures.waiting import Signal

LONG = 20.0
"""A deadline that these tests never reach unless something is broken."""


Reply = Callable[[str], bytes]
"""What the guest's end sends to a request of that number."""


def good(text: str) -> Reply:
    """An answer as the guest agent sends it."""
    return lambda number: checked(f"{number} {text}".encode())


def garbled(text: str) -> Reply:
    """An answer with one damaged byte."""
    return lambda number: good(text)(number).replace(b"ok", b"oj")


def cut(text: str) -> Reply:
    """An answer that lost a byte of its text."""
    return lambda number: good(text)(number).replace(b"o=", b"=")


def of_another(text: str) -> Reply:
    """An answer to another request with a similar number."""
    return lambda number: good(text)(f"{number}0")


def noise(data: bytes) -> Reply:
    """Whatever a broken port may say."""
    return lambda _number: data


def checked(body: bytes) -> bytes:
    """A line with its checksum."""
    return b"%s *%04x\r\n" % (body, binascii.crc_hqx(body, 0xFFFF))


def after_firmware(text: str) -> Reply:
    """The first answer after UEFI firmware has cleared the screen of the port."""
    return lambda number: b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H" + good(text)(number)


@contextmanager
def agent_that_says(*replies: Reply, hangs_up: bool = False) -> Iterator[tuple[Agent, list[bytes]]]:
    """An agent whose guest sends `replies` to the first request, and the requests that it received."""
    ours, theirs = socket.socketpair()
    requests: list[bytes] = []

    def serve() -> None:
        request = theirs.recv(4096)
        requests.append(request)
        for reply in replies:
            theirs.sendall(reply(request.split(b" ")[0].decode()))
        if hangs_up:
            theirs.shutdown(socket.SHUT_RDWR)

    guest = threading.Thread(target=serve, daemon=True)
    guest.start()
    channel = Channel("agent", ours)
    try:
        yield Agent(channel), requests
    finally:
        channel.close()
        guest.join(10)
        theirs.close()


@pytest.mark.parametrize("damaged", [garbled, cut])
def test_damaged_answer_is_a_fault_of_the_port(damaged: Callable[[str], Reply]) -> None:
    """Lose this and a serial port that loses bytes looks like a guest that hangs."""
    with agent_that_says(damaged("ok hello=1")) as (agent, _requests), pytest.raises(AgentSilent) as failed:
        agent.ask("status", timeout=0.2)
    assert failed.value.cause == "its answer was damaged"
    assert "the serial port damaged the agent's answer" in str(failed.value)


def test_answer_comes_back_as_values() -> None:
    """Lose this and the guest cannot be given commands."""
    with agent_that_says(good("ok laps=17 log=two%20words%0A empty=")) as (agent, requests):
        assert agent.ask("verify", mib=32) == {"laps": "17", "log": "two words\n", "empty": ""}
    assert requests[0].endswith(b" verify mib=32\n")


def test_answer_without_values_is_empty() -> None:
    """Lose this and a command that only does something seems to fail."""
    with agent_that_says(good("ok")) as (agent, _requests):
        assert agent.ask("stop") == {}


def test_answer_after_what_uefi_firmware_wrote_is_understood() -> None:
    """Lose this and no UEFI guest answers, because its firmware writes to each serial port."""
    with agent_that_says(after_firmware("ok laps=3")) as (agent, _requests):
        assert agent.ask("verify") == {"laps": "3"}


def test_control_sequence_inside_an_answer_is_damage() -> None:
    """Lose this and an answer with bytes that do not belong to it is believed."""
    with (
        agent_that_says(lambda number: good("ok laps=3")(number).replace(b"=", b"\x1b[2J=")) as (
            agent,
            _requests,
        ),
        pytest.raises(AgentSilent),
    ):
        agent.ask("verify", timeout=0.2)


def test_error_carries_the_agents_words() -> None:
    """Lose this and a report says that the guest could not do something, and not why."""
    with (
        agent_that_says(good("error no%20such%20device")) as (agent, _requests),
        pytest.raises(AgentError, match="the agent could not `echo`: no such device") as failed,
    ):
        agent.ask("echo")
    assert failed.value.check == "agent"


def test_garbled_answer_is_not_believed() -> None:
    """Lose this and a byte that the port garbled turns damaged memory into intact memory."""
    with agent_that_says(garbled("ok bad=0"), good("ok bad=3")) as (agent, _requests):
        assert agent.ask("verify") == {"bad": "3"}


def test_nothing_but_garbled_answers_is_silence() -> None:
    """Lose this and a guest with a port that damages everything hangs the run."""
    with (
        agent_that_says(noise(b"\xff *zz\xff\r\n* *\r\n"), garbled("ok bad=0")) as (agent, _requests),
        pytest.raises(AgentSilent, match=r"the agent's answer to `verify`; last seen: .*oj bad=0"),
    ):
        agent.ask("verify", timeout=0.2)


def test_answer_to_another_question_is_not_taken() -> None:
    """Lose this and a late answer to one question passes for that to the next."""
    with agent_that_says(of_another("ok laps=1"), good("ok laps=3")) as (agent, _requests):
        assert agent.ask("verify") == {"laps": "3"}


def test_silent_guest_is_reported_in_time() -> None:
    """Lose this and a guest that hangs after its move hangs the run."""
    begun = time.monotonic()
    with (
        agent_that_says() as (agent, _requests),
        pytest.raises(AgentSilent, match=r"waited 0\.2 s for the agent's answer to `verify`"),
    ):
        agent.ask("verify", timeout=0.2)
    assert time.monotonic() - begun < LONG / 2


def test_port_closed_during_the_question_is_reported_at_once() -> None:
    """Lose this and a QEMU that died is waited for as long as a slow guest."""
    begun = time.monotonic()
    with (
        agent_that_says(hangs_up=True) as (agent, _requests),
        pytest.raises(AgentSilent, match="closed the agent's port before the answer to `verify`"),
    ):
        agent.ask("verify", timeout=LONG)
    assert time.monotonic() - begun < LONG / 2


def test_port_closed_before_the_question_is_reported_at_once() -> None:
    """Lose this and a command to a guest whose QEMU has ended stops the run with a traceback."""
    begun = time.monotonic()
    with agent_that_says(hangs_up=True) as (agent, _requests):
        for _ in range(2):
            with pytest.raises(AgentSilent, match="port"):
                agent.ask("verify", timeout=LONG)
    assert time.monotonic() - begun < LONG / 2


def test_closed_port_is_reported_with_the_end_of_qemu() -> None:
    """Lose this and a QEMU that was killed is reported as a closed port, and nobody knows why it closed."""
    (port, qemus_port), (console, qemus_console) = socket.socketpair(), socket.socketpair()
    channels = {"agent": Channel("agent", port), "console": Channel("console", console)}
    machine: Any = SimpleNamespace(channels=channels, last_words=lambda: "exit status 137; nothing on stderr")
    guest = Guest(GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0), lambda check: check)
    guest.machines = [machine]

    def end() -> None:
        qemus_port.recv(4096)
        qemus_port.close()

    threading.Thread(target=end, daemon=True).start()
    for _ in ("during the question", "before the question"):
        with pytest.raises(AgentSilent, match=r"port.*: exit status 137; nothing on stderr$") as failed:
            guest.agent.ask("readback", timeout=LONG)
        assert failed.value.cause == PORT_CLOSED
    qemus_console.close()
    for channel in channels.values():
        channel.close()


def test_closed_port_does_not_matter_to_what_is_only_told() -> None:
    """Lose this and a failed move is reported as one of the agent's port."""
    with agent_that_says(hangs_up=True) as (agent, _):
        with pytest.raises(AgentSilent):
            agent.ask("hello", timeout=LONG)
        agent.tell("hold", on=0)


@pytest.mark.parametrize(
    "words", ["[    9.1] Kernel panic - not syncing: Attempted to kill init!", "F no port"]
)
def test_panic_ends_the_wait_for_an_answer(words: str) -> None:
    """Lose this and a guest that panicked is asked for half a minute, and then said to be silent."""
    heard = Signal()
    (port, guests_port), (console, guests_console) = socket.socketpair(), socket.socketpair()
    channels = Channel("agent", port, signal=heard), Channel("console", console, signal=heard)

    def panic() -> None:
        guests_port.recv(4096)
        guests_console.sendall(words.encode() + b"\r\n")

    threading.Thread(target=panic, daemon=True).start()
    with (
        guests_port,
        guests_console,
        pytest.raises(HotPatchFailure, match=f"the guest said: {re.escape(words)}"),
    ):
        Agent(*channels).ask("status", timeout=LONG)
    for channel in channels:
        channel.close()
