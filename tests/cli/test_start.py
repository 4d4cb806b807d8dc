"""What every command pays before it begins: the libraries that the program starts with."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))


def test_libraries_of_few_commands_are_not_loaded_by_all():
    traced = subprocess.run(
        [BINARY],
        env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "libc.so" in traced
    for library in ("libvips", "libglib", "libcurl", "libssl"):
        assert library not in traced, traced


def test_a_server_is_asked_all_the_same():
    done = subprocess.run(
        [BINARY, "issues", "--dataset", "x", "--url", "http://127.0.0.1:1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "127.0.0.1:1/api/datasets/x" in done.stderr and "connect" in done.stderr


def test_highway_does_not_measure_its_stopwatch_first():
    bindings = subprocess.run(
        [BINARY, "--version"],
        env={**os.environ, "LD_DEBUG": "bindings", "LD_BIND_NOW": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    (measured,) = [line for line in bindings.splitlines() if "TimerResolution" in line]
    assert f"to {BINARY}" in measured, measured
