# SPDX-License-Identifier: Apache-2.0
"""The verdict page and the grid of a night, in HTML."""
