# SPDX-License-Identifier: Apache-2.0
"""Findings in plain sentences: whom they concern, what happens to them, who is to blame, what to do."""
