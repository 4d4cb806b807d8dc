"""What a dataset of boxes looks like, and how a model does on it, class by class.

Functions, arguments and results are those of ``cleanlab.object_detection.summary``.
"""

import collections

import numpy as np

from tusker.internal.constants import EPSILON, MAX_CLASS_TO_SHOW, TINY_VALUE
from tusker.internal.object_detection_utils import bbox_xyxy_to_xywh, calculate_bounding_box_areas
from tusker.object_detection.filter import _matches
from tusker.object_detection.rank import (
    _get_prediction_type,
    _require_both,
    _separate_label,
    _separate_prediction,
)

__all__ = [
    "bounding_box_size_distribution",
    "calculate_per_class_metrics",
    "class_label_distribution",
    "get_average_per_class_confusion_matrix",
    "get_sorted_bbox_count_idxs",
    "object_counts_per_image",
    "plot_class_distribution",
    "plot_class_size_distributions",
    "visualize",
]


def object_counts_per_image(labels=None, predictions=None, *, auxiliary_inputs=None):
    """(given, predicted): lists of the number of boxes of each image."""
    samples = list(_samples(labels, predictions, auxiliary_inputs))
    return [len(sample[1]) for sample in samples], [len(sample[3]) for sample in samples]


def bounding_box_size_distribution(
    labels=None, predictions=None, *, auxiliary_inputs=None, class_names=None, sort=False
):
    """(given, predicted): for each class the list of its boxes' areas.

    class_names: {str(class): name}; classes without a name are left out. sort: the class with most
    boxes first.
    """
    given, predicted = collections.defaultdict(list), collections.defaultdict(list)
    for lab_labels, lab_bboxes, pred_labels, pred_bboxes in _samples(
        labels, predictions, auxiliary_inputs
    ):
        _add_areas(lab_labels, lab_bboxes, given, class_names)
        _add_areas(pred_labels, pred_bboxes, predicted, class_names)
    if sort:
        given, predicted = _most_boxes_first(given), _most_boxes_first(predicted)
    return given, predicted


def class_label_distribution(
    labels=None, predictions=None, *, auxiliary_inputs=None, class_names=None
):
    """(given, predicted): for each class its share of the boxes, rounded to two digits.

    class_names: {str(class): name}, with every class.
    """
    given, predicted = collections.Counter(), collections.Counter()
    for lab_labels, _, pred_labels, _ in _samples(labels, predictions, auxiliary_inputs):
        given.update(lab_labels)
        predicted.update(pred_labels)
    return _shares(given, class_names), _shares(predicted, class_names)


def get_sorted_bbox_count_idxs(labels, predictions):
    """(given, predicted): lists of (image, number of boxes), the largest number first."""
    return tuple(
        sorted(enumerate(counts), key=lambda entry: entry[1], reverse=True)
        for counts in object_counts_per_image(labels, predictions)
    )


def get_average_per_class_confusion_matrix(labels, predictions, num_procs=1, class_names=None):
    """{class: {"TP": ..., "FP": ..., "FN": ...}}: counts over IoU 0.5, 0.55 ... 0.95.

    As cleanlab takes the mean: divided by the number of thresholds and that of classes.
    class_names: {str(class): name} gives the keys. num_procs is ignored.
    """
    classes = len(predictions[0])
    if class_names is None:
        names = list(range(classes))
    else:
        names = [name for _, name in sorted(class_names.items(), key=lambda entry: int(entry[0]))]
    _, right, wrong, missed = _matches(labels, predictions, classes)
    averages = {name: {"TP": 0.0, "FP": 0.0, "FN": 0.0} for name in names}
    for number in range(classes):
        counts = averages[names[number]]
        for key, table in (("TP", right), ("FP", wrong), ("FN", missed)):
            counts[key] += table[number].sum()
    divisor = right.shape[1] * classes
    return {
        name: {key: count / divisor for key, count in counts.items()}
        for name, counts in averages.items()
    }


def calculate_per_class_metrics(labels, predictions, num_procs=1, class_names=None):
    """{class: {"average precision": ..., "average recall": ..., "average f1": ...}}.

    From the counts of ``get_average_per_class_confusion_matrix``.
    """
    metrics = {}
    for name, counts in get_average_per_class_confusion_matrix(
        labels, predictions, num_procs, class_names=class_names
    ).items():
        precision = counts["TP"] / (counts["TP"] + counts["FP"] + TINY_VALUE)
        recall = counts["TP"] / (counts["TP"] + counts["FN"] + TINY_VALUE)
        metrics[name] = {
            "average precision": precision,
            "average recall": recall,
            "average f1": 2 * (precision * recall) / (precision + recall + TINY_VALUE),
        }
    return metrics


def plot_class_size_distributions(
    labels, predictions, class_names=None, class_to_show=MAX_CLASS_TO_SHOW, **kwargs
):
    """Histograms of box areas, given beside predicted, of the classes with most given boxes.

    kwargs go to ``matplotlib.pyplot.show``. Needs matplotlib.
    """
    plt = _pyplot()
    areas = bounding_box_size_distribution(
        labels, predictions, class_names=class_names, sort=class_to_show is not None
    )
    for name in list(areas[0])[:class_to_show]:
        figure, axes = plt.subplots(1, 2, figsize=(10, 5))
        figure.suptitle(f"Areas of boxes of class {name}")
        for axis, title, of_class in zip(axes, ("given", "predicted"), areas, strict=False):
            axis.hist(of_class.get(name, []), bins="auto")
            axis.set(title=title, xlabel="area (pixels)", ylabel="boxes")
        plt.show(**kwargs)


