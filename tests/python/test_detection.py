"""tusker.object_detection beside cleanlab's: equal bit for bit, on random and odd input."""

import copy
import warnings

import cleanlab.internal.object_detection_utils as their_utils
import cleanlab.object_detection as theirs
import numpy as np
import pytest
import tusker
import tusker.internal.object_detection_utils as our_utils
import tusker.object_detection as ours

CLASSES = 4


def empty():
    return np.empty((0, 5))


def boxes(rng, count, size=600, dtype=np.float64):
    corner = rng.uniform(0, size, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(1, size / 2, (count, 2))], axis=1).astype(
        dtype
    )


def random_case(
    seed,
    images=12,
    given=5,
    predicted=8,
    classes=CLASSES,
    label_type=np.float64,
    type_=np.float64,
    size=600,
):
    """Predictions near the labels, some shifted, some of another class, some from nowhere."""
    rng = np.random.default_rng(seed)
    labels, predictions = [], []
    for _ in range(images):
        count = rng.integers(0, given + 1)
        truth = boxes(rng, count, size)
        numbers = rng.integers(0, classes, count)
        labels.append(
            {"bboxes": truth.astype(label_type), "labels": numbers, "image_name": "x"},
        )
        rows, kinds = [], []
        for box, number in zip(truth, numbers, strict=True):
            shift = rng.choice([0, 0, 1, 20, 90])
            box = box + shift * rng.normal(size=4)
            box[2:] = np.maximum(box[2:], box[:2])
            rows.append([*box, rng.choice([0.3, 0.5, 0.6, 0.95, 0.97, rng.random()])])
            kinds.append(number if rng.random() < 0.8 else rng.integers(0, classes))
        extra = rng.integers(0, max(predicted - count, 1))
        for box in boxes(rng, extra, size):
            rows.append([*box, rng.choice([0.4, 0.9, 0.96, 0.99, 1.0])])
            kinds.append(rng.integers(0, classes))
        rows, kinds = np.array(rows).reshape(-1, 5).astype(type_), np.array(kinds, dtype=int)
        predictions.append([rows[kinds == k] for k in range(classes)])
    return labels, predictions


def image(given=(), predicted=(), classes=CLASSES):
    """given: (class, box); predicted: (class, probability, box)."""
    label = {
        "bboxes": np.array([box for _, box in given], dtype=float).reshape(-1, 4),
        "labels": np.array([number for number, _ in given], dtype=int),
    }
    rows = [[] for _ in range(classes)]
    for number, probability, box in predicted:
        rows[number].append([*box, probability])
    return label, [np.array(of_class, dtype=float).reshape(-1, 5) for of_class in rows]


def case(*images):
    return [label for label, _ in images], [prediction for _, prediction in images]


CAR, DOG, FAR = (10, 10, 110, 60), (300, 200, 350, 240), (2900, 2700, 2950, 2760)
GOOD = image([(0, CAR), (1, DOG)], [(0, 0.99, CAR), (1, 0.98, DOG)])

