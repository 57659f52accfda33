# SPDX-License-Identifier: Apache-2.0
"""When postcopy begins out of a source that loses pages of TCG guests. No guest is started."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from fixtures.matrix.mechanisms import MECHANISMS, MIB, Mechanism, MigrationAbilities, MigrationPlan, plan
from fixtures.path import early
from fixtures.path.early import loses_written_pages
from fixtures.path.libvirt.asked import plan_for
from fixtures.path.qmp.path import QmpPath

SOME: Any = None


def planned(mechanism: Mechanism) -> MigrationPlan:
    """The plan of two builds that have all that this mechanism needs."""
    needs = frozenset({"events", "return-path", *MECHANISMS[mechanism].needs})
    both = MigrationAbilities(needs)
    return plan(mechanism, both, both)


@pytest.fixture
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine under the accelerator and QEMU of the test's parameter."""
    accelerator, version = request.param
    monkeypatch.setattr(early, "probed", lambda *_: SimpleNamespace(version=version))
    host, spec = SimpleNamespace(accelerator=accelerator), SimpleNamespace(arch="x86_64")
    return SimpleNamespace(host=host, spec=spec, build=None)


def asked_by_qmp(source: Any, mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch) -> MigrationPlan:
    """The plan by which the path would move this source's guest."""
    asked: list[MigrationPlan] = []

    def begun(_path: object, _guest: object, _build: object, plan: MigrationPlan) -> NoReturn:
        asked.append(plan)
        raise InterruptedError

    monkeypatch.setattr(QmpPath, "_begun", begun)
    path = QmpPath(own=lambda _machine: None)
    path.machine = source
    with pytest.raises(InterruptedError):
        path.hot_patch(SOME, SOME, planned(mechanism))
    return asked[0]


@pytest.mark.parametrize(
    "source,loses",
    [(("tcg", "11.1.3"), True), (("tcg", "10.0.13"), False), (("kvm", "11.1.3"), False)],
    indirect=["source"],
)
def test_only_tcg_of_new_qemus_loses_pages(source: Any, loses: bool) -> None:
    """Lose this and postcopy under KVM begins with no memory sent, or a good update is `flaky` under TCG."""
    assert loses_written_pages(source) is loses


@pytest.mark.parametrize("source", [("tcg", "11.1.3")], indirect=True)
@pytest.mark.parametrize("mechanism", ["postcopy", "postcopy-preempt"])
def test_postcopy_out_of_it_begins_before_written_pages_are_sent(
    source: Any, mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a good update is `flaky` under TCG: pages that the guest wrote are old after the move."""
    asked = asked_by_qmp(source, mechanism, monkeypatch)
    assert (asked.bandwidth, asked.all_memory_first, asked.postcopy_pass) == (4096, False, 2)


@pytest.mark.parametrize("source", [("tcg", "11.1.3")], indirect=True)
def test_so_does_libvirts(source: Any) -> None:
    """Lose this and a good update is `flaky` under TCG by libvirt."""
    asked = plan_for(source, "postcopy")
    assert (asked.bandwidth, asked.all_memory_first, asked.postcopy_pass) == (MIB, False, 2)


@pytest.mark.parametrize("source", [("tcg", "10.0.13"), ("kvm", "11.1.3")], indirect=True)
def test_other_sources_send_all_memory_first(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and no cell moves a guest with pages that it wrote after they were sent."""
    asked = asked_by_qmp(source, "postcopy", monkeypatch)
    assert asked == planned("postcopy")
    assert asked.all_memory_first
    assert plan_for(source, "postcopy").all_memory_first


@pytest.mark.parametrize("source", [("tcg", "11.1.3")], indirect=True)
@pytest.mark.parametrize("mechanism", ["precopy", "postcopy-immediate", "multifd"])
def test_other_mechanisms_are_as_usual(
    source: Any, mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and precopy of a guest of 256 MiB takes a minute."""
    assert asked_by_qmp(source, mechanism, monkeypatch) == planned(mechanism)
