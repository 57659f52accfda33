# SPDX-License-Identifier: Apache-2.0
"""Errors as libvirt raises them."""

from __future__ import annotations

import libvirt


def error_of(code: int, message: str = "no") -> libvirt.libvirtError:
    """An error as libvirt raises it."""
    error = libvirt.libvirtError(message)
    error.err = (code, libvirt.VIR_FROM_QEMU, message, 2, None, None, None, -1, -1)
    return error