CASES = {
    "random": random_case(0),
    "many boxes": random_case(1, images=4, given=70, predicted=120),
    "many images": random_case(2, images=90),
    "one image": random_case(3, images=1, given=9),
    "small boxes that collide": random_case(4, images=40, size=12),
    "two classes": random_case(5, classes=2),
    "float32 predictions": random_case(6, type_=np.float32),
    "float32 labels": random_case(7, label_type=np.float32),
    "float32": random_case(8, label_type=np.float32, type_=np.float32, images=30),
    "integer labels": random_case(9, label_type=np.int64),
    "no labels": case(GOOD, image([], [(0, 0.99, CAR), (2, 0.96, DOG)])),
    "no predictions": case(GOOD, image([(0, CAR), (3, DOG)])),
    "nothing": case(image(), image()),
    "nothing in one image": case(image()),
    "a class that is never predicted": case(GOOD, image([(2, CAR)], [(0, 0.99, CAR)])),
    "touching boxes": case(
        GOOD, image([(0, (0, 0, 10, 10))], [(0, 0.99, (10, 0, 20, 10)), (0, 0.99, (0, 10, 10, 20))])
    ),
    "boxes of no area": case(GOOD, image([(0, (5, 5, 5, 5))], [(0, 0.99, (5, 5, 5, 5))])),
    "reversed boxes": case(GOOD, image([(0, (90, 90, 5, 5))], [(0, 0.99, (50, 60, 5, 5))])),
    "two classes in one place": case(GOOD, image([(0, CAR), (1, CAR)], [(0, 0.99, CAR)])),
    "two boxes of one class in one place": case(GOOD, image([(0, CAR), (0, CAR)])),
    "two predictions of one box": case(
        GOOD, image([(0, CAR)], [(0, 0.9, CAR), (0, 0.9, CAR), (0, 0.9, (11, 10, 110, 60))])
    ),
    "too far to be similar": case(GOOD, image([(0, CAR)], [(0, 0.97, FAR), (1, 0.97, FAR)])),
    "probabilities at the limits": case(
        GOOD, image([(0, CAR), (1, DOG)], [(0, 0.5, CAR), (0, 0.95, DOG), (2, 1.0, CAR)])
    ),
    "equal probabilities": case(*[GOOD] * 40, image([(0, CAR)] * 20, [(0, 0.99, CAR)] * 30)),
}
everywhere = pytest.mark.parametrize("name", CASES)
on_and_off = pytest.mark.parametrize("check", [True, False])


def same(mine, other):
    """Equal to the bit, NaN included, with the same types."""
    if isinstance(other, list):
        assert isinstance(mine, list) and len(mine) == len(other)
        for a, b in zip(mine, other, strict=True):
            same(a, b)
        return
    assert type(mine) is type(other)
    mine, other = np.asarray(mine), np.asarray(other)
    assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
    np.testing.assert_array_equal(mine, other)


def copies(name):
    return copy.deepcopy(CASES[name])


@everywhere
@on_and_off
@pytest.mark.parametrize("ranked", [True, False])
def test_find_label_issues(name, check, ranked):
    options = {"return_indices_ranked_by_score": ranked, "overlapping_label_check": check}
    same(
        ours.filter.find_label_issues(*copies(name), **options),
        theirs.filter.find_label_issues(*copies(name), **options),
    )


@everywhere
@on_and_off
def test_get_label_quality_scores(name, check):
    options = {"overlapping_label_check": check, "verbose": False}
    same(
        ours.rank.get_label_quality_scores(*copies(name), **options),
        theirs.rank.get_label_quality_scores(*copies(name), **options),
    )


@everywhere
@pytest.mark.parametrize("kind", ["overlooked", "badloc", "swap"])
def test_box_scores_and_their_pools(name, kind):
    function = f"compute_{kind}_box_scores"
    labels, predictions = copies(name)
    mine = getattr(ours.rank, function)(labels=labels, predictions=predictions)
    other = getattr(theirs.rank, function)(labels=labels, predictions=predictions)
    same(mine, other)
    for temperature in (None, 0.5, 0.0):
        same(
            ours.rank.pool_box_scores_per_image(mine, temperature=temperature),
            theirs.rank.pool_box_scores_per_image(other, temperature=temperature),
        )


@everywhere
def test_box_scores_with_other_parameters(name):
    labels, predictions = copies(name)
    for function, options in (
        ("compute_overlooked_box_scores", {"alpha": 0.5, "high_probability_threshold": 0.4}),
        ("compute_badloc_box_scores", {"alpha": 0.99, "low_probability_threshold": 0.9}),
        ("compute_swap_box_scores", {"alpha": 0.0, "high_probability_threshold": 0.3}),
        ("compute_swap_box_scores", {"overlapping_label_check": False}),
    ):
        options |= {"labels": labels, "predictions": predictions}
        same(getattr(ours.rank, function)(**options), getattr(theirs.rank, function)(**options))


