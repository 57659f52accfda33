# SPDX-License-Identifier: Apache-2.0
"""The guests: a distribution kernel, and an initramfs with the guest agent and the modules of its devices."""
