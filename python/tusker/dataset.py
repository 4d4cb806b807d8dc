"""Which classes are badly labelled or confused, and how healthy the labels are as a whole.

Functions, arguments and tables are those of ``cleanlab.dataset`` 2.9.0. N examples, K classes. Each
takes labels and ``pred_probs``, or a ``joint`` (K, K) that sums to 1 and ``num_examples``, or a
``confident_joint`` (K, K) of counts.
"""

import numpy as np
import pandas as pd

from tusker import _kernels
from tusker.count import estimate_joint, num_label_issues
from tusker.internal.constants import TINY_VALUE
from tusker.internal.kernel_arrays import by_columns, class_numbers, probabilities, real
from tusker.internal.util import smart_display_dataframe
from tusker.internal.validation import assert_valid_labels_and_shape, labels_to_array


def rank_classes_by_label_quality(
    labels=None,
    pred_probs=None,
    *,
    class_names=None,
    num_examples=None,
    joint=None,
    confident_joint=None,
    multi_label=False,
) -> pd.DataFrame:
    """A row for each class, worst label quality first.

    Label Noise: share of the examples given the class that are truly another; Inverse Label Noise:
    share of those truly of it that are given another; Label Quality Score: 1 - Label Noise; and the
    number of examples of both kinds. With ``class_names`` (K,) a column of names.
    """
    _refuse_multi_label(multi_label, "overall_multilabel_health_score")
    joint = _joint_of(labels, pred_probs, joint, confident_joint)
    if num_examples is None:
        num_examples = _get_num_examples(labels=labels)
    columns = (
        "Class Index",
        "Label Issues",
        "Inverse Label Issues",
        "Label Noise",
        "Inverse Label Noise",
        "Label Quality Score",
    )
    found = _kernels.rank_classes(real(joint), by_columns(joint), float(num_examples), True)
    table = pd.DataFrame(dict(zip(columns, found, strict=True)))
    if class_names is not None:
        if len(class_names) != len(joint):
            raise ValueError(
                f"class_names has {len(class_names)} entries: there must be one for each of "
                f"{len(joint)} classes"
            )
        names = [class_names[k] for k in table["Class Index"]]
        table.insert(loc=0, column="Class Name", value=names)
    return table


def find_overlapping_classes(
    labels=None,
    pred_probs=None,
    *,
    asymmetric=False,
    class_names=None,
    num_examples=None,
    joint=None,
    confident_joint=None,
    multi_label=False,
) -> pd.DataFrame:
    """A row for each pair of classes, most confused first.

    Joint Probability: share of examples given one and truly of the other; with ``asymmetric`` there
    are ordered pairs, given A and truly B. Num Overlapping Examples: how many that is.
    """
    _refuse_multi_label(multi_label, "common_multilabel_issues")
    joint = _joint_of(labels, pred_probs, joint, confident_joint)
    if num_examples is None:
        num_examples = _get_num_examples(labels=labels, confident_joint=confident_joint)
    a, b, examples, share = _kernels.find_overlaps(
        real(joint), bool(asymmetric), float(num_examples), True
    )
    table = pd.DataFrame(
        {
            "Class Index A": a,
            "Class Index B": b,
            "Num Overlapping Examples": examples,
            "Joint Probability": share,
        }
    )
    if class_names is not None:
        table.insert(loc=0, column="Class Name A", value=[class_names[k] for k in a])
        table.insert(loc=1, column="Class Name B", value=[class_names[k] for k in b])
    return table


def overall_label_health_score(
    labels=None,
    pred_probs=None,
    *,
    num_examples=None,
    confident_joint=None,
    joint=None,
    multi_label=False,
    verbose=True,
) -> float:
    """Share of examples whose label is probably right, in [0, 1]: 1 - label issues / N, or the
    trace of the joint where labels or ``pred_probs`` are not given. ``verbose`` prints it."""
    _refuse_multi_label(multi_label, "overall_multilabel_health_score")
    if num_examples is None:
        num_examples = _get_num_examples(labels=labels, confident_joint=confident_joint)
    return _overall(None, labels, pred_probs, num_examples, confident_joint, joint, verbose)