@everywhere
def test_auxiliary_inputs(name):
    labels, predictions = copies(name)
    mine = ours.rank._get_valid_inputs_for_compute_scores(0.9, labels, predictions)
    other = theirs.rank._get_valid_inputs_for_compute_scores(0.9, labels, predictions)
    assert len(mine) == len(other)
    for a, b in zip(mine, other, strict=True):
        assert a.keys() == b.keys()
        for key in b:
            if key not in ("pred_labels", "pred_bboxes", "pred_label_probs") or np.size(b[key]):
                np.testing.assert_array_equal(a[key], b[key])
    for kind in ("overlooked", "badloc", "swap"):
        function = f"compute_{kind}_box_scores"
        same(
            getattr(ours.rank, function)(auxiliary_inputs=mine),
            getattr(theirs.rank, function)(auxiliary_inputs=other),
        )


def test_scores_depend_on_the_other_images_of_the_call_as_cleanlabs_do():
    first = image([(0, CAR)], [(1, 0.98, DOG)])
    second = image([(0, (0, 0, 1, 1))], [(0, 0.9, (360, 0, 361, 1))])
    alone, together = case(first), case(first, second)
    score = ours.rank.compute_overlooked_box_scores
    assert (
        score(labels=alone[0], predictions=alone[1])[0][0]
        != score(labels=together[0], predictions=together[1])[0][0]
    )
    assert (
        tusker.find_box_issues(*alone).image_scores[0]
        == tusker.find_box_issues(*together).image_scores[0]
    )


def test_weights_of_the_three_kinds():
    labels, predictions = copies("random")
    for weights in (
        {"overlooked": 1.0, "swap": 0.0, "badloc": 0.0},
        {"badloc": 0.2, "swap": 0.5, "overlooked": 0.3},
    ):
        options = {"aggregation_weights": weights, "verbose": False}
        same(
            ours.rank.get_label_quality_scores(labels, predictions, **options),
            theirs.rank.get_label_quality_scores(labels, predictions, **options),
        )
    for weights in (
        {"overlooked": -1.0, "swap": 1.0, "badloc": 1.0},
        {"overlooked": 1.0, "swap": 1.0, "badloc": 1.0},
    ):
        for package in (ours, theirs):
            with pytest.raises(ValueError, match="sum to 1.0"):
                package.rank.get_label_quality_scores(
                    labels, predictions, aggregation_weights=weights
                )


def test_issues_from_scores():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 12, 300) / 10
    scores[5] = np.nan
    for threshold in (0.1, 0.5, 1.0, -1.0):
        same(
            ours.rank.issues_from_scores(scores, threshold=threshold),
            theirs.rank.issues_from_scores(scores, threshold=threshold),
        )
    for package in (ours, theirs):
        with pytest.raises(ValueError, match="<= 1"):
            package.rank.issues_from_scores(scores, threshold=1.1)


@everywhere
def test_average_precision_and_thresholds(name):
    labels, predictions = copies(name)
    mine = ours.filter._get_per_class_ap(labels, predictions)
    other = theirs.filter._get_per_class_ap(labels, predictions)
    assert mine == other


@everywhere
@pytest.mark.parametrize("class_names", [None, dict(zip("0123", "abcd", strict=True))])
def test_confusion_and_metrics_per_class(name, class_names):
    labels, predictions = copies(name)
    for function in ("get_average_per_class_confusion_matrix", "calculate_per_class_metrics"):
        assert getattr(ours.summary, function)(
            labels, predictions, class_names=class_names
        ) == getattr(theirs.summary, function)(labels, predictions, class_names=class_names)


