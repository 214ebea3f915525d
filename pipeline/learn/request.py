"""What a user asks of ``train``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.learn.compare import MAX_LOSS
from pipeline.learn.splits import How
from pipeline.text.encoder import Mode

#: Seconds of one core for the choice of settings, unless the user says otherwise.
BUDGET = 120.0


def _nobody(line: str) -> None:
    """Hear a line, and say nothing."""


@dataclass(frozen=True)
class Request:
    """The options of ``train``, as `cli` understood them."""

    labelled: Sequence[str]
    out: Path
    rules_dir: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Another name for a category of the files."""
    split: How = "auto"
    test: Sequence[str] = ()
    mix: Mapping[str, float] = field(default_factory=dict)
    unlabelled: Sequence[str] = ()
    baseline: Path | None = None
    max_loss: float = MAX_LOSS
    shipped: Path | None = None
    """Model to start from where the labels are its own; None starts from nothing."""
    budget: float = BUDGET
    keep_leaks: bool = False
    encoder: Mode = "auto"
    jobs: int = 2
    force: bool = False
    tell: Callable[[str], None] = _nobody
