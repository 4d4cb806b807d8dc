"""The limits of this machine, measured in the run that uses them."""

from __future__ import annotations

import os
import pathlib
import platform
import time
from collections.abc import Callable

import numpy as np


def describe() -> str:
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}"


def syncs_per_second(folder: pathlib.Path, count: int = 200) -> float:
    """4 KiB appended and fdatasync, one after the other."""
    path = folder / "syncs.tmp"
    block = os.urandom(4096)
    with path.open("wb", buffering=0) as file:
        started = time.monotonic()
        for _ in range(count):
            file.write(block)
            os.fdatasync(file.fileno())
        seconds = time.monotonic() - started
    path.unlink()
    return count / seconds


def write_mb_per_second(folder: pathlib.Path, megabytes: int = 512) -> float:
    """Written in 4 MB blocks, one fdatasync at the end."""
    path = folder / "write.tmp"
    block = os.urandom(4 * 2**20)
    with path.open("wb", buffering=0) as file:
        started = time.monotonic()
        for _ in range(megabytes // 4):
            file.write(block)
        os.fdatasync(file.fileno())
        seconds = time.monotonic() - started
    path.unlink()
    return megabytes / seconds


def least_seconds(call: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def read_seconds(values: np.ndarray) -> float:
    """The least time of three to read these bytes once: a sum over 8-byte words, one core."""
    words = values.reshape(-1).view(np.uint64)
    return least_seconds(words.sum, rounds=3)
