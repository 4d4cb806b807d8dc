"""Runs inside the oracle's own environment: what cleanlab says about each case in a folder.

oracle.py probabilities FOLDER    5-fold out-of-sample probabilities of Fashion-MNIST's test images
oracle.py expect FOLDER...        for each folder with labels.npy, probs.npy, options.json:
                                  writes expected.json and one .npy of scores per ranking
"""

import gzip
import json
import sys
import warnings
from pathlib import Path

import numpy as np

FILTERS = [
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_self_confidence",
    "low_normalized_margin",
]
RANKINGS = ["self_confidence", "normalized_margin", "confidence_weighted_entropy"]
FASHION = Path("/usr/share/datasets/fashion-mnist")


def fashion_probabilities(folder):
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with gzip.open(FASHION / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784) / 255.0
    with gzip.open(FASHION / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), dtype=np.uint8, offset=8).astype(np.int64)
    model = make_pipeline(
        PCA(50, svd_solver="full"), StandardScaler(), LogisticRegression(max_iter=300)
    )
    probs = cross_val_predict(model, images, labels, cv=5, method="predict_proba")
    np.save(folder / "labels.npy", labels)
    np.save(folder / "probs.npy", probs)


def expect(folder):
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    labels = np.load(folder / "labels.npy")
    probs = np.load(folder / "probs.npy")
    options = json.loads((folder / "options.json").read_text())
    expected = {}
    for filter_by in FILTERS:
        for rank_by in RANKINGS:
            try:
                indices = find_label_issues(
                    labels,
                    probs,
                    filter_by=filter_by,
                    return_indices_ranked_by=rank_by,
                    n_jobs=1,
                    **options,
                ).tolist()
            except ValueError as error:
                indices = {"error": str(error)}
            expected[f"{filter_by} {rank_by}"] = indices
    for rank_by in RANKINGS:
        try:
            scores = get_label_quality_scores(labels, probs, method=rank_by)
        except ValueError:
            continue
        np.save(folder / f"scores_{rank_by}.npy", scores)
    (folder / "expected.json").write_text(json.dumps(expected))


def check_environment():
    import cleanlab
    from numpy.core._multiarray_umath import __cpu_features__ as features

    assert cleanlab.__version__ == "2.9.0" and np.__version__ == "1.24.4"
    on = [name for name in ("AVX512F", "AVX512CD", "AVX512_SKX") if features.get(name)]
    assert not on, f"switch {on} off by NPY_DISABLE_CPU_FEATURES"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    check_environment()
    command, *folders = sys.argv[1:]
    for path in map(Path, folders):
        if command == "probabilities":
            fashion_probabilities(path)
        else:
            expect(path)