@everywhere
def test_distributions(name):
    labels, predictions = copies(name)
    names = {str(number): f"class {number}" for number in range(CLASSES)}
    few = {"1": "one"}
    assert ours.summary.object_counts_per_image(
        labels, predictions
    ) == theirs.summary.object_counts_per_image(labels, predictions)
    assert ours.summary.get_sorted_bbox_count_idxs(
        labels, predictions
    ) == theirs.summary.get_sorted_bbox_count_idxs(labels, predictions)
    for class_names in (None, names):
        assert ours.summary.class_label_distribution(
            labels, predictions, class_names=class_names
        ) == theirs.summary.class_label_distribution(labels, predictions, class_names=class_names)
    for class_names in (None, names, few):
        for sort in (False, True):
            options = {"class_names": class_names, "sort": sort}
            mine = ours.summary.bounding_box_size_distribution(labels, predictions, **options)
            other = theirs.summary.bounding_box_size_distribution(labels, predictions, **options)
            assert [list(areas.items()) for areas in mine] == [
                list(areas.items()) for areas in other
            ]


def test_summaries_of_auxiliary_inputs():
    labels, predictions = copies("random")
    inputs = theirs.rank._get_valid_inputs_for_compute_scores(0.9, labels, predictions)
    for function in (
        "object_counts_per_image",
        "class_label_distribution",
        "bounding_box_size_distribution",
    ):
        assert getattr(ours.summary, function)(auxiliary_inputs=inputs) == getattr(
            theirs.summary, function
        )(auxiliary_inputs=inputs)
        for package in (ours, theirs):
            with pytest.raises(ValueError, match="None"):
                getattr(package.summary, function)(labels)


@pytest.mark.parametrize("missed", [True, False])
def test_matches_of_one_class(missed):
    labels, predictions = copies("small boxes that collide")
    for threshold in (0.1, 0.5, 1.0):
        for label, prediction in zip(labels, predictions, strict=True):
            for number in range(CLASSES):
                arguments = (
                    prediction[number],
                    label["bboxes"][label["labels"] == number],
                    threshold,
                    missed,
                )
                same(
                    list(ours.filter._calculate_true_positives_false_positives(*arguments)),
                    list(theirs.filter._calculate_true_positives_false_positives(*arguments)),
                )


def test_object_arrays_of_predictions_are_taken():
    labels, predictions = copies("random")
    packed = []
    for prediction in predictions:
        array = np.empty(CLASSES, dtype=object)
        array[:] = prediction
        packed.append(array)
    same(
        ours.filter.find_label_issues(labels, packed),
        theirs.filter.find_label_issues(labels, packed),
    )
    # Arrays of one shape become one array of objects.
    label, prediction = GOOD
    square = [np.array(prediction[:2], dtype=object)]
    same(
        ours.rank.get_label_quality_scores([label], square),
        theirs.rank.get_label_quality_scores([label], square),
    )
    same(
        ours.filter.find_label_issues([label], square),
        theirs.filter.find_label_issues([label], square),
    )


def test_input_is_left_as_it_was():
    labels, predictions = copies("random")
    ours.filter.find_label_issues(labels, predictions, return_indices_ranked_by_score=True)
    ours.rank.get_label_quality_scores(labels, predictions)
    for mine, before in zip(predictions, CASES["random"][1], strict=True):
        for a, b in zip(mine, before, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("labels", "predictions", "match"),
    [
        (CASES["random"][0][:2], CASES["random"][1], "length needs to match"),
        ([np.zeros((1, 4))], [GOOD[1]], "list of dicts"),
        ([GOOD[0]], ["boxes"], "list or np.ndarray"),
        ([GOOD[0]], [[np.zeros((2, 4))]], "x1, ?y1, ?x2, ?y2, ?pred_prob"),
    ],
)
def test_wrong_forms_raise_as_in_cleanlab(labels, predictions, match):
    for package in (ours, theirs):
        for function in (package.filter.find_label_issues, package.rank.get_label_quality_scores):
            with pytest.raises(ValueError, match=match):
                function(labels, predictions)


