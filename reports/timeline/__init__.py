# SPDX-License-Identifier: Apache-2.0
"""The picture of one hot patch."""
