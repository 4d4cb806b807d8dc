"""Softmax as cleanlab takes it."""

import numpy as np

from tusker.internal.constants import EPSILON


def softmax(x, temperature=1.0, axis=None, shift=False):
    """exp(x / temperature), scaled to sum 1 along ``axis``; an array shaped as ``x``.

    With ``shift`` the largest value is taken off first, so that nothing overflows.
    """
    scaled = x / max(temperature, EPSILON)
    if shift:
        scaled = scaled - np.max(scaled, axis=axis, keepdims=True)
    powers = np.exp(scaled)
    return powers / np.sum(powers, axis=axis, keepdims=True)
