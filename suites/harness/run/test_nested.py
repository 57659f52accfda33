# SPDX-License-Identifier: Apache-2.0
import pytest

from suites.harness.support.nested import nested_environment


def test_nested_process_keeps_its_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and `make test` takes minutes more where the environment forbids bytecode."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTEST_XDIST_WORKER"} & nested_environment().keys()
