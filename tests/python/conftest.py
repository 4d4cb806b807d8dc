"""Both libraries in one process: NumPy must run as cleanlab's reference was taken."""

import numpy as np
from numpy.core._multiarray_umath import __cpu_features__

on = [name for name in ("AVX512F", "AVX512CD", "AVX512_SKX") if __cpu_features__.get(name)]
if on:
    raise RuntimeError(f"set NPY_DISABLE_CPU_FEATURES to include {' '.join(on)}")
assert np.__version__ == "1.24.4", np.__version__
