"""The oracle: cleanlab in its own environment, started once for all cases of a session."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORACLE = Path(__file__).with_name("oracle.py")

# With these off NumPy 1.24.4 runs its AVX2 code, on every x86 machine the same.
AVX512_OFF = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_KNL AVX512_KNM"


@pytest.fixture(scope="session")
def run_oracle():
    python = Path(os.environ.get("TUSKER_ORACLE_PYTHON", ROOT / "build/venv-oracle/bin/python"))
    if not python.exists():
        pytest.fail(f"{python} is missing: create it from tests/requirements-oracle.txt")

    def run(*arguments):
        environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": AVX512_OFF}
        done = subprocess.run(
            [python, ORACLE, *map(str, arguments)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def tusker():
    binary = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
    if not binary.exists():
        pytest.fail(f"{binary} is missing: build it first")

    def run(*arguments):
        return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def cache():
    folder = ROOT / "build/oracle-cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
