"""Which distance suits features of a shape."""

HIGH_DIMENSION_CUTOFF: int = 3
"""Features with more columns than this are compared by "cosine", others by "euclidean"."""

ROW_COUNT_CUTOFF: int = 100
"""Up to so many rows the Euclidean distance is scipy's function instead of a name. cleanlab gained
digits by it; here both names give the same distances."""


def decide_euclidean_metric(features):
    """The Euclidean distance: a name, or, where scipy is installed, its function for at most
    ``ROW_COUNT_CUTOFF`` rows."""
    if features.shape[0] > ROW_COUNT_CUTOFF:
        return "euclidean"
    try:
        from scipy.spatial.distance import euclidean
    except ImportError:
        return "euclidean"
    return euclidean


def decide_default_metric(features):
    """The metric for ``features`` (N, M): "cosine" above ``HIGH_DIMENSION_CUTOFF`` columns."""
    if features.shape[1] > HIGH_DIMENSION_CUTOFF:
        return "cosine"
    return decide_euclidean_metric(features)
