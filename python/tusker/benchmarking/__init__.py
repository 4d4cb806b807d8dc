"""Noise to test with."""

from tusker.benchmarking import noise_generation

__all__ = ["noise_generation"]
