# SPDX-License-Identifier: Apache-2.0
"""What a person reads as text: progress, the table at the end, summary.md."""
