from importlib.metadata import version

import pytest

VERSION = tuple(int(part) for part in version("scale-nucleus").split("."))
IS_CURRENT = VERSION >= (0, 19)

current = pytest.mark.skipif(not IS_CURRENT, reason="needs a client from 0.19 on")
run_free = pytest.mark.skipif(VERSION < (0, 22), reason="needs a client from 0.22 on")
old = pytest.mark.skipif(IS_CURRENT, reason="clients before 0.19 only")
