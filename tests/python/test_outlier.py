"""tusker.outlier and the functions over features beside cleanlab and scikit-learn."""

import inspect
import warnings

import cleanlab.outlier as theirs
import numpy as np
import pandas as pd
import pytest
import tusker
import tusker.outlier as ours
from cleanlab.datalab.internal.issue_manager.duplicate import NearDuplicateIssueManager
from cleanlab.datalab.internal.issue_manager.outlier import OutlierIssueManager
from cleanlab.internal.neighbor import knn_graph as their_graph
from sklearn.neighbors import NearestNeighbors
from tusker.internal.neighbor import knn_graph as our_graph
from tusker.internal.neighbor import metric as our_metric


def clustered(rows, columns, seed, dtype=np.float64):
    """A few clouds, a few rows far off, a few exact copies."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(5, columns)) * 4
    features = centers[rng.integers(0, 5, rows)] + rng.normal(size=(rows, columns))
    features[rng.integers(0, rows, max(rows // 50, 1))] *= 7
    copies = rng.integers(0, rows, (max(rows // 20, 1), 2))
    features[copies[:, 0]] = features[copies[:, 1]]
    return features.astype(dtype)


def softmax_rows(rows, classes, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(classes), rng.integers(0, classes, rows - classes)]
    logits = rng.normal(size=(rows, classes)) * 2 + 3 * np.eye(classes)[labels]
    probs = np.exp(logits)
    return labels, (probs / probs.sum(axis=1, keepdims=True)).astype(dtype)


EDGES = {
    "cosine": clustered(400, 20, 1),
    "cosine in float32": clustered(400, 20, 2, np.float32),
    "2 features": clustered(300, 2, 3),
    "3 features, few rows": clustered(90, 3, 4),
    "1 feature": clustered(150, 1, 5),
    "rows <= k": clustered(6, 5, 6),
    "2 rows": clustered(2, 4, 7),
    "all identical": np.full((30, 6), 0.3),
    "all identical, 2 features": np.full((30, 2), 0.3),
    "many copies": np.repeat(clustered(20, 8, 8), 15, axis=0),
    "rows of zeros": np.vstack([np.zeros((3, 6)), clustered(50, 6, 9)]),
    "collinear": np.hstack([np.zeros((50, 9)), 1 + np.arange(50.0)[:, None]]),
    "integers": np.random.default_rng(10).integers(0, 50, (80, 5)),
    "far from the origin": clustered(200, 3, 11) + 1e5,
}


def tolerance(features):
    # scikit-learn multiplies in the type of the features.
    return 1e-12 if features.dtype != np.float32 else 1e-5


@pytest.mark.parametrize("name", EDGES)
def test_feature_scores_equal_cleanlab(name):
    features = EDGES[name]
    mine, reference = ours.OutOfDistribution(), theirs.OutOfDistribution()
    scores = mine.fit_score(features=features, verbose=False)
    expected = reference.fit_score(features=features, verbose=False)
    assert scores.dtype == expected.dtype
    scale = reference.params["scaling_factor"]
    assert mine.params["scaling_factor"] == pytest.approx(scale, rel=tolerance(features), abs=1e-14)
    if scale > 1e-12:  # else the scores are rounding noise
        np.testing.assert_allclose(scores, expected, rtol=0, atol=10 * tolerance(features))
    new = clustered(40, features.shape[1], 99, features.dtype)
    np.testing.assert_allclose(
        mine.score(features=new), reference.score(features=new), atol=10 * tolerance(features)
    )


@pytest.mark.parametrize("name", EDGES)
def test_graphs_equal_cleanlab_where_distances_do_not_tie(name):
    features = EDGES[name]
    mine, knn = our_graph.create_knn_graph_and_index(features)
    reference, their_knn = their_graph.create_knn_graph_and_index(features)
    assert isinstance(knn, NearestNeighbors)
    assert (knn.n_neighbors, knn.metric) == (their_knn.n_neighbors, their_knn.metric)
    assert mine.shape == reference.shape
    assert mine.dtype == reference.dtype
    k = knn.n_neighbors
    distances, theirs_ = mine.data.reshape(-1, k), reference.data.reshape(-1, k)
    np.testing.assert_allclose(distances, theirs_, rtol=0, atol=tolerance(features))
    # A neighbour is decided if its distance differs from the one before and the one behind.
    apart = np.diff(theirs_, axis=1) > 4 * tolerance(features)
    edge = np.zeros((len(features), 1), dtype=bool)
    decided = np.hstack([edge | True, apart]) & np.hstack([apart, edge])
    same = mine.indices.reshape(-1, k) == reference.indices.reshape(-1, k)
    assert same[decided].all()


@pytest.mark.parametrize("k", [1, 3, 25])
@pytest.mark.parametrize("t", [1, 5])
def test_params_k_and_t(k, t):
    features = clustered(300, 12, 20)
    params = {"k": k, "t": t}
    scores = ours.OutOfDistribution(params).fit_score(features=features, verbose=False)
    expected = theirs.OutOfDistribution(params).fit_score(features=features, verbose=False)
    np.testing.assert_allclose(scores, expected, atol=1e-11)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan", "minkowski"])
def test_a_search_object_of_the_caller(metric):
    features, new = clustered(200, 6, 21), clustered(30, 6, 22)
    knn = NearestNeighbors(n_neighbors=7, metric=metric).fit(features)
    for library in (ours, theirs):
        with pytest.warns(UserWarning, match="cannot be greater than n_neighbors"):
            library.OutOfDistribution({"knn": knn, "k": 9}).score(features=new)
    scores = ours.OutOfDistribution({"knn": knn, "k": 5}).score(features=new)
    expected = theirs.OutOfDistribution({"knn": knn, "k": 5}).score(features=new)
    assert scores.tolist() == expected.tolist()
    unfitted = ours.OutOfDistribution({"knn": NearestNeighbors(n_neighbors=5)})
    their_unfitted = theirs.OutOfDistribution({"knn": NearestNeighbors(n_neighbors=5)})
    expected = their_unfitted.score(features=features)
    assert unfitted.score(features=features).tolist() == expected.tolist()


def test_our_search_object_leaves_other_metrics_to_scikit_learn():
    features, new = clustered(80, 4, 23), clustered(9, 4, 24)
    for metric in ("manhattan", lambda a, b: np.abs(a - b).max()):
        knn = our_graph.features_to_knn(features, n_neighbors=4, metric=metric)
        expected = NearestNeighbors(n_neighbors=4, metric=metric).fit(features)
        for mine, reference in zip(knn.kneighbors(new), expected.kneighbors(new), strict=True):
            np.testing.assert_array_equal(mine, reference)
    with pytest.raises(ValueError, match="n_neighbors"):
        knn.kneighbors(new, n_neighbors=81)
    knn = our_graph.features_to_knn(features)
    assert knn.kneighbors(new, return_distance=False).shape == (9, 10)
    assert repr(knn) == "NearestNeighbors(metric='cosine', n_neighbors=10)"


@pytest.mark.filterwarnings("ignore:GEN")  # fewer than 100 classes
@pytest.mark.parametrize("classes", [2, 3, 10, 130])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["entropy", "least_confidence", "gen"])
@pytest.mark.parametrize("adjust", [True, False])
def test_prediction_scores_equal_cleanlab_bit_for_bit(classes, dtype, method, adjust, capsys):
    labels, probs = softmax_rows(700, classes, 30, dtype)
    params = {"method": method, "adjust_pred_probs": adjust}
    mine, reference = ours.OutOfDistribution(params), theirs.OutOfDistribution(params)
    given = labels if adjust else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without adjusting there is nothing to fit
        scores = mine.fit_score(pred_probs=probs, labels=given, verbose=False)
        expected = reference.fit_score(pred_probs=probs, labels=given, verbose=False)
    assert scores.dtype == expected.dtype
    assert scores.tobytes() == expected.tobytes()
    if adjust:
        thresholds = reference.params["confident_thresholds"]
        assert mine.params["confident_thresholds"].tobytes() == thresholds.tobytes()
        _, new = softmax_rows(50 + classes, classes, 31, dtype)
        expected = reference.score(pred_probs=new)
        assert mine.score(pred_probs=new).tobytes() == expected.tobytes()
        series = ours.OutOfDistribution(params).fit_score(
            pred_probs=probs, labels=pd.Series(labels), verbose=False
        )
        assert series.tobytes() == scores.tobytes()


@pytest.mark.parametrize("params", [{"M": 3}, {"M": 5, "gamma": 0.5}, {"M": 1, "gamma": 2}])
def test_gen_takes_its_options(params):
    _, probs = softmax_rows(300, 8, 32)
    params = {"method": "gen", "adjust_pred_probs": False} | params
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = ours.OutOfDistribution(params).fit_score(pred_probs=probs, verbose=False)
        expected = theirs.OutOfDistribution(params).fit_score(pred_probs=probs, verbose=False)
    assert scores.tobytes() == expected.tobytes()


def test_errors_and_warnings_are_those_of_cleanlab():
    features, (labels, probs) = clustered(50, 4, 40), softmax_rows(50, 3, 41)

    def both(error, call, match=None):
        for library in (ours, theirs):
            with pytest.raises(error, match=match):
                call(library.OutOfDistribution, library)

    both(ValueError, lambda ood, _: ood({"strange": 1}), "strange")
    both(ValueError, lambda ood, _: ood().fit(), "Not enough information")
    both(ValueError, lambda ood, _: ood().fit(features=features, pred_probs=probs), "both features")
    both(ValueError, lambda ood, _: ood().fit(features=features[0]), r"shape \(N, M\)")
    both(ValueError, lambda ood, _: ood().score(features=features), "fit on features first")
    both(ValueError, lambda ood, _: ood().score(pred_probs=probs), "fit on pred_probs first")
    both(ValueError, lambda ood, _: ood().fit(pred_probs=probs), "without labels")
    both(ValueError, lambda ood, _: ood({"k": 50}).fit(features=features), "nearest neighbors")
    both(
        ValueError,
        lambda ood, _: ood({"adjust_pred_probs": False}).fit(pred_probs=probs * 1.5),
        r"interval \[0, 1\]",
    )
    both(
        ValueError,
        lambda _, library: library._get_ood_predictions_scores(probs, labels=labels, method="no"),
        "not a valid OOD scoring",
    )
    nan = features.copy()
    nan[7, 2] = np.nan
    both(ValueError, lambda ood, _: ood().fit(features=nan), "NaN|finite")
    for library in (ours, theirs):
        fitted = library.OutOfDistribution()
        fitted.fit(features=features, verbose=False)
        with pytest.warns(UserWarning, match="previously"):
            again = fitted.fit_score(features=features)
        assert again.tolist() == fitted.score(features=features).tolist()
        with pytest.warns(UserWarning):
            library.OutOfDistribution({"adjust_pred_probs": False}).fit(
                pred_probs=probs, labels=labels, verbose=False
            )


def test_signatures_are_those_of_cleanlab():
    for name in ("__init__", "fit", "fit_score", "score"):
        mine = inspect.signature(getattr(ours.OutOfDistribution, name))
        reference = inspect.signature(getattr(theirs.OutOfDistribution, name))
        assert list(mine.parameters) == list(reference.parameters)
        for one, other in zip(mine.parameters.values(), reference.parameters.values(), strict=True):
            assert (one.kind, one.default) == (other.kind, other.default)
    for name in ("DEFAULT_PARAM_DICT", "OUTLIER_PARAMS", "OOD_PARAMS"):
        assert getattr(ours.OutOfDistribution, name) == getattr(theirs.OutOfDistribution, name)


def test_verbose_fits_say_so(capsys):
    ours.OutOfDistribution().fit(features=clustered(20, 4, 42))
    assert "based on provided features" in capsys.readouterr().out
    ours.OutOfDistribution().fit(features=clustered(20, 4, 42), verbose=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("rows", [2, 100, 101])
@pytest.mark.parametrize("columns", [1, 3, 4, 50])
def test_default_metric_is_cleanlabs(rows, columns):
    from cleanlab.internal.neighbor.metric import decide_default_metric

    features = np.zeros((rows, columns))
    assert our_metric.decide_default_metric(features) == decide_default_metric(features)


class FakeLab:
    """What an issue manager of Datalab asks of its lab."""

    def __init__(self, labels=None):
        self.labels = labels

    def get_info(self, _):
        return {}


@pytest.mark.parametrize("name", [name for name in EDGES if "float32" not in name])
def test_near_duplicates_equal_datalab(name):
    features = EDGES[name]
    manager = NearDuplicateIssueManager(FakeLab(), k=min(10, len(features) - 1))
    manager.find_issues(features=features)
    found = tusker.find_near_duplicates(features)
    np.testing.assert_allclose(
        found.scores, manager.issues["near_duplicate_score"], rtol=0, atol=1e-7
    )
    pairs = {
        (min(i, j), max(i, j)) for i, near in enumerate(manager.near_duplicate_sets) for j in near
    }
    if name == "collinear":  # all at distance 0 but for rounding noise: any 10 are the nearest
        return
    assert {tuple(pair) for pair in found.pairs.tolist()} == pairs
    flags = manager.issues["is_near_duplicate_issue"]
    assert found.is_near_duplicate.tolist() == flags.tolist()
    assert (
        sorted(np.concatenate([*found.sets, np.array([], int)])) == np.flatnonzero(flags).tolist()
    )


@pytest.mark.parametrize("name", EDGES)
def test_outliers_equal_datalab(name):
    features = EDGES[name]
    manager = OutlierIssueManager(FakeLab(), k=min(10, len(features) - 1))
    manager.find_issues(features=features)
    found = tusker.find_outliers(features)
    if manager.scaling_factor > 1e-12:
        np.testing.assert_allclose(
            found.scores, manager.issues["outlier_score"], rtol=0, atol=10 * tolerance(features)
        )
        flags = manager.issues["is_outlier_issue"]
        assert found.is_outlier.tolist() == flags.tolist()
        assert sorted(found.indices) == np.flatnonzero(flags).tolist()
    assert (np.diff(found.mean_distances[found.indices]) <= 0).all()


@pytest.mark.parametrize("method", ["entropy", "least_confidence"])
@pytest.mark.parametrize("adjust", [True, False])
def test_doubtful_predictions_equal_datalab(method, adjust):
    labels, probs = softmax_rows(400, 6, 55)
    probs[7] = probs[200:].mean(axis=0)  # of no class in particular
    params = {"method": method, "adjust_pred_probs": adjust}
    manager = OutlierIssueManager(FakeLab(labels), **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager.find_issues(pred_probs=probs)
    found = tusker.find_doubtful_predictions(probs, labels if adjust else None, method=method)
    np.testing.assert_allclose(found.scores, manager.issues["outlier_score"], atol=1e-13)
    flags = np.flatnonzero(manager.issues["is_outlier_issue"])
    assert sorted(found.indices) == flags.tolist()
    assert (np.diff(found.scores[found.indices]) >= 0).all()
    assert method == "least_confidence" or len(flags) > 0


def test_results_say_how_much_was_found():
    features = clustered(100, 5, 56)
    assert repr(tusker.find_outliers(features)).endswith("of 100 rows)")
    assert "pairs in" in repr(tusker.find_near_duplicates(features))
    _, probs = softmax_rows(50, 3, 57)
    assert repr(tusker.find_doubtful_predictions(probs)).endswith("of 50 rows)")


def test_a_graph_or_search_object_instead_of_features():
    features = clustered(300, 10, 50)
    graph, knn = their_graph.create_knn_graph_and_index(features, n_neighbors=8)
    expected = tusker.find_outliers(features, k=8)
    for given in (graph, graph.tocoo(), knn):
        found = tusker.find_outliers(knn_graph=given, metric="cosine")
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-11)
        assert found.indices.tolist() == expected.indices.tolist()
        pairs = tusker.find_near_duplicates(knn_graph=given).pairs.tolist()
        assert sorted(pairs) == sorted(tusker.find_near_duplicates(features, k=8).pairs.tolist())
    few = tusker.find_outliers(knn_graph=graph, k=3)
    np.testing.assert_allclose(few.scores, tusker.find_outliers(features, k=3).scores, atol=1e-11)
    with pytest.raises(ValueError, match="the graph has 8 neighbours"):
        tusker.find_outliers(knn_graph=graph, k=9)
    graph.data[5] = 0
    graph.eliminate_zeros()
    with pytest.raises(ValueError, match="same number in each"):
        tusker.find_near_duplicates(knn_graph=graph)
    with pytest.raises(ValueError, match="exactly one"):
        tusker.find_outliers()


def test_rows_are_judged_by_other_rows():
    fitted, new = clustered(300, 6, 51), clustered(40, 6, 52)
    found = tusker.find_outliers(new, fitted_on=fitted)
    reference = theirs.OutOfDistribution()
    reference.fit(features=fitted, verbose=False)
    np.testing.assert_allclose(found.scores, reference.score(features=new), atol=1e-11)
    assert found.distance_limit == tusker.find_outliers(fitted).distance_limit


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbors_equal_scikit_learn(dtype, metric):
    features = (clustered(200, 9, 53) * 10).astype(dtype)
    queries = (clustered(30, 9, 54) * 10).astype(dtype)
    distances, indices = tusker.find_neighbors(features, 5, metric=metric, queries=queries)
    # In doubles, and without the expansion of squares that costs digits.
    by_hand = NearestNeighbors(
        n_neighbors=5, metric=metric, algorithm="brute" if metric == "cosine" else "kd_tree"
    )
    expected = by_hand.fit(features.astype(float)).kneighbors(queries.astype(float))
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12, atol=1e-14)
    assert (indices == expected[1]).mean() > 0.9


def test_bad_features_are_refused_by_name():
    features = np.zeros((5, 3))
    features[2, 1] = np.inf
    with pytest.raises(ValueError, match=r"features\[2\]\[1\] = inf: must be finite"):
        tusker.find_outliers(features)
    with pytest.raises(ValueError, match="k = 5: must be at least 1 and below"):
        tusker.find_neighbors(np.zeros((5, 3)), 5)
    with pytest.raises(ValueError, match=r"features has shape \(5,\)"):
        tusker.find_near_duplicates(np.zeros(5))
    with pytest.raises(ValueError, match="must be numbers"):
        tusker.find_outliers(np.array([["a", "b"], ["c", "d"]], dtype=object))
    with pytest.raises(ValueError, match="threshold = 0"):
        tusker.find_outliers(np.eye(4), threshold=0)
    with pytest.raises(ValueError, match="metric = 'manhattan'"):
        tusker.find_outliers(np.eye(4), metric="manhattan")
