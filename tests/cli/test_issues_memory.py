"""`tusker issues` beside mapped files takes what docs/label-errors.md states, and not more.

RLIMIT_DATA counts the memory that a process may write: a mapped file is not in it, a copy would be.
"""

import json
import os
import re
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
CLASSES = 100
ROWS_OF_A_SMALL_RUN = 1_000
# Steps in which malloc asks for more, and those of the search below.
ROUNDING = 1 << 20


def issues(files, limit=None):
    def restrict():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    # One thread: a stack of another takes 8 MB of its own.
    return subprocess.run(
        [BINARY, "issues", *files, "--threads", "1", "--json"],
        preexec_fn=restrict,
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder, parts, share_wrong=0.02):
    """Labels and, for each (rows, dtype), a file of probabilities.

    → files, and the number of rows whose label is not the most probable class.
    """
    rng = np.random.default_rng(2)
    folder.mkdir()
    labels, files = [], [folder / "labels.npy"]
    against = 0
    for rows, dtype in parts:
        label = rng.integers(0, CLASSES, rows)
        probs = rng.random((rows, CLASSES), dtype=np.float32)
        probs[np.arange(rows), label] += CLASSES / 2
        probs /= probs.sum(axis=1, keepdims=True)
        wrong = rng.random(rows) < share_wrong
        label[wrong] = (label[wrong] + 1) % CLASSES
        labels.append(label)
        against += int(wrong.sum())
        files.append(folder / f"probs-{len(files)}.npy")
        np.save(files[-1], probs.astype(dtype))
    np.save(files[0], np.concatenate(labels))
    return files, against


def stated_bytes():
    """→ bytes a row in float, in double, and for a row whose label is not the most probable."""
    text = (ROOT / "docs/label-errors.md").read_text()
    (found,) = re.findall(
        r"at most (\d+) bytes a row \((\d+) bytes a row if any file is float64\), "
        r"(\d+) bytes more for each row whose label is not its most probable class",
        text,
    )
    return tuple(map(int, found))


def least_limit(files):
    """The least RLIMIT_DATA, to 64 KiB, under which the run succeeds."""
    fails, succeeds = 0, 1 << 26
    assert issues(files, succeeds).returncode == 0, issues(files, succeeds).stderr
    while succeeds - fails > 1 << 16:
        middle = (fails + succeeds) // 2
        if issues(files, middle).returncode == 0:
            succeeds = middle
        else:
            fails = middle
    return succeeds


@pytest.mark.parametrize(
    "dtypes",
    [[np.float32], [np.float16, np.float32], [np.float16, np.float64]],
    ids=lambda dtypes: " and ".join(np.dtype(dtype).name for dtype in dtypes),
)
def test_a_run_needs_the_stated_memory_and_uses_it(dtypes, tmp_path):
    rows = 400_000 // len(dtypes)
    small, _ = written(tmp_path / "small", [(ROWS_OF_A_SMALL_RUN, dtype) for dtype in dtypes])
    large, against = written(tmp_path / "large", [(rows, dtype) for dtype in dtypes])
    in_float, in_double, contested = stated_bytes()
    a_row = in_double if np.float64 in dtypes else in_float
    stated = a_row * rows * len(dtypes) + contested * against
    input_size = sum(file.stat().st_size for file in large[1:])
    assert stated < input_size / 4  # so that no copy of the input hides in it

    alone = least_limit(small)
    unlimited = issues(large)
    assert json.loads(unlimited.stdout)["count"] > against / 2
    limited = issues(large, alone + stated + ROUNDING)
    assert limited.returncode == 0, limited.stderr
    assert limited.stdout == unlimited.stdout

    starved = issues(large, alone + stated // 10)
    assert starved.returncode == 1
    assert starved.stdout == "" and starved.stderr == "tusker: not enough memory\n"