def _overall(issues, labels, pred_probs, num_examples, confident_joint, joint, verbose) -> float:
    """overall_label_health_score, with the number of label issues if that is known."""
    if pred_probs is None or labels is None:
        joint = _joint_of(labels, pred_probs, joint, confident_joint)
        health = joint.trace()
        issues = int(np.rint(num_examples * (1 - health)))
    else:
        if issues is None:
            issues = num_label_issues(labels, pred_probs, confident_joint=confident_joint)
        else:
            assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs)
        health = 1 - issues / num_examples
    if verbose:
        print(
            f" * Overall, about {1 - health:.0%} ({issues:,} of the {num_examples:,}) labels in "
            "your dataset have potential issues.\n"
            f" ** The overall label health score for this dataset is: {health:.2f}."
        )
    return health


def health_summary(
    labels=None,
    pred_probs=None,
    *,
    asymmetric=False,
    class_names=None,
    num_examples=None,
    joint=None,
    confident_joint=None,
    multi_label=False,
    verbose=True,
) -> dict:
    """All of it: ``overall_label_health_score``, ``joint``, ``classes_by_label_quality`` and
    ``overlapping_classes``. ``verbose`` prints them."""
    _refuse_multi_label(multi_label, "health_summary")
    issues = None
    if joint is None and confident_joint is None and labels is not None and pred_probs is not None:
        joint, issues = _joint_and_issues(labels, pred_probs)
    joint = _joint_of(labels, pred_probs, joint, confident_joint)
    if num_examples is None:
        num_examples = _get_num_examples(labels=labels)
    source = {
        "labels": labels,
        "pred_probs": pred_probs,
        "num_examples": num_examples,
        "joint": joint,
        "confident_joint": confident_joint,
    }
    if verbose:
        _print_headline(
            f"Health of the labels of {num_examples:,} examples in {len(joint):,} classes"
        )
    classes = rank_classes_by_label_quality(class_names=class_names, **source)
    if verbose:
        _print_headline("Label quality of each class, worst first")
        smart_display_dataframe(classes)
    overlaps = find_overlapping_classes(asymmetric=asymmetric, class_names=class_names, **source)
    if verbose:
        _print_headline("Classes that overlap, most confused first; consider merging those on top")
        smart_display_dataframe(overlaps)
        print()
    return {
        "overall_label_health_score": _overall(issues, verbose=verbose, **source),
        "joint": joint,
        "classes_by_label_quality": classes,
        "overlapping_classes": overlaps,
    }


def _print_headline(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _refuse_multi_label(multi_label: bool, instead: str) -> None:
    if multi_label:
        raise ValueError(
            "For multilabel data, please instead call: "
            f"multilabel_classification.dataset.{instead}()"
        )


def _joint_and_issues(labels, pred_probs) -> tuple[np.ndarray, np.int64]:
    """(estimate_joint, num_label_issues) of the same input, from one pass."""
    probs = probabilities(pred_probs)
    numbers = class_numbers(labels_to_array(labels))
    none = np.empty(0, probs.dtype)
    counts, _, issues = _kernels.confident_joint(numbers, probs, none, True, True)
    return counts / max(float(np.sum(counts)), TINY_VALUE), np.int64(issues)


def _joint_of(labels, pred_probs, joint, confident_joint) -> np.ndarray:
    if joint is not None:
        return joint
    return estimate_joint(labels=labels, pred_probs=pred_probs, confident_joint=confident_joint)


def _get_num_examples(labels=None, confident_joint: np.ndarray | None = None) -> int:
    if labels is None and confident_joint is None:
        raise ValueError(
            "num_examples is None. You must either provide confident_joint, or provide both "
            "num_example and joint as input parameters."
        )
    return len(labels) if labels is not None else np.sum(confident_joint)
