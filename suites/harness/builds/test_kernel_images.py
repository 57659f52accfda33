# SPDX-License-Identifier: Apache-2.0
"""Images of guests and of emulated hosts that cannot be made of the kernel that matrix.yaml names."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fixtures.builds import guest_image as guests
from fixtures.builds import host_image as hosts
from fixtures.cache import steps_shown
from fixtures.errors import RigError, UsageError
from suites.harness.support.scripted_attempts import SHIPPED


@pytest.fixture
def kernel_without_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's package of which no image can be made."""

    def build(*_all: Any) -> None:
        raise RigError("the kernel package has no module kvm_amd, and it is not built in")

    package = tmp_path / "linux.deb"
    package.touch()
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    for module, builds in ((guests, "build_image"), (hosts, "build_host_image")):
        monkeypatch.setattr(module, builds, build)
        monkeypatch.setattr(module, "kernel_package", lambda *_all, **_more: package)


@pytest.mark.usefixtures("kernel_without_modules")
@pytest.mark.parametrize("make", [guests.guest_image, hosts.host_image])
def test_kernel_without_a_module_is_named(make: Callable[..., Path]) -> None:
    """Lose this and a user reads which module is missing, but not where the kernel comes from."""
    with pytest.raises(
        UsageError, match=r"kernels.x86_64: linux-image-.*: the kernel package has no"
    ) as said:
        make(SHIPPED, "x86_64")
    assert "what to do: name another package there" in str(said.value)


@pytest.mark.usefixtures("kernel_without_modules")
@pytest.mark.parametrize(
    "make,what",
    [(guests.guest_image, "guest image of ppc64le"), (hosts.host_image, "image of emulated ppc64le hosts")],
)
def test_image_says_that_it_is_built(make: Callable[..., Path], what: str) -> None:
    """Lose this and preparing says nothing for minutes while a loaded machine builds an image."""
    said: list[str] = []
    with steps_shown(said.append), suppress(UsageError):
        make(SHIPPED, "ppc64le")
    assert said == [f"building the {what} (about {guests.IMAGE_SECONDS} s)"]
