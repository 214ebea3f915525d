"""What a training run may choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.learn.tuning import Recipe
from pipeline.text.features import NgramSettings


@dataclass(frozen=True)
class Settings:
    """The defaults are argued in docs/decisions/0005-model.md; `search` may find better ones."""

    ngrams: NgramSettings = field(default_factory=NgramSettings)
    min_documents: int = 2
    word_weight: float = 1.0
    """What a word or pair of words counts beside a run of characters."""
    sparse_strength: float = 10.0
    blanked: float = 0.0
    """Part of its n-grams that a text loses whenever the solver sees it."""
    dense_strength: float = 5e-4
    recipe: Recipe = field(default_factory=Recipe)
    """How the encoder's upper part is tuned."""
    expected_mix: Mapping[str, float] = field(default_factory=dict)
    """Share of each category expected in use, when the training data shows another mix."""
    jobs: int = 2
