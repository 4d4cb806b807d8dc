"""Serves scripts that import cleanlab's modules, unchanged but for one line."""

import importlib
import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec

# What ``import cleanlab`` offers as an attribute and Tusker does not have.
MISSING = frozenset(
    {
        "Datalab",
        "IssueManager",
        "classification",
        "data_valuation",
        "datalab",
        "regression",
        "segmentation",
        "token_classification",
    }
)


class _CleanlabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds cleanlab.X where tusker.X is."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "cleanlab" and not fullname.startswith("cleanlab."):
            return None
        name = "tusker" + fullname.removeprefix("cleanlab")
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise ModuleNotFoundError(f"tusker has no {fullname}", name=fullname)
        spec = ModuleSpec(fullname, self, is_package=found.submodule_search_locations is not None)
        spec.loader_state = name
        return spec

    def create_module(self, spec):
        module = importlib.import_module(spec.loader_state)
        # The import machinery is about to write cleanlab's spec into it; see exec_module.
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = module.__spec__.loader_state


def refuse_missing(name: str) -> None:
    """Raises ImportError if cleanlab has an attribute of that name, Tusker lacks it, and Tusker
    stands in for cleanlab."""
    if name in MISSING and any(isinstance(finder, _CleanlabFinder) for finder in sys.meta_path):
        raise ImportError(f"tusker has no cleanlab.{name}", name=f"cleanlab.{name}")


def install_as_cleanlab() -> None:
    """Makes ``import cleanlab`` and ``from cleanlab.filter import ...`` give tusker's modules.

    A module that tusker lacks raises ModuleNotFoundError (an ImportError) naming it. Raises
    RuntimeError if the real cleanlab was imported already.
    """
    loaded = sys.modules.get("cleanlab")
    if loaded is not None and loaded.__name__ != "tusker":
        raise RuntimeError("cleanlab was imported already: call install_as_cleanlab() before")
    if not any(isinstance(finder, _CleanlabFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _CleanlabFinder())
