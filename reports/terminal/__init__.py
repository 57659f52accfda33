# SPDX-License-Identifier: Apache-2.0
"""Reports as text: progress, the table at the end, summary.md."""
