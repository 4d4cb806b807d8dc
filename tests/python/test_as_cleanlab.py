"""A script that imports cleanlab runs on tusker after one line."""

import subprocess
import sys

import pytest


def run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


INSTALL = "import tusker; tusker.install_as_cleanlab()\n"

IMPORTS = [
    "import cleanlab.datalab",
    "from cleanlab import Datalab",
    "from cleanlab import datalab",
    "from cleanlab.classification import CleanLearning",
    "import cleanlab; cleanlab.classification",
    "import cleanlab.filter, cleanlab.regression.rank",
]


@pytest.mark.parametrize("line", IMPORTS)
def test_a_module_tusker_lacks_is_named(line):
    done = run(INSTALL + line)
    assert done.returncode == 1
    missing = line.split("cleanlab.")[-1].split(" ")[0].split(".")[0]
    if line.startswith("from cleanlab import"):
        missing = line.split()[-1]
    assert f"tusker has no cleanlab.{missing}" in done.stderr
    error = done.stderr.strip().splitlines()[-1].split(":")[0]
    assert error in ("ImportError", "ModuleNotFoundError")


def test_without_installing_tusker_is_only_itself():
    done = run("import tusker; print(hasattr(tusker, 'datalab'), hasattr(tusker, 'filter'))")
    assert done.stdout.split() == ["False", "True"]


def test_installing_after_the_real_cleanlab_is_refused():
    done = run("import cleanlab, tusker; tusker.install_as_cleanlab()")
    assert done.returncode == 1
    assert "cleanlab was imported already" in done.stderr


def test_modules_stay_what_they_are():
    done = run(
        INSTALL
        + "import sys, tusker.filter, cleanlab.filter\n"
        + "assert cleanlab is tusker and cleanlab.filter is tusker.filter\n"
        + "assert sys.modules['cleanlab.filter'] is tusker.filter\n"
        + "assert tusker.filter.__spec__.name == 'tusker.filter'\n"
        + "import pickle; pickle.dumps(cleanlab.filter.find_label_issues)\n"
        + "import importlib; importlib.reload(tusker.filter)\n"
        + "tusker.install_as_cleanlab()"
    )
    assert done.returncode == 0, done.stderr


# What a user's script does, from noise to health, by every way to import.
SCRIPT = """
import numpy as np
import cleanlab
from cleanlab import count, filter, rank
from cleanlab.benchmarking.noise_generation import (
    generate_noise_matrix_from_trace, generate_noisy_labels)
from cleanlab.count import estimate_py_noise_matrices_and_cv_pred_proba
from cleanlab.dataset import health_summary
from cleanlab.experimental.label_issues_batched import find_label_issues_batched
from cleanlab.filter import find_label_issues
from cleanlab.internal.latent_algebra import compute_inv_noise_matrix
from cleanlab.internal.util import value_counts

np.random.seed(1)
means = np.array([[3, 2], [7, 7], [0, 8]])
truth = np.repeat([0, 1, 2], [80, 40, 40])
features = np.random.normal(size=(160, 2)) * 1.5 + means[truth]
py = value_counts(truth) / len(truth)
noise = generate_noise_matrix_from_trace(3, trace=2.4, py=py, seed=1)
labels = generate_noisy_labels(truth, noise)
print(compute_inv_noise_matrix(py, noise, ps=value_counts(labels) / len(labels)).tolist())
*latent, joint, probs = estimate_py_noise_matrices_and_cv_pred_proba(
    features, labels, cv_n_folds=3, seed=0)
print([found.tolist() for found in latent], joint.tolist())
print(count.num_label_issues(labels, probs), cleanlab.filter is filter)
for filter_by in ("prune_by_noise_rate", "both", "confident_learning"):
    print(find_label_issues(labels, probs, filter_by=filter_by,
                            return_indices_ranked_by="normalized_margin").tolist())
print(filter.find_label_issues(labels, probs, num_to_remove_per_class=5).tolist())
scores = rank.get_label_quality_scores(labels, probs, adjust_pred_probs=True)
print(scores.tolist(), rank.find_top_issues(scores).tolist())
print(find_label_issues_batched(labels, probs, batch_size=50, verbose=False).tolist())
health = health_summary(labels, probs, verbose=False)
print(health["overall_label_health_score"], health["classes_by_label_quality"].to_string())
"""


def test_a_script_prints_what_it_prints_with_cleanlab():
    mine, theirs = run(INSTALL + SCRIPT), run(SCRIPT)
    assert mine.returncode == 0, mine.stderr
    assert theirs.returncode == 0, theirs.stderr
    assert mine.stdout == theirs.stdout