def plot_class_distribution(labels, predictions, class_names=None, **kwargs):
    """Two pies of the classes' shares, given and predicted.

    kwargs go to ``matplotlib.pyplot.show``. Needs matplotlib.
    """
    plt = _pyplot()
    shares = class_label_distribution(labels, predictions, class_names=class_names)
    figure, axes = plt.subplots(1, 2, figsize=(10, 5))
    figure.suptitle("Classes of the boxes")
    for axis, title, of_class in zip(axes, ("given", "predicted"), shares, strict=False):
        axis.pie(list(of_class.values()), labels=list(of_class), autopct="%1.1f%%")
        axis.set_title(title)
    plt.show(**kwargs)


def visualize(
    image,
    *,
    label=None,
    prediction=None,
    prediction_threshold=None,
    overlay=True,
    class_names=None,
    figsize=None,
    save_path=None,
    **kwargs,
):
    """Draws given boxes (red) and predicted ones (blue, dashed) on an image, or side by side.

    image: path, array or PIL image. prediction_threshold: show predictions above it only.
    class_names: {str(class): name} for the legend. save_path: file to write; its ending says the
    format, PNG without one. kwargs go to ``matplotlib.pyplot.show``. Needs matplotlib.
    """
    plt = _pyplot()
    if isinstance(image, str):
        image = plt.imread(image)
    size = figsize or ((8, 5) if overlay else (14, 10))
    figure, axes = plt.subplots(1, 1 if overlay else 2, frameon=False, figsize=size, squeeze=False)
    for axis in axes[0]:
        axis.axis("off")
        axis.imshow(image)
    handles = []
    if label is not None:
        boxes, classes = _separate_label(label)
        handles.append(_draw(axes[0, 0], boxes, classes, "red", "-", "given label"))
    if prediction is not None:
        boxes, classes, probabilities = _separate_prediction(
            prediction, _get_prediction_type(prediction)
        )
        if prediction_threshold is not None:
            kept = np.where(probabilities > prediction_threshold)
            boxes, classes = boxes[kept], classes[kept]
        handles.append(_draw(axes[0, -1], boxes, classes, "blue", "-.", "predicted label"))
    if handles:
        _add_legend(axes[0, -1], handles, class_names)
    if save_path:
        ending = save_path.split(".")[-1] if "." in save_path else None
        known = {"png", "pdf", "ps", "eps", "svg"}
        figure.savefig(
            save_path,
            format=ending if ending in known else None,
            bbox_inches="tight",
            transparent=True,
            pad_inches=0.5,
        )
    plt.show(**kwargs)


def _pyplot():
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError("drawing needs matplotlib: pip install matplotlib") from error
    return matplotlib.pyplot


def _draw(axis, boxes, classes, color, style, name):
    """Draws boxes with their class at the top corner; the handle of the legend."""
    from matplotlib.patches import Rectangle

    look = {"edgecolor": color, "facecolor": "none", "linestyle": style, "linewidth": 1}
    for box, number in zip(boxes, classes, strict=False):
        x, y, width, height = bbox_xyxy_to_xywh(box)
        axis.add_patch(Rectangle((x, y), width, height, **look))
        axis.annotate(
            number,
            (x + 10 if color == "red" else x + width - 10, y + 12),
            fontsize=8,
            fontweight="bold",
            color="white",
            ha="center",
            va="center",
            bbox={"facecolor": color, "alpha": 0.35, "edgecolor": color, "pad": 2},
        )
    return Rectangle((0, 0), 1, 1, label=name, **look)


def _add_legend(axis, handles, class_names):
    from matplotlib.lines import Line2D

    shown = list((class_names or {}).items())[:MAX_CLASS_TO_SHOW]
    names = [
        Line2D([], [], marker=f"${number}$", color="black", ls="none", label=name)
        for number, name in shown
    ]
    axis.legend(
        handles=handles + names, bbox_to_anchor=(1.04, 0.05), loc="lower left", borderaxespad=0
    )


def _samples(labels, predictions, auxiliary_inputs):
    """Per image its given classes and boxes and its predicted ones."""
    if auxiliary_inputs is not None:
        for of_image in auxiliary_inputs:
            yield tuple(
                of_image[key] for key in ("lab_labels", "lab_bboxes", "pred_labels", "pred_bboxes")
            )
        return
    _require_both(labels, predictions)
    for label, prediction in zip(labels, predictions, strict=False):
        boxes, classes = _separate_label(label)
        pred_boxes, pred_classes, _ = _separate_prediction(prediction)
        yield classes, boxes, pred_classes, pred_boxes


def _add_areas(classes, boxes, areas, class_names):
    if len(boxes) == 0:
        return
    for number, area in zip(classes, calculate_bounding_box_areas(boxes), strict=False):
        if class_names is None:
            areas[number].append(area)
        elif str(number) in class_names:
            areas[class_names[str(number)]].append(area)


def _most_boxes_first(areas):
    return dict(sorted(areas.items(), key=lambda entry: -len(entry[1])))


def _shares(counts, class_names):
    total = sum(counts.values()) + EPSILON
    if class_names is not None:
        named = collections.Counter()
        for number, count in counts.items():
            named[class_names[str(number)]] += count
        counts = named
    return {number: round(count / total, 2) for number, count in counts.items()}
