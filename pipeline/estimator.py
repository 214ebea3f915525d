"""The model as a scikit-learn estimator, for notebooks: `fit`, `predict`, `cross_val_score`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.rules import languages as languages_table
from pipeline.text import encoder as encoders
from pipeline.text.prepare import prepare
from pipeline.ticket import COLUMNS

Texts = Sequence[str] | NDArray[Any] | pd.Series


class ComplaintModel(ClassifierMixin, BaseEstimator):
    """Sort texts of any language into the categories of their labels.

    :param encoder: ``on`` adds the sentence encoder to the n-grams, ``off`` uses n-grams
        alone, ``auto`` learns both and asks the encoder about doubtful texts only.
    :param strength: scikit-learn's C of the n-gram view: larger fits the labels closer.

    After `fit` or `load`: ``classes_`` of shape (n_categories,) and ``model_``, the
    `store.Model`.

    >>> texts = ["never arrived", "still not here", "paquete perdido", "no ha llegado"] * 3
    >>> texts += ["broken", "it does not work", "llegó roto", "no funciona"] * 3
    >>> labels = ["logistics"] * 12 + ["quality"] * 12
    >>> ComplaintModel(encoder="off").fit(texts, labels).predict(["no funciona"]).tolist()
    ['quality']
    """

    def __init__(
        self, *, encoder: Literal["auto", "on", "off"] = "off", strength: float = 10.0
    ) -> None:
        self.encoder = encoder
        self.strength = strength

    @classmethod
    def load(
        cls, folder: str | Path, *, encoder: Literal["auto", "on", "off"] = "auto"
    ) -> "ComplaintModel":
        """Read a model folder, such as ``models/default``.

        :raises ModelError: The folder is altered, foreign or incomplete.
        """
        return cls(encoder=encoder)._use(store.load(Path(folder)))

    def save(self, folder: str | Path) -> None:
        """Write the fitted model as a folder that `load` and classify.py read."""
        check_is_fitted(self)
        store.save(self.model_, Path(folder))

    def fit(self, X: Texts, y: Sequence[str] | NDArray[Any]) -> "ComplaintModel":  # noqa: N803
        """Learn from texts and their labels."""
        from pipeline.learn.settings import Settings
        from pipeline.learn.training import train

        tickets = _tickets(X)
        labels = np.asarray(y)
        if len(labels) != len(tickets):
            raise ValueError(f"X has {len(tickets)} texts but y has {len(labels)} labels.")
        tickets = tickets.assign(
            category=pd.array(labels.astype(str), dtype="str"),
            reason="",
            urgency="",
            emotion="",
            secondary="",
            source="",
        )
        sentence_encoder = None
        if self.encoder != "off":
            sentence_encoder = encoders.load(encoders.UniversalSentenceEncoder.name)
        settings = Settings(sparse_strength=self.strength, jobs=1)
        self._use(train(tickets, encoder=sentence_encoder, settings=settings).model)
        self.classes_ = np.unique(labels)
        return self

    def predict(self, X: Texts) -> NDArray[Any]:  # noqa: N803
        """Return the category of each text; shape (n_tickets,)."""
        best = self.predict_proba(X).argmax(axis=1)
        result: NDArray[Any] = self.classes_[best]
        return result

    def predict_proba(self, X: Texts) -> NDArray[np.float64]:  # noqa: N803
        """Return calibrated probabilities; shape (n_tickets, n_categories)."""
        check_is_fitted(self)
        tickets = _tickets(X)
        scorer = Scorer(self.model_, self.encoder)
        found = scorer.probabilities(tickets["_clean"].tolist(), tickets["language"].tolist())
        head = self.model_.head("category")
        index = {label: i for i, label in enumerate(head.labels if head else ())}
        columns = [index[str(label)] for label in self.classes_]
        result: NDArray[np.float64] = found["category"][:, columns].astype(np.float64)
        return result / result.sum(axis=1, keepdims=True)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:  # noqa: N803
        """Score tickets, or return the accuracy on texts and labels.

        :param X: A frame with at least ``text`` and no `y`: the same frame comes back with the
            columns of the model. Texts, when `y` holds their labels.
        :raises ValueError: The frame already has columns that the model would write.
        """
        if y is None and isinstance(X, pd.DataFrame):
            check_is_fitted(self)
            frame = X if "_clean" in X else prepare(X, languages_table.load(None))
            taken = [c.name for c in COLUMNS if c.room == "model" and c.name in X]
            if taken:
                raise ValueError(f"the frame already has {', '.join(taken)}: drop them first.")
            return Scorer(self.model_, self.encoder).score(frame)
        return super().score(X, y, sample_weight)

    def _use(self, model: store.Model) -> "ComplaintModel":
        head = model.head("category")
        self.model_ = model
        self.classes_ = np.array(sorted(head.labels) if head else (), dtype=object)
        return self


def _tickets(texts: Texts) -> pd.DataFrame:
    cells = pd.array([str(text) for text in texts], dtype="str")
    return prepare(pd.DataFrame({"text": cells}), languages_table.load(None))