@pytest.mark.parametrize(
    ("given", "predicted", "match"),
    [
        ([(9, CAR)], [(0, 0.9, CAR)], "has class 9: must be below 4"),
        ([(-1, CAR)], [(0, 0.9, CAR)], "-1: must be a class number"),
        ([(0, (1, np.nan, 2, 3))], [], "labels.0. box 0 = .1, nan, 2, 3.: must be finite"),
        ([], [(0, 0.9, (1, 2, np.inf, 3))], "predictions.0. box 0 .* must be finite"),
        ([], [(0, 1.2, CAR)], r"1.2: must be in \[0, 1\]"),
        ([], [(0, np.nan, CAR)], r"nan: must be in \[0, 1\]"),
    ],
)
def test_bad_values_are_named(given, predicted, match):
    for find in (ours.filter.find_label_issues, tusker.find_box_issues):
        with pytest.raises(ValueError, match=match):
            find(*case(image(given, predicted)))


def test_bad_labels_are_named():
    label, prediction = GOOD
    for changed, match in (
        ({"labels": np.array([0.0, 1.0])}, "has type float64: must be integers"),
        ({"labels": np.array([0])}, "2 bboxes and 1 labels: must be equal"),
        ({"bboxes": np.zeros((2, 3))}, "must be numeric|not of shape"),
        ({"bboxes": np.array([["a"] * 4] * 2)}, "must be numeric"),
    ):
        with pytest.raises(ValueError, match=match):
            ours.filter.find_label_issues([label | changed], [prediction])


def test_pruning_warns_and_tells():
    _, predictions = copies("random")
    for package in (ours, theirs):
        with pytest.warns(UserWarning):
            pruned = package.rank._prune_by_threshold(predictions, 1.1, verbose=False)
        assert all(len(array) == 0 for prediction in pruned for array in prediction)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pruned = package.rank._prune_by_threshold(predictions, 0.6, verbose=False)
        least = package.rank._get_min_pred_prob(pruned)
        assert least >= 0.6
    assert ours.rank._get_min_pred_prob(predictions) == theirs.rank._get_min_pred_prob(predictions)


@pytest.mark.parametrize("verbose", [True, False])
def test_verbose_tells_of_pruning(verbose, capsys):
    for package in (ours, theirs):
        package.rank.get_label_quality_scores(*CASES["random"], verbose=verbose)
        assert ("Pruning 0" in capsys.readouterr().out) == verbose


def test_helpers_of_cleanlabs_names():
    rng = np.random.default_rng(1)
    for count in (1, 2, 7, 16, 40, 300):
        scores = rng.random(count)
        for temperature in (0.99, 0.1):
            assert our_utils.softmin1d(scores, temperature) == their_utils.softmin1d(
                scores, temperature
            )
            same(our_utils.softmax(scores, temperature), their_utils.softmax(scores, temperature))
    array = boxes(rng, 5)
    same(
        our_utils.calculate_bounding_box_areas(array),
        their_utils.calculate_bounding_box_areas(array),
    )
    assert our_utils.bbox_xyxy_to_xywh([5, 4, 12, 5]) == [5, 4, 7, 1]
    assert our_utils.bbox_xyxy_to_xywh([5, 4, 12, 5, 0.9]) is None
    for dtype in (np.float64, np.float32):
        some, others = boxes(rng, 6, 50, dtype), boxes(rng, 9, 50, dtype)
        same(
            ours.rank._get_overlap_matrix(some, others),
            theirs.rank._get_overlap_matrix(some, others),
        )
        numbers = rng.integers(0, 3, 9)
        same(ours.rank._has_overlap(others, numbers), theirs.rank._has_overlap(others, numbers))
    same(
        ours.rank._get_dist_matrix(some, others.astype(float)),
        theirs.rank._get_dist_matrix(some, others.astype(float)),
    )


