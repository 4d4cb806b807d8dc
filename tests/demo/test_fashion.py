"""Fashion-MNIST in the demo: what is flipped is known, probabilities never saw what they judge."""

import json

import numpy as np
import pytest

from demo.fashion import (
    LABELS,
    Photographs,
    compute_probabilities,
    describe,
    flip_labels,
    read_photographs,
    write_pictures,
    write_truth,
)


@pytest.fixture(scope="module")
def photographs():
    return read_photographs(1500)


def test_the_package_holds_ten_thousand_photographs_a_thousand_of_each_class():
    whole = read_photographs()
    assert whole.pixels.shape == (10_000, 28, 28)
    assert np.bincount(whole.labels).tolist() == [1000] * len(LABELS)


def test_one_label_in_twenty_is_flipped_to_another_the_same_ones_each_time():
    labels = read_photographs().labels
    flipped, chosen = flip_labels(labels)
    assert len(chosen) == 500
    assert np.flatnonzero(flipped != labels).tolist() == chosen.tolist()
    assert flipped.min() >= 0 and flipped.max() < len(LABELS)
    again, _ = flip_labels(labels)
    assert np.array_equal(flipped, again)
    other, _ = flip_labels(labels, seed=1)
    assert not np.array_equal(flipped, other)


def test_the_truth_names_each_flipped_photograph_and_its_label_before(photographs, tmp_path):
    _, chosen = flip_labels(photographs.labels)
    write_truth(photographs, chosen, tmp_path / "flipped.json")
    truth = json.loads((tmp_path / "flipped.json").read_text())
    assert list(truth) == [f"t10k-{i:05d}" for i in chosen]
    assert list(truth.values()) == [LABELS[photographs.labels[i]] for i in chosen]


def test_pictures_are_written_once_and_hold_the_pixels(photographs, tmp_path):
    from PIL import Image

    few = Photographs(photographs.pixels[:5], photographs.labels[:5])
    paths = write_pictures(few, tmp_path)
    assert np.array_equal(np.asarray(Image.open(paths[3])), few.pixels[3])
    written = [path.stat().st_mtime_ns for path in paths]
    paths[1].unlink()
    write_pictures(few, tmp_path)
    assert paths[1].exists()
    assert paths[0].stat().st_mtime_ns == written[0]


def test_probabilities_are_out_of_sample_and_kept_by_content(photographs, tmp_path):
    probabilities = compute_probabilities(photographs, photographs.labels, tmp_path)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(probabilities)), abs=1e-5)
    accuracy = (probabilities.argmax(axis=1) == photographs.labels).mean()
    # In sample it would be near 1; from 1,200 photographs it cannot be.
    assert 0.75 < accuracy < 0.95

    (kept,) = tmp_path.glob("probabilities-*.npy")
    np.save(kept, probabilities[::-1])  # proof that the second call reads
    again = compute_probabilities(photographs, photographs.labels, tmp_path)
    assert np.array_equal(again, probabilities[::-1])

    flipped, chosen = flip_labels(photographs.labels)
    retrained = compute_probabilities(photographs, flipped, tmp_path)
    assert not np.array_equal(retrained, probabilities)
    # A classifier that never saw a flipped label does not defend it.
    defended = (retrained.argmax(axis=1) == flipped)[chosen].mean()
    assert defended < 0.3


def test_metadata_says_what_can_be_seen(photographs):
    shapes = [describe(photographs, i)["shape"] for i in range(len(photographs.labels))]
    trousers = [
        s for s, label in zip(shapes, photographs.labels, strict=True) if LABELS[label] == "Trouser"
    ]
    sneakers = [
        s for s, label in zip(shapes, photographs.labels, strict=True) if LABELS[label] == "Sneaker"
    ]
    assert trousers.count("tall") > 0.9 * len(trousers)
    assert sneakers.count("wide") > 0.9 * len(sneakers)
