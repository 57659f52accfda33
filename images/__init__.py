# SPDX-License-Identifier: Apache-2.0
"""The guests: a distribution kernel and an initramfs that holds only the guest agent and virtio modules."""
