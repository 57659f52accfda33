# SPDX-License-Identifier: Apache-2.0
"""A stand-in for QEMU that behaves as a test needs: a Python script in place of a build's program."""

from __future__ import annotations

import sys
from pathlib import Path

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox

PYTHON = Path(sys.executable).resolve()
PYTHON_HOME = Path(sys.base_prefix)
"""Python's library. It may be in a home directory, which a build cannot read."""
BEGIN = f"""#!{PYTHON} -I
import json, os, re, socket, sys, time

LINE = " ".join(sys.argv)


def port(name):
    return socket.socket(fileno=int(re.search(rf"id={{name}},fd=(\\d+)", LINE)[1]))


def says(text):
    sys.stderr.write(text)
    sys.stderr.flush()


def answers(dies_after="", **returned):
    '''Answer these commands on the monitor as QEMU does; a signal kills it after it has answered one.'''
    monitor = port("monitor")
    version = {{"qemu": {{"major": 9, "minor": 0, "micro": 0}}, "package": ""}}
    lines = monitor.makefile("rw", newline="")
    lines.write(json.dumps({{"QMP": {{"version": version, "capabilities": []}}}}) + "\\r\\n")
    lines.flush()
    decoder, text = json.JSONDecoder(), ""
    while data := monitor.recv(65536):
        text += data.decode()
        while text.strip():
            try:
                command, end = decoder.raw_decode(text.lstrip())
            except ValueError:
                break
            text = text.lstrip()[end:]
            answer = {{"return": returned.get(command["execute"].replace("-", "_"), {{}})}}
            answer |= {{"id": command["id"]}} if "id" in command else {{}}
            lines.write(json.dumps(answer) + "\\r\\n")
            lines.flush()
            if command["execute"] == dies_after:
                os.kill(os.getpid(), 11)


"""


def fake_build(place: Path, script: str, name: str = "new") -> Build:
    """A build with this script as its QEMU for x86_64, made in `place`."""
    program = place / "qemu-system-x86_64"
    program.write_text(BEGIN + script)
    program.chmod(0o755)
    return Build(name, Sandbox(Path("/"), shown=(place, PYTHON_HOME)), {"x86_64": str(program)})


ANSWERS = """
answers(
    query_version={"qemu": {"major": 9, "minor": 0, "micro": 0}, "package": ""},
    query_machines=[{"name": "pc-q35-9.0"}],
    query_cpu_definitions=[{"name": "qemu64"}],
    query_migrate_capabilities=[{"capability": "events"}],
    query_migrate_parameters={},
    query_qmp_schema=[
        {"name": "migrate-set-parameters", "arg-type": "0"},
        {"name": "0", "members": []},
    ],
)
"""
"""A script that answers a probe, as QEMU 9.0 with one machine type."""
