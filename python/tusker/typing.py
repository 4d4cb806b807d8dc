"""Names for the kinds of arguments that cleanlab's functions take."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

LabelLike = list | np.ndarray | pd.Series | pd.DataFrame
"""One label for each example."""

DatasetLike = Any
"""Features: whatever can be indexed by a list of rows."""

FeatureArray = np.ndarray
"""(N, d) numbers."""

Metric = str | Callable
"""Name of a distance, or the distance itself."""