@pytest.fixture
def plt():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot

    yield matplotlib.pyplot
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("overlay", [True, False])
def test_visualize_draws_the_boxes_that_are_asked_for(plt, tmp_path, overlay):
    label, prediction = image([(0, CAR), (1, DOG)], [(0, 0.99, CAR), (1, 0.4, DOG), (2, 0.97, CAR)])
    picture = np.zeros((300, 400, 3), dtype=np.uint8)
    file = tmp_path / "picture"
    ours.summary.visualize(
        picture,
        label=label,
        prediction=prediction,
        prediction_threshold=0.5,
        overlay=overlay,
        class_names={"0": "car", "1": "dog"},
        save_path=str(file),
    )
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    axes = plt.gcf().axes
    drawn = [[patch.get_bbox().extents.tolist() for patch in axis.patches] for axis in axes]
    given, predicted = [list(CAR), list(DOG)], [list(CAR), list(CAR)]
    assert drawn == ([given + predicted] if overlay else [given, predicted])
    legend = [text.get_text() for text in axes[-1].get_legend().get_texts()]
    assert legend == ["given label", "predicted label", "car", "dog"]
    # The file that was written, and nothing on it.
    ours.summary.visualize(str(tmp_path / "picture.png"))
    assert plt.gcf().axes[0].get_legend() is None


def test_distributions_are_drawn(plt):
    labels, predictions = copies("random")
    ours.summary.plot_class_size_distributions(labels, predictions, class_to_show=2)
    assert len(plt.get_fignums()) == 2
    ours.summary.plot_class_distribution(labels, predictions)
    assert len(plt.gcf().axes) == 2
    assert all(axis.patches for axis in plt.gcf().axes)


def test_issues_per_box_and_image():
    labels, predictions = copies("random")
    thresholds = theirs.filter._get_per_class_ap(labels, predictions)
    pooled = []
    for package in (ours, theirs):
        scores = package.rank.compute_overlooked_box_scores(labels=labels, predictions=predictions)
        classes = [package.rank._separate_prediction(prediction)[1] for prediction in predictions]
        per_box = package.filter._find_label_issues_per_box(
            scores, package.filter._process_class_list(classes, thresholds), 0.8
        )
        pooled.append((per_box, package.filter._pool_box_scores_per_image(per_box)))
    same(pooled[0][0], pooled[1][0])
    same(pooled[0][1], pooled[1][1])


def test_sound_issues_name_box_class_and_place():
    shifted = (95, 50, 195, 100)
    found = tusker.find_box_issues(
        *case(
            *[GOOD] * 20,
            image([(0, CAR)], [(0, 0.99, CAR), (1, 0.98, DOG)]),
            image([(0, DOG)], [(1, 0.99, DOG)]),
            image([(0, shifted)], [(0, 0.99, CAR)]),
        )
    )
    by_image = {int(i): position for position, i in enumerate(found.image)}
    assert sorted(by_image) == [20, 21, 22]
    overlooked, swapped, badly_located = (by_image[i] for i in (20, 21, 22))
    assert found.kind[[overlooked, swapped, badly_located]].tolist() == [
        "overlooked",
        "swapped",
        "badly_located",
    ]
    assert found.box[overlooked] == 1 and found.given[overlooked] == -1
    assert found.suggested[[overlooked, swapped, badly_located]].tolist() == [1, 1, 0]
    assert found.suggested_box[overlooked].tolist() == list(DOG)
    assert np.isnan(found.suggested_box[swapped]).all()
    assert found.suggested_box[badly_located].tolist() == list(CAR)
    assert len(found.image_scores) == 23
    assert (np.diff(found.image_scores[found.image]) >= 0).all()


def test_sound_issues_are_of_the_same_images_as_cleanlabs():
    labels, predictions = random_case(11, images=60)
    theirs_found = theirs.filter.find_label_issues(labels, predictions)
    ours_found = np.unique(tusker.find_box_issues(labels, predictions).image)
    assert ours_found.tolist() == np.flatnonzero(theirs_found).tolist()
