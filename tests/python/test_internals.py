"""tusker.internal beside cleanlab.internal: the same numbers, exceptions and warnings."""

import numpy as np
import pandas as pd
import pytest
from cleanlab.internal import label_quality_utils as their_quality
from cleanlab.internal import latent_algebra as their_latent
from cleanlab.internal import multilabel_utils as their_multilabel
from cleanlab.internal import numerics as their_numerics
from cleanlab.internal import util as their_util
from cleanlab.internal import validation as their_validation
from numpy.testing import assert_array_equal
from tusker import _kernels
from tusker.internal import (
    label_quality_utils,
    latent_algebra,
    multilabel_utils,
    numerics,
    util,
    validation,
)

LAYOUTS = (np.ascontiguousarray, np.asfortranarray)


def channel(classes, seed=0):
    """(noise matrix, py, ps), columns of the matrix sum to 1."""
    rng = np.random.default_rng(seed)
    noise = rng.random((classes, classes)) + classes * np.eye(classes)
    noise /= noise.sum(axis=0)
    py = rng.dirichlet(np.ones(classes))
    return noise, py, noise @ py


def outcome(function, *args, **kwargs):
    """The result, or the type of the exception."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("classes", [2, 3, 10, 40])
class TestLatentAlgebra:
    def test_inverse_and_noise_matrix(self, classes, layout):
        noise, py, ps = channel(classes)
        noise = layout(noise)
        for given in (ps, None):
            mine = latent_algebra.compute_inv_noise_matrix(py, noise, ps=given)
            theirs = their_latent.compute_inv_noise_matrix(py, noise, ps=given)
            assert_array_equal(mine, theirs)
            assert mine.flags.c_contiguous == theirs.flags.c_contiguous
        for given in (py, None):
            assert_array_equal(
                latent_algebra.compute_noise_matrix_from_inverse(ps, mine, py=given),
                their_latent.compute_noise_matrix_from_inverse(ps, theirs, py=given),
            )

    def test_prior_by_every_method(self, classes, layout):
        noise, py, ps = channel(classes)
        noise = layout(noise)
        inverse = their_latent.compute_inv_noise_matrix(py, noise, ps=ps)
        for method in ("cnt", "eqn", "marginal", "marginal_ps"):
            found = [
                module.compute_py(
                    ps, noise, inverse, py_method=method, true_labels_class_counts=py * 1000
                )
                for module in (latent_algebra, their_latent)
            ]
            if method in ("cnt", "marginal"):
                assert_array_equal(*found)
            np.testing.assert_allclose(*found, rtol=1e-12, atol=1e-12)

    def test_pyx(self, classes, layout):
        noise, py, ps = channel(classes)
        inverse = their_latent.compute_inv_noise_matrix(py, noise, ps=ps)
        rng = np.random.default_rng(1)
        for dtype in (np.float32, np.float64):
            probs = layout(rng.dirichlet(np.ones(classes), 50).astype(dtype))
            mine = latent_algebra.compute_pyx(probs, noise, inverse)
            assert_array_equal(mine, their_latent.compute_pyx(probs, noise, inverse))

    def test_clipped_rates(self, classes, layout):
        rates = layout(np.random.default_rng(2).normal(1, 1, (classes, classes)))
        assert_array_equal(util.clip_noise_rates(rates), their_util.clip_noise_rates(rates))


def test_latent_of_labels():
    noise, _, _ = channel(3)
    labels = [0] * 10 + [1] * 5 + [2] * 15
    for mine, theirs in zip(
        latent_algebra.compute_ps_py_inv_noise_matrix(labels, noise),
        their_latent.compute_ps_py_inv_noise_matrix(labels, noise),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)


def test_latent_refusals():
    noise, py, ps = channel(3)
    singular = np.ones((3, 3)) / 3
    for args, kwargs in [
        ((ps, noise, noise), {"py_method": "marginal"}),
        ((ps, noise, noise), {"py_method": "count"}),
        ((ps, singular, noise), {"py_method": "eqn"}),
    ]:
        assert outcome(latent_algebra.compute_py, *args, **kwargs) == outcome(
            their_latent.compute_py, *args, **kwargs
        )
    for shape in ((1, 1, 3), (3, 1)):
        with pytest.raises(TypeError), pytest.warns(UserWarning):
            latent_algebra.compute_py(ps.reshape(shape), noise, noise)
    with pytest.raises(ValueError, match=r"should be \(N, K\)"):
        latent_algebra.compute_pyx(py, noise, noise)


@pytest.mark.parametrize(
    "values",
    [
        [0.5] * 9,
        [1.1] * 10,
        [0.5, 1.5, 2.5, 3.5],
        [0.0, 0.0, 3.0],
        [],
        [np.nan, 1.0],
        [-1.4, -0.6, 2.5],
        list(np.random.default_rng(3).random(300) * 5),
        list(np.random.default_rng(4).integers(0, 9, 200) / 2),
    ],
)
def test_rounding_keeps_sums(values):
    if values:
        assert_array_equal(
            util.round_preserving_sum(values), their_util.round_preserving_sum(values)
        )
    else:
        assert len(util.round_preserving_sum(values)) == 0


def test_rounding_of_rows():
    rows = np.random.default_rng(5).integers(0, 9, (30, 30)) / 2
    for layout in LAYOUTS:
        mine = util.round_preserving_row_totals(layout(rows))
        assert_array_equal(mine, their_util.round_preserving_row_totals(layout(rows)))
        assert mine.dtype == int


@pytest.mark.parametrize(
    "function, args, kwargs",
    [
        ("value_counts", (["a", "b", "a"],), {}),
        ("value_counts", (["a", "b", "a"],), {"num_classes": 4}),
        ("value_counts", ([0, 2, 2],), {"num_classes": 4}),
        ("value_counts", ([0, 2, 2],), {"num_classes": 2}),
        ("value_counts", ([0, 5, 2],), {"num_classes": 4}),
        ("value_counts", ([[0, 1], [1], []],), {"multi_label": True}),
        ("value_counts", (np.array([0.0, 2.0]),), {"num_classes": 3}),
        ("get_missing_classes", ([0, 2],), {"num_classes": 4}),
        ("get_missing_classes", ([0, 2],), {"pred_probs": np.zeros((2, 4))}),
        ("get_missing_classes", ([0, 2],), {}),
        ("get_missing_classes", ([[0], [2, 1]],), {"num_classes": 4, "multi_label": True}),
        ("get_num_classes", (), {}),
        ("get_num_classes", (), {"labels": [0, 1, 1]}),
        ("get_num_classes", (), {"labels": [[0, 1], [5]]}),
        ("get_num_classes", (), {"label_matrix": np.zeros((2, 3))}),
        ("get_unique_classes", (np.array([3, 1, 1]),), {}),
        ("confusion_matrix", ([-1, -1, -1, 1], [1, 1, -1, 1]), {}),
        ("confusion_matrix", ([0, 1], [1]), {}),
        ("estimate_pu_f1", ([1, 1, 0], [0.9, 0.2, 0.7]), {}),
        ("estimate_pu_f1", ([1, 1, 0], [0.1, 0.2, 0.3]), {}),
        ("remove_noise_from_class", (channel(4)[0], 1), {}),
        ("clip_values", (np.array([-1.0, 0.5, 3.0]),), {"new_sum": 2.0}),
        ("clip_values", (np.array([-1.0, 0.5, 3.0]),), {}),
        ("clip_values", (np.ones((2, 2)),), {}),
        ("format_labels", (["b", "a", "b"],), {}),
        ("format_labels", (pd.Series([5, 7, 5]),), {}),
        ("format_labels", (np.zeros((2, 2)),), {}),
        ("compress_int_array", (np.array([1, 2]), 10), {}),
        ("compress_int_array", (np.array([1, 2]), 100_000), {}),
        ("compress_int_array", ([1, 2], 10), {}),
        ("append_extra_datapoint", (np.eye(2), np.eye(2) * 3, 1), {}),
        ("append_extra_datapoint", (np.eye(2), [1], 1), {}),
        ("subset_labels", ([1, 2, 3], [True, False, True]), {}),
        ("subset_labels", (5, [True]), {}),
        ("subset_data", (np.arange(3), np.array([True, False, True])), {}),
        ("subset_data", ([1, 2, 3], np.array([True, False, True])), {}),
        ("force_two_dimensions", (np.zeros((2, 3, 4)),), {}),
        ("force_two_dimensions", (None,), {}),
    ],
)
def test_util_as_cleanlabs(function, args, kwargs):
    mine = outcome(getattr(util, function), *args, **kwargs)
    theirs = outcome(getattr(their_util, function), *args, **kwargs)
    np.testing.assert_equal(mine, theirs)
    assert getattr(mine, "dtype", None) == getattr(theirs, "dtype", None)


def test_train_val_split_of_tables_arrays_and_neither():
    labels = np.array([0, 1, 0, 1])
    table = pd.DataFrame({"x": range(4)})
    for features in (table, table["x"], np.arange(8).reshape(4, 2)):
        for mine, theirs in zip(
            util.train_val_split(features, labels, [0, 1], [2, 3]),
            their_util.train_val_split(features, labels, [0, 1], [2, 3]),
            strict=True,
        ):
            assert_array_equal(mine, theirs)
            assert type(mine) is type(theirs)
    with pytest.raises(ValueError):
        util.train_val_split([1, 2, 3, 4], labels, [0, 1], [2, 3])


def test_sparse_rows_are_appended():
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_matrix(np.diag([1.0, 2.0, 3.0]))
    longer = util.append_extra_datapoint(rows, rows.copy(), 2)
    assert_array_equal(longer.toarray()[-1], [0, 0, 3])


@pytest.mark.parametrize(
    "name",
    [
        "print_square_matrix",
        "print_noise_matrix",
        "print_inverse_noise_matrix",
        "print_joint_matrix",
    ],
)
def test_matrices_are_printed_as_by_cleanlab(name, capsys):
    for matrix in (channel(3)[0], np.array([1])):
        getattr(util, name)(matrix, round_places=3)
        mine = capsys.readouterr().out
        getattr(their_util, name)(matrix, round_places=3)
        assert mine == capsys.readouterr().out


PROBS = np.array([[0.5, 0.5], [0.2, 0.8]])


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((None, np.array([0, 1]), PROBS), {}),
        ((None, [0, 1], PROBS), {}),
        ((None, pd.Series([0, 1]), PROBS), {}),
        ((None, pd.DataFrame([0, 1]), PROBS), {}),
        ((None, (0, 1), PROBS), {}),
        ((None, pd.DataFrame([[0, 1], [1, 0]]), PROBS), {}),
        ((None, np.array([0, 0]), PROBS), {}),
        ((None, np.array([0, 0]), PROBS), {"allow_one_class": True}),
        ((None, np.array([0, -1]), PROBS), {}),
        ((None, np.array([0, 2]), PROBS), {}),
        ((None, np.array([0, 2]), np.eye(3)[:2]), {"allow_missing_classes": False}),
        ((None, np.array([0, 0.5]), PROBS), {}),
        ((None, np.array(["a", "b"]), PROBS), {}),
        ((None, ["a", "b"], PROBS), {}),
        ((None, np.array([0, 1, 1]), PROBS), {}),
        ((None, np.array([0, 1]), PROBS.tolist()), {}),
        ((None, np.array([0, 1]), PROBS[0]), {}),
        ((None, np.array([0, 1]), PROBS + 1), {}),
        ((None, np.array([0, 1]), PROBS - 1), {}),
        ((None, np.array([[0, 1], [1, 0]]), PROBS), {}),
        ((None, [[0], [0, 1]], PROBS), {"multi_label": True}),
        ((None, [[0], [0, 2]], PROBS), {"multi_label": True}),
        ((None, [0, 1], PROBS), {"multi_label": True}),
        ((None, np.array([0, 1])), {}),
        ((np.eye(2), np.array([0, 1])), {}),
        ((np.eye(3), np.array([0, 1])), {}),
        ((pd.DataFrame(np.eye(2)), np.array([0, 1])), {}),
        (([1, 2], np.array([0, 1])), {}),
        ((5, np.array([0, 1])), {}),
    ],
)
def test_inputs_are_refused_as_by_cleanlab(args, kwargs):
    mine = outcome(validation.assert_valid_inputs, *args, **kwargs)
    assert mine == outcome(their_validation.assert_valid_inputs, *args, **kwargs)


def test_both_features_and_probabilities_are_warned_of():
    with pytest.warns(UserWarning, match="may be ignored"):
        validation.assert_valid_inputs(np.eye(2), np.array([0, 1]), PROBS)


@pytest.mark.parametrize("labels", [["a", "b", "a"], [0, 1, 2]])
@pytest.mark.parametrize("container", [list, np.array, pd.Series, pd.DataFrame])
def test_labels_become_arrays(labels, container):
    found = validation.labels_to_array(container(labels))
    assert isinstance(found, np.ndarray)
    assert found.tolist() == labels


def test_labels_to_list_multilabel():
    assert validation.labels_to_list_multilabel([[0], [1, 2]]) == [[0], [1, 2]]
    with pytest.raises(ValueError, match="Unsupported Label format"):
        validation.labels_to_list_multilabel(([0],))
    with pytest.raises(ValueError, match="must be a list"):
        validation.labels_to_list_multilabel([0, 1])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 9, 20, 200])
def test_entropies_and_adjusted_probabilities(classes, dtype, layout):
    rng = np.random.default_rng(classes)
    probs = layout(rng.dirichlet(np.full(classes, 0.1), 300).astype(dtype))
    probs[0] = np.eye(classes)[0]
    labels = rng.integers(0, classes, 300)
    labels[labels == classes - 1] = 0
    for these in (labels, rng.permutation(np.arange(300) % classes)):
        mine = label_quality_utils._subtract_confident_thresholds(these, probs)
        theirs = their_quality._subtract_confident_thresholds(these, probs)
        assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    mine = label_quality_utils.get_normalized_entropy(probs)
    theirs = their_quality.get_normalized_entropy(probs)
    assert_array_equal(mine, theirs)
    assert mine.dtype == theirs.dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_entropies_of_the_smallest_numbers(dtype):
    info = np.finfo(dtype)
    for value in (info.eps, info.smallest_normal, info.smallest_subnormal, 0):
        entropy = label_quality_utils.get_normalized_entropy(np.array([[1, value]], dtype=dtype))
        assert 0 <= entropy <= 1


def test_entropy_refuses_what_is_no_probability():
    with pytest.raises(ValueError):
        label_quality_utils.get_normalized_entropy(PROBS + 0.6)
    with pytest.warns(DeprecationWarning):
        label_quality_utils.get_normalized_entropy(PROBS, min_allowed_prob=1e-6)


def test_softmax():
    x = np.random.default_rng(0).normal(size=(4, 5)) * 10
    for kwargs in ({}, {"axis": 1}, {"temperature": 0.1, "axis": 0, "shift": True}):
        assert_array_equal(numerics.softmax(x, **kwargs), their_numerics.softmax(x, **kwargs))


def test_labels_of_several_classes():
    labels = [[0, 2], [], [1]]
    assert_array_equal(
        multilabel_utils.int2onehot(labels, 3), their_multilabel.int2onehot(labels, 3)
    )
    rows = multilabel_utils.int2onehot(labels, 3)
    assert multilabel_utils.onehot2int(rows) == labels
    assert multilabel_utils._is_multilabel(rows)
    assert not multilabel_utils._is_multilabel(rows[:, :1])
    with pytest.raises(ValueError):
        multilabel_utils.get_onehot_num_classes([0, 1], PROBS)
    p = np.array([0.25, 0.5])
    assert_array_equal(multilabel_utils.stack_complement(p), their_multilabel.stack_complement(p))


def key_arrays():
    rng = np.random.default_rng(3)
    for size in (0, 1, 16, 17, 70, 500, 5_000, 60_000):
        yield rng.random(size)
        yield rng.integers(0, 7, size)
        yield np.round(rng.random(size) ** 4, 3)
        yield np.sort(rng.integers(0, 99, size))
        yield np.sort(rng.integers(0, 99, size))[::-1]
        yield np.where(np.arange(size) % 2, 0.0, -0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_keys_are_sorted_to_where_numpy_puts_them(dtype):
    rng = np.random.default_rng(4)
    for keys in key_arrays():
        keys = np.ascontiguousarray(keys, dtype)
        assert_array_equal(_kernels.argsort(keys, True), np.argsort(keys))
        keys[rng.random(len(keys)) < 0.05] = np.nan
        assert_array_equal(_kernels.argsort(keys, True), np.argsort(keys))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sound_order_of_equal_keys_is_that_of_their_rows(dtype):
    for keys in key_arrays():
        keys = np.ascontiguousarray(keys - 0.25, dtype)
        assert_array_equal(_kernels.argsort(keys, False), np.argsort(keys, kind="stable"))
