"""Complaint triage: exported tickets in any language go in, decided tickets come out.

Importing this package loads no dictionary and no model; names resolve on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.model.estimator import ComplaintModel
    from pipeline.triage import triage

__version__ = "0.1.0"
__all__ = ["ComplaintModel", "__version__", "triage"]

_HOME = {"ComplaintModel": "pipeline.model.estimator", "triage": "pipeline.triage"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
