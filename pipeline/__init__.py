"""Complaint triage: exported tickets in any language go in, decided tickets come out.

Importing this package loads no dictionary and no model; names resolve on first use.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.estimator import ComplaintModel
    from pipeline.triage import triage

__version__ = "0.1.0"
__all__ = ["ComplaintModel", "__version__", "triage"]


def __getattr__(name: str) -> Any:
    if name != "ComplaintModel":
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return import_module("pipeline.estimator").ComplaintModel


class _Package(ModuleType):
    """This package, whose ``triage`` is the function of the module with the same name."""

    @property
    def triage(self) -> Any:
        return import_module("pipeline.triage").triage

    @triage.setter
    def triage(self, module: ModuleType) -> None:
        """Ignore what the import of the submodule would put here."""


sys.modules[__name__].__class__ = _Package
