# SPDX-License-Identifier: Apache-2.0
"""Promises of tests that do not exist."""

from fixtures.matrix.promises import Promise

EVERYWHERE = Promise("asked", path="qmp", mechanism="postcopy", profile="busy", version="newest-old")
ONCE = Promise("asked", path="libvirt", mechanism="precopy")
UNDER_KVM = Promise("kvm-clock", path="qmp", mechanism="precopy", needs_kvm=True, only="x86_64")
