"""Tables about a whole multi-label dataset: which classes are wrongly given, which are missing."""

import numpy as np
import pandas as pd

from tusker.multilabel_classification.filter import flagged


def common_multilabel_issues(
    labels=None, pred_probs=None, *, class_names=None, confident_joint=None
) -> pd.DataFrame:
    """For each class how many rows have it wrongly and how many lack it wrongly.

    labels, pred_probs, confident_joint: as in ``filter.find_label_issues``. class_names: (K,).
    Columns: Class Name (if given), Class Index, In Given Label, In Suggested Label, Num Examples,
    Issue Probability (of all rows); the most frequent first.
    """
    num_examples = _get_num_examples_multilabel(labels=labels, confident_joint=confident_joint)
    wrongly_given, wrongly_missing = flagged(labels, pred_probs, confident_joint).counts
    return _common_issues(wrongly_given, wrongly_missing, num_examples, class_names)


def _common_issues(wrongly_given, wrongly_missing, num_examples: int, class_names) -> pd.DataFrame:
    rows = []
    for k, counts in enumerate(zip(wrongly_given, wrongly_missing, strict=True)):
        for given, count in zip((True, False), counts, strict=True):
            row = {} if class_names is None else {"Class Name": class_names[k]}
            row |= {"Class Index": k, "In Given Label": given, "In Suggested Label": not given}
            row |= {"Num Examples": int(count), "Issue Probability": int(count) / num_examples}
            rows.append(row)
    table = pd.DataFrame(rows)
    return table.sort_values(by=["Issue Probability"], ascending=False).reset_index(drop=True)


def rank_classes_by_multilabel_quality(
    labels=None, pred_probs=None, *, class_names=None, joint=None, confident_joint=None
) -> pd.DataFrame:
    """The quality of each class, worst first.

    ``joint`` is the (K, 2, 2) joint that flags rows; ``confident_joint`` only counts them where
    labels are not given. Columns: Class Name (if given), Class Index, Label Issues (rows that have
    it wrongly), Inverse Label Issues (that lack it wrongly), Label Noise and Inverse Label Noise
    (of all rows), Label Quality Score = 1 - Label Noise.
    """
    issues = common_multilabel_issues(
        labels=labels, pred_probs=pred_probs, class_names=class_names, confident_joint=joint
    )
    num_examples = _get_num_examples_multilabel(labels=labels, confident_joint=confident_joint)
    return _class_quality(issues, num_examples, class_names)


def _class_quality(issues: pd.DataFrame, num_examples: int, class_names) -> pd.DataFrame:
    # In order of their first appearance, which decides among equal scores.
    classes: dict[int, dict] = {}
    for _, row in issues.iterrows():
        entry = classes.setdefault(row["Class Index"], {"Class Index": row["Class Index"]})
        if class_names is not None:
            entry["Class Name"] = row["Class Name"]
        probability = row["Issue Probability"]
        inverse = "" if row["In Given Label"] else "Inverse "
        entry[f"{inverse}Label Issues"] = int(probability * num_examples)
        entry[f"{inverse}Label Noise"] = probability
        if row["In Given Label"]:
            entry["Label Quality Score"] = 1 - probability
    columns = [] if class_names is None else ["Class Name"]
    columns += ["Class Index", "Label Issues", "Inverse Label Issues", "Label Noise"]
    columns += ["Inverse Label Noise", "Label Quality Score"]
    table = pd.DataFrame(list(classes.values()))
    table = table.sort_values(by="Label Quality Score", ascending=True).reset_index(drop=True)
    return table[columns]


def _get_num_examples_multilabel(labels=None, confident_joint=None) -> int:
    if labels is not None:
        return len(labels)
    if confident_joint is None:
        raise ValueError("labels and confident_joint are None: one of them must say how many rows")
    return int(np.sum(confident_joint[0]))


def overall_multilabel_health_score(labels=None, pred_probs=None, *, confident_joint=None) -> float:
    """The share of rows that are no label issue, in [0, 1]."""
    num_examples = _get_num_examples_multilabel(labels=labels)
    return 1.0 - flagged(labels, pred_probs, confident_joint).rows / num_examples


def multilabel_health_summary(
    labels=None,
    pred_probs=None,
    *,
    class_names=None,
    num_examples=None,
    confident_joint=None,
    verbose=True,
) -> dict:
    """Both tables and the health score; prints them if ``verbose``.

    Keys: overall_multilabel_health_score, classes_by_multilabel_quality, common_multilabel_issues.
    """
    if num_examples is None:
        num_examples = _get_num_examples_multilabel(labels=labels)
    rows = _get_num_examples_multilabel(labels=labels)
    found = flagged(labels, pred_probs, confident_joint)
    issues = _common_issues(*found.counts, rows, class_names)
    # The quality of classes does not follow a given joint.
    own = found if confident_joint is None else flagged(labels, pred_probs, None)
    classes = _class_quality(_common_issues(*own.counts, rows, class_names), rows, class_names)
    score = 1.0 - found.rows / rows
    if verbose:
        print(f"Label health of {num_examples:,} rows\n")
        print("Classes, worst first", classes.to_string(), "", sep="\n")
        print("Label issues by class", issues.to_string(), "", sep="\n")
        print(f"{score:.1%} of the rows look right in all their classes.")
    return {
        "overall_multilabel_health_score": score,
        "classes_by_multilabel_quality": classes,
        "common_multilabel_issues": issues,
    }
