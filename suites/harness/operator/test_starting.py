# SPDX-License-Identifier: Apache-2.0
"""What the operator's command says where it cannot run."""

import ast
from pathlib import Path

import libvirt
import pytest

from fixtures.errors import UsageError
from fixtures.operator import main as main_module
from fixtures.operator import second as second_module
from fixtures.operator.__main__ import too_old
from fixtures.operator.main import main
from fixtures.places import ROOT
from suites.harness.support.libvirt_errors import error_of


@pytest.mark.parametrize("version", [(3, 6), (3, 10)])
def test_python_that_is_too_old_is_named(version: tuple[int, int]) -> None:
    """Lose this and a Python that is too old asks for packages that are installed."""
    said = too_old(version, "/usr/bin/python3")
    number = ".".join(map(str, version))
    assert said == (f"error: /usr/bin/python3 is Python {number}\n  what to do: use Python 3.11 or newer\n")


def test_python_that_is_new_enough_runs_the_command() -> None:
    """Lose this and the command runs nowhere."""
    assert (too_old((3, 11), "python3"), too_old((3, 12), "python3")) == ("", "")


@pytest.mark.parametrize("name", ["__init__.py", "operator/__init__.py", "operator/__main__.py"])
def test_old_python_can_read_what_tells_it_so(name: str) -> None:
    """Lose this and an old Python shows a syntax error instead of the message."""
    tree = ast.parse((ROOT / "fixtures" / name).read_text(), feature_version=(3, 6))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert set(imports) <= {"import sys"}
    arguments = [node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg)]
    assert not any(isinstance(annotation, ast.Subscript) for annotation in arguments)


def test_without_root_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and the first try of most users ends without a hint."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: this command needs root: ")
    assert shown.err.endswith("\n  what to do: run it with sudo\n")
    assert shown.out == ""


ERRORS = {
    "no answer": (UsageError("libvirt does not answer", where="a", fix="b"), "a: libvirt does not answer"),
    "libvirt's own": (error_of(libvirt.VIR_ERR_RPC, "closed"), "qemu:///system: libvirt says: closed"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_error_is_on_stderr_with_what_to_do(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a script takes the error for the plan."""
    error, words = ERRORS[what]

    def fails() -> None:
        raise error

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(main_module, "_home", fails)
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: {words}")
    assert "\n  what to do: " in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("option", ["--plan", "--go"])
def test_host_that_no_daemon_serves_says_what_to_do(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Lose this and the operator learns what is wrong, and nothing else."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(main_module, "_home", lambda: None)
    monkeypatch.setattr(second_module, "RUN", tmp_path)
    assert main([option]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: neither virtqemud nor libvirtd serves this host: no socket in ")
    assert "\n  what to do: start it: `systemctl start libvirtd.socket`" in shown.err
    assert shown.out == ""
