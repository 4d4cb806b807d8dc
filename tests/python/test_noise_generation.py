"""Noise with the same seed is cleanlab's noise."""

import cleanlab.benchmarking.noise_generation as theirs
import numpy as np
import pytest
import tusker.benchmarking.noise_generation as mine
from numpy.testing import assert_array_equal


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [2, 3, 4, 10])
@pytest.mark.parametrize("zeros", [0.0, 0.4, 0.75])
def test_noise_matrices_and_labels(classes, zeros, seed):
    py = np.random.default_rng(seed).dirichlet(np.full(classes, 20.0))
    kwargs = {"py": py, "seed": seed, "frac_zero_noise_rates": zeros, "trace": 0.8 * classes}
    found = [
        module.generate_noise_matrix_from_trace(classes, **kwargs) for module in (mine, theirs)
    ]
    assert_array_equal(*found)
    truth = np.arange(1000) % classes
    labels = []
    for module in (mine, theirs):
        np.random.seed(seed)
        labels.append(module.generate_noisy_labels(truth, found[1]))
        assert module.noise_matrix_is_valid(found[1], py)
    assert_array_equal(*labels)


@pytest.mark.parametrize("seed", range(5))
def test_bounded_numbers_and_bins(seed):
    for kwargs in (
        {"n": 5, "m": 2.0, "max_prob": 0.6},
        {"n": 5, "m": 2.0, "max_prob": 0.6, "min_prob": 0.2},
        {"n": 7, "m": 0.5},
        {"n": 0, "m": 1},
    ):
        found = []
        for module in (mine, theirs):
            np.random.seed(seed)
            found.append(module.generate_n_rand_probabilities_that_sum_to_m(**kwargs))
        assert_array_equal(*found)
    for most in (None, 1, 2, 3):
        for least in (None, 1, 2, 3):
            found = []
            for module in (mine, theirs):
                np.random.seed(seed)
                found.append(
                    module.randomly_distribute_N_balls_into_K_bins(
                        10, 10, max_balls_per_bin=most, min_balls_per_bin=least
                    )
                )
            assert_array_equal(*found)
    assert_array_equal(mine.randomly_distribute_N_balls_into_K_bins(0, 3), [0, 0, 0])


@pytest.mark.parametrize(
    "args, kwargs, said",
    [
        ((3, 0.5), {}, "trace > 1"),
        ((3, 2), {}, "py must be"),
        ((1, 2), {}, "must be >= 2"),
    ],
)
def test_what_cannot_be_generated(args, kwargs, said):
    for module in (mine, theirs):
        with pytest.raises(ValueError, match=said):
            module.generate_noise_matrix_from_trace(*args, **kwargs)


def test_bounds_that_leave_no_room():
    for module in (mine, theirs):
        with pytest.raises(ValueError, match="max_prob must be greater"):
            module.generate_n_rand_probabilities_that_sum_to_m(5, 1, max_prob=0.1)
        with pytest.raises(ValueError, match="min_prob must be less"):
            module.generate_n_rand_probabilities_that_sum_to_m(5, 1, min_prob=0.9)


def test_a_matrix_that_hides_the_truth_is_not_valid(capsys):
    assert not mine.noise_matrix_is_valid(np.array([[0.1, 0.9], [0.9, 0.1]]), [0.1, 0.9])
    assert not mine.noise_matrix_is_valid(np.array([[0.2, 0.5], [0.8, 0.4]]), [0.1, 0.9])
    assert mine.noise_matrix_is_valid(np.eye(2), [0.5, 0.5], verbose=True)
    assert "class 1" in capsys.readouterr().out
    kwargs = {"valid_noise_matrix": True, "py": [0.1, 0.1, 0.8], "max_iter": 0}
    assert mine.generate_noise_matrix_from_trace(3, 2, **kwargs) is None
