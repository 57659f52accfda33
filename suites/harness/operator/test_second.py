# SPDX-License-Identifier: Apache-2.0
"""How the second daemon is started: its configuration, its mounts, its scope. None is started here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.operator import second as second_module
from fixtures.operator.layout import Layout
from fixtures.operator.private import Recipe, read
from fixtures.operator.second import SecondDaemon
from fixtures.operator.trouble import Trouble
from fixtures.places import ROOT


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Directories of a second daemon."""
    made = Layout(tmp_path / "state", tmp_path / "volatile")
    made.make()
    return made


def test_each_start_has_a_scope_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lose this and a daemon that died cannot be started again: its guests keep its scope."""
    monkeypatch.setattr(second_module, "SYSTEMD", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    first, second = second_module._scope(), second_module._scope()
    assert first[:2] == ["systemd-run", "--scope"]
    assert first != second


def test_host_without_systemd_has_no_scope(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lose this and the second daemon starts only under systemd."""
    monkeypatch.setattr(second_module, "SYSTEMD", str(tmp_path / "none"))
    assert second_module._scope() == []


def test_host_uuid_is_the_same_at_the_next_start(layout: Layout) -> None:
    """Lose this and a daemon that is started again is another host to the guests on their way."""
    assert [layout.host_uuid("1"), layout.host_uuid("2")] == ["1", "1"]


def test_definitions_with_passwords_are_roots_alone(layout: Layout) -> None:
    """Lose this and every user of the host reads the passwords of displays."""
    assert layout.home_xml("1").parent.stat().st_mode & 0o777 == 0o700
    assert layout.sockets.stat().st_mode & 0o777 == 0o700


def test_shared_files_are_bound_before_their_directory_is_hidden(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Lose this and the second daemon sees its own empty directory instead of the host's sockets."""
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    binds = layout.binds()
    first = binds.index(("/run/libvirt", str(layout.home_run)))
    assert first < binds.index((str(layout.run), "/run/libvirt"))
    variables = binds.index(("/var/lib/libvirt/qemu/nvram", str(layout.lib / "nvram")))
    assert variables < binds.index((str(layout.lib), "/var/lib/libvirt/qemu"))


def test_daemon_sees_private_directories_and_the_host_does_not(tmp_path: Path) -> None:
    """Lose this and the second daemon writes over the files of the host's own daemon."""
    public, private = tmp_path / "public", tmp_path / "private"
    for folder in (public, private):
        folder.mkdir()
    (private / "own").touch()
    recipe = tmp_path / "recipe.json"
    listing = [sys.executable, "-c", f"import os; print(os.listdir({str(public)!r}))"]
    Recipe([(str(private), str(public))], listing, {}).write(recipe)
    assert read(recipe).command == listing
    command = [sys.executable, "-m", "fixtures.operator.private", str(recipe)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "unshare: " in done.stderr:
        pytest.skip("only root can make a mount namespace here")
    assert done.stdout == "['own']\n", done.stderr
    assert list(public.iterdir()) == []


def test_daemon_that_does_not_start_is_trouble_with_its_words(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Lose this and the operator does not learn why."""
    program = tmp_path / "libvirtd"
    program.write_text("#!/bin/sh\necho no such driver >&2\nexit 3\n")
    program.chmod(0o755)
    second = SecondDaemon(layout)
    monkeypatch.setattr(SecondDaemon, "program", program)
    monkeypatch.setattr(second, "_configure", lambda _: None)
    monkeypatch.setattr(layout, "binds", list)
    monkeypatch.setattr(second_module, "_scope", list)
    with pytest.raises(Trouble, match=r"the second daemon does not start: (no such driver|.*unshare)"):
        second.open()
