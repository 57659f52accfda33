# SPDX-License-Identifier: Apache-2.0
"""The operator's command has no means to end a guest: read in its source, not believed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from fixtures.places import ROOT

PACKAGE = ROOT / "fixtures/operator"
LOOKS = {
    *("UUIDString", "XMLDesc", "autostart", "getCapabilities", "getLibVersion", "getVersion", "isActive"),
    *(
        "isAlive",
        "isPersistent",
        "jobInfo",
        "jobStats",
        "listAllCheckpoints",
        "listAllDomains",
        "lookupByUUIDString",
    ),
    *("blockJobInfo", "name", "numOfDomains", "snapshotNum", "state"),
}
"""Methods of connections and domains that only look."""
MOVES = {"abortJob", "migrateStartPostCopy", "migrateToURI3"}
OF_CONNECTIONS = {"close", "setKeepAlive"}
MODULES = {
    *("__future__", "argparse", "collections", "concurrent", "contextlib", "ctypes", "dataclasses", "enum"),
    *("fcntl", "fixtures", "functools", "json", "libvirt", "operator", "os", "pathlib", "re", "rich"),
    *("shlex", "shutil", "signal", "stat", "subprocess", "sys", "time", "types", "uuid", "xml"),
}
ONLY_IN = {
    "subprocess": {"second.py"},
    "kill": {"second.py"},
    "execve": {"private.py"},
    "ctypes": {"private.py"},
}
"""What could end a process, and the modules that need it: to start the second daemon, and to end it."""
DYNAMIC = {
    "system",
    "popen",
    "killpg",
    "getattr",
    "eval",
    "exec",
    "__import__",
    "import_module",
    "globals",
    "vars",
    "methodcaller",
}
KINDS = (libvirt.virDomain, libvirt.virConnect)
METHODS = {name for kind in KINDS for name in dir(kind) if not name.startswith("__")}


UNDOES = ("UNDEFINE", "PERSIST", "OFFLINE", "PAUSED", "DESTROY", "SIGKILL")
"""Parts of constants: what a migration would leave behind, or end."""


def violations(name: str, text: str) -> Iterator[str]:
    """What in a module could do more to a guest than look at it and move it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            yield from _of_word(name, node.attr)
            if node.attr in METHODS - LOOKS - MOVES - OF_CONNECTIONS:
                yield f"calls {node.attr}"
            if node.attr.startswith(("VIR_MIGRATE", "SIG", "VIR_DOMAIN_DESTROY")):
                yield from (f"uses {node.attr}" for word in UNDOES if word in node.attr)
        elif isinstance(node, ast.Name):
            yield from _of_word(name, node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"imports {module}" for module in _modules(node) if _root(module) not in MODULES)


def _of_word(name: str, word: str) -> Iterator[str]:
    if word in DYNAMIC or name not in ONLY_IN.get(word, {name}):
        yield f"uses {word}"


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [str(node.module)] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]


def _root(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_module_can_only_look_at_guests_and_move_them(path: Path) -> None:
    """Lose this and an operator's guest can be ended by the command that was to save it a restart."""
    assert list(violations(path.name, path.read_text())) == []


def test_package_has_no_other_files() -> None:
    """Lose this and a part of the package is not read."""
    assert {path.suffix for path in PACKAGE.rglob("*") if path.is_file()} <= {".py", ".pyc"}
    assert {path.parent for path in PACKAGE.rglob("*.py")} == {PACKAGE}


BAD = {
    "destroy": "domain.destroy()",
    "gently": "domain.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)",
    "by reference": "end = domain.undefineFlags",
    "reset": "domain.reset(0)",
    "shut down": "domain.shutdown()",
    "start it twice": "connection.createXML(xml, 0)",
    "change what is kept": "connection.defineXML(xml)",
    "autostart": "domain.setAutostart(0)",
    "a flag": "flags = libvirt.VIR_MIGRATE_UNDEFINE_SOURCE",
    "by name": "getattr(domain, word)()",
    "QEMU's monitor": "import libvirt_qemu",
    "a program": "import subprocess\nsubprocess.run(['virsh', 'destroy'])",
    "a signal": "os.kill(pid, 9)",
}


@pytest.mark.parametrize("what", BAD)
def test_what_could_end_a_guest_is_found(what: str) -> None:
    """Lose this and the test above cannot fail."""
    assert list(violations("moves.py", BAD[what]))


def test_the_only_signal_asks_the_second_daemon_to_end() -> None:
    """Lose this and the process that gets a signal may be another one."""
    calls = [
        ast.unparse(node)
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.kill"
    ]
    assert calls == ["os.kill(pid, signal.SIGTERM)"]
