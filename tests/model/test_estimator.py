"""ComplaintModel as scikit-learn and notebooks use it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from pipeline import ComplaintModel

LATE = ["never arrived", "still not here", "paquete perdido", "快递还没到", "посылка не пришла"]
BROKEN = ["it is broken", "does not work", "llegó roto", "屏幕坏了", "не работает"]
TEXTS = LATE * 3 + BROKEN * 3
LABELS = ["lieferung"] * 15 + ["qualität"] * 15


@pytest.fixture(scope="module")
def fitted():
    return ComplaintModel().fit(TEXTS, LABELS)


def test_predict_and_probabilities(fitted):
    assert fitted.predict(["屏幕坏了", "посылка не пришла"]).tolist() == ["qualität", "lieferung"]
    found = fitted.predict_proba(TEXTS)
    assert found.shape == (30, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    best = fitted.classes_[found.argmax(axis=1)]
    assert best.tolist() == fitted.predict(TEXTS).tolist()


def test_it_can_be_cloned_and_cross_validated():
    model = ComplaintModel(strength=2.0)
    copy = clone(model)
    assert copy.get_params() == {"encoder": "off", "strength": 2.0}
    assert not hasattr(copy, "model_")
    assert cross_val_score(model, TEXTS, LABELS, cv=3).tolist() == [1.0, 1.0, 1.0]


def test_lists_arrays_and_series_are_the_same_texts(fitted):
    expected = fitted.predict_proba(TEXTS[:4])
    for given in (np.array(TEXTS[:4], dtype=object), pd.Series(TEXTS[:4], index=[9, 8, 7, 6])):
        np.testing.assert_array_equal(fitted.predict_proba(given), expected)


def test_accuracy_and_table_come_from_the_same_verb(fitted):
    assert fitted.score(TEXTS, LABELS) == 1.0
    frame = fitted.score(pd.DataFrame({"text": pd.array(["屏幕坏了"], dtype="str")}))
    assert frame["category"].tolist() == ["qualität"]
    assert frame["p_qualität"].iloc[0] == frame["category_confidence"].iloc[0] > 0.5


def test_before_fit_it_refuses():
    with pytest.raises(NotFittedError):
        ComplaintModel().predict(["x"])


def test_as_many_labels_as_texts():
    with pytest.raises(ValueError, match="30 texts but y has 29"):
        ComplaintModel().fit(TEXTS, LABELS[1:])


def test_a_model_folder_predicts_in_python(tiny_model):
    model = ComplaintModel.load(tiny_model, encoder="off")
    assert model.classes_.tolist() == ["logistics", "other", "policy", "quality", "service"]
    assert model.predict_proba(["快递还没到"]).shape == (1, 5)
    assert model.score(pd.DataFrame({"text": ["a b c"]}))["category"].iloc[0] in model.classes_


def test_no_texts(fitted):
    assert fitted.predict([]).tolist() == []
    assert fitted.predict_proba([]).shape == (0, 2)


def test_labels_keep_their_type():
    numbers = [1 if label == "lieferung" else 2 for label in LABELS]
    assert ComplaintModel().fit(TEXTS, numbers).score(TEXTS, numbers) == 1.0


def test_the_classes_are_the_sorted_labels_of_y():
    """scikit-learn's scorers of probabilities rely on it (neg_log_loss, roc_auc)."""
    ours = ["quality" if label == "lieferung" else "logistics" for label in LABELS]
    assert ComplaintModel().fit(TEXTS, ours).classes_.tolist() == ["logistics", "quality"]


@pytest.mark.parametrize("taken", ["category", "urgency", "keywords"])
def test_a_frame_with_columns_of_the_model_is_refused_by_name(fitted, taken):
    """Scored, it would have two columns of that name."""
    frame = pd.DataFrame({"text": ["屏幕坏了"], taken: ["lieferung"]})
    with pytest.raises(ValueError, match=f"already has {taken}"):
        fitted.score(frame)
    assert fitted.score(frame.drop(columns=taken)).columns.is_unique
