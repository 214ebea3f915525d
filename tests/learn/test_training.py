"""From labelled tickets to a model folder."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pipeline.learn.held_out import OutOfFold, held_out_metrics
from pipeline.learn.linear import Answers, fit_dense, fit_ngrams, head_probabilities, scores
from pipeline.learn.splits import folds_of
from pipeline.learn.training import heads_of, reason_category
from pipeline.model import store
from pipeline.model.heads import Head
from pipeline.model.scoring import Scorer
from pipeline.ticket import CATEGORIES, EMOTIONS, LEVELS
from tests.model.toy import toy_model

OWN = {"退货": "我要退货，不想要了", "物流": "快递一直没有到", "夸奖": "很好用，谢谢客服"}


def _tickets(texts, sources=None):
    return pd.DataFrame({"_clean": texts, "source": sources or ["history.csv"] * len(texts)})


# --- Heads and folds -------------------------------------------------------------------------


def test_our_own_labels_stand_in_our_own_order():
    frame = pd.DataFrame(
        {
            "category": ["service", "quality"],
            "reason": ["", ""],
            "urgency": ["high", "low"],
            "emotion": ["calm", "angry"],
        }
    )
    assert heads_of(frame) == (
        Head("category", CATEGORIES), Head("urgency", LEVELS), Head("emotion", EMOTIONS),
    )  # fmt: skip


def test_other_labels_are_sorted_and_a_head_needs_two():
    frame = pd.DataFrame(
        {"category": list("ba"), "reason": ["x", ""], "urgency": "", "emotion": ""}
    )
    assert heads_of(frame) == (Head("category", ("a", "b")),)


def test_equal_texts_are_in_one_fold():
    texts = [f"text {i % 20}".upper() if i % 2 else f"text {i % 20}" for i in range(60)]
    fold = folds_of(_tickets(texts))
    for text in {text.casefold() for text in texts}:
        assert len({f for f, t in zip(fold, texts, strict=True) if t.casefold() == text}) == 1
    assert len(set(fold.tolist())) == 5
    assert folds_of(_tickets(texts[::-1]))[::-1].tolist() == fold.tolist()


def test_three_folders_are_three_folds_and_two_are_not():
    texts = [f"text {i}" for i in range(30)]
    three = folds_of(_tickets(texts, [f"{'abc'[i % 3]}/x.csv" for i in range(30)]))
    assert three.tolist() == [i % 3 for i in range(30)]
    two = folds_of(_tickets(texts, [f"{'ab'[i % 2]}/x.csv" for i in range(30)]))
    assert two.tolist() == folds_of(_tickets(texts)).tolist()


def test_a_text_in_two_folders_is_in_one_fold():
    """Folder c holds a text of folder a: held out there, it would be known."""
    sources = ["a/x.csv", "a/x.csv", "b/x.csv", "c/x.csv", "c/x.csv"]
    found = folds_of(_tickets(["Late", "roto", "坏了", "нет", "late"], sources))
    assert found.tolist() == [0, 0, 2, 1, 0]


def test_folders_stay_whole_and_their_folds_are_of_like_size():
    """The largest first, each to the fold that has least: 9, 8, 7, 6, 5 + 2, then 6 + 3."""
    sizes = {"a": 2, "b": 9, "c": 3, "d": 6, "e": 7, "f": 5, "g": 8}
    sources = [f"{name}/{i % 2}.jsonl" for name, size in sizes.items() for i in range(size)]
    tickets = _tickets([f"текст {i}" for i in range(len(sources))], sources)
    found = folds_of(tickets)
    home = dict(zip([source[0] for source in sources], found.tolist(), strict=True))
    assert home == {"b": 0, "g": 1, "e": 2, "d": 3, "f": 4, "c": 4, "a": 3}
    assert np.bincount(found).tolist() == [9, 8, 7, 8, 8]
    assert [home[source[0]] for source in sources] == found.tolist()
    mixed = np.random.default_rng(0).permutation(len(sources))
    assert folds_of(tickets.iloc[mixed]).tolist() == found[mixed].tolist()


def test_a_folder_with_most_of_the_texts_is_no_fold():
    texts = [f"text {i}" for i in range(30)]
    sources = [f"{'abc'[max(0, i - 27)]}/x.csv" for i in range(30)]
    assert folds_of(_tickets(texts, sources)).tolist() == folds_of(_tickets(texts)).tolist()


def test_reasons_are_at_home_in_a_category_when_both_are_ours():
    category, reason = Head("category", CATEGORIES), Head("reason", ("delayed", "praise"))
    cells = [("退货", "delayed"), ("物流", "又慢"), ("退货", "又慢")] * 5
    tickets = pd.DataFrame(cells, columns=["category", "reason"])
    home = reason_category(tickets, (category, reason))
    assert (home["delayed"], home["praise"]) == ("logistics", "other")
    assert reason_category(tickets, (category,)) == {}
    assert reason_category(tickets, (Head("category", ("退货", "物流")), reason)) == {}
    assert reason_category(tickets, (category, Head("reason", ("delayed", "又慢")))) == {}


# --- Weights ---------------------------------------------------------------------------------


def _answers(*labels, names="abc"):
    return {"category": Answers(Head("category", tuple(names)), labels)}


def _fit(fit, answers, rows=None, matrix=None):
    n = len(answers["category"].codes)
    rows = np.arange(n) if rows is None else rows
    matrix = np.eye(n, dtype=np.float32) if matrix is None else matrix
    matrix = sparse.csr_matrix(matrix) if fit is fit_ngrams else matrix
    view = fit(matrix, answers, rows, strength=100.0)
    return head_probabilities(scores(matrix, view), slice(0, 3))


both_views = pytest.mark.parametrize("fit", [fit_ngrams, fit_dense])


@both_views
@pytest.mark.parametrize("labels", ["abc", "aab", "bcc"])
def test_labels_that_are_shown_are_learnt_and_others_stay_improbable(fit, labels):
    found = _fit(fit, _answers(*labels))
    assert ["abc"[i] for i in found.argmax(axis=1)] == list(labels)
    for i, label in enumerate("abc"):
        if label not in labels:
            assert (found[:, i] < 0.01).all()


@both_views
def test_one_label_is_certain(fit):
    found = _fit(fit, _answers("b", "b", "b"))
    assert (found[:, 1] > 0.99).all()


@both_views
def test_rows_without_a_label_teach_nothing(fit):
    matrix = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32)
    with_blanks = _fit(fit, _answers("a", "b", "", ""), matrix=matrix)
    alone = _fit(fit, _answers("a", "b", "b", "a"), rows=np.array([0, 1]), matrix=matrix)
    # The solver of the n-grams takes more steps the fewer rows there are.
    np.testing.assert_allclose(with_blanks, alone, atol=1e-3 if fit is fit_ngrams else 1e-6)


@both_views
def test_no_label_at_all_leaves_all_alike(fit):
    """Urgency on two tickets only: the fold that holds both leaves none to learn from."""
    found = _fit(fit, _answers("", "", ""))
    np.testing.assert_allclose(found, 1 / 3)


def test_the_standardisation_is_folded_into_the_dense_weights():
    """Moving and stretching the vectors changes no probability."""
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(40, 6)).astype(np.float32)
    answers = _answers(*["ab"[int(x > 0)] for x in dense[:, 0]], names="abc")
    rows = np.arange(40)

    def probabilities(vectors):
        view = fit_dense(vectors, answers, rows, strength=0.1)
        return head_probabilities(scores(vectors, view), slice(0, 3))

    plain, moved = probabilities(dense), probabilities(dense * np.float32(7) + np.float32(3))
    np.testing.assert_allclose(plain, moved, atol=1e-3)
    assert (plain.argmax(axis=1) == answers["category"].codes).mean() > 0.9


@both_views
def test_labels_with_a_home_are_only_told_from_their_neighbours(fit):
    """With a home, the rows of c and d change nothing between a and b; without one they do."""
    head = Head("category", tuple("abcd"))
    rng = np.random.default_rng(0)
    matrix = rng.random((24, 5), dtype=np.float32)
    if fit is fit_ngrams:
        matrix = sparse.csr_matrix(matrix)
    labels = list("abcd" * 6)
    other = labels[:12] + ["c" if label == "d" else label for label in labels[12:]]
    homes = {"a": "x", "b": "x", "c": "y", "d": "y"}

    def a_and_b(labels, home):
        view = fit(matrix, {"r": Answers(head, labels, home)}, np.arange(24), strength=1.0)
        return scores(matrix, view)[:, :2]

    np.testing.assert_allclose(a_and_b(labels, homes), a_and_b(other, homes), atol=1e-6)
    assert np.abs(a_and_b(labels, None) - a_and_b(other, None)).max() > 0.01


# --- The folder ------------------------------------------------------------------------------


def test_a_trained_folder_holds_model_card_and_metrics(tiny_model):
    names = {path.name for path in tiny_model.iterdir()}
    assert names == {
        "model.json", "ngrams.npz", "learnt.npz", "card.md", "metrics.json", "label_issues.csv",
    }  # fmt: skip
    metrics = json.loads((tiny_model / "metrics.json").read_text(encoding="utf-8"))
    assert list(metrics["held_out"]) == ["off"]
    assert metrics["held_out"]["off"]["tickets"] == 150
    assert metrics["held_out"]["off"]["asked_the_encoder"] == 0
    assert 0 < metrics["held_out"]["off"]["category"]["macro_f1"] < 1
    card = (tiny_model / "card.md").read_text(encoding="utf-8")
    assert "150 labelled tickets" in card
    assert "- quality: 30" in card
    assert "Sentence encoder: none" in card


def test_with_an_encoder_each_way_to_use_it_is_measured(encoder_model):
    metrics = json.loads((encoder_model / "metrics.json").read_text(encoding="utf-8"))
    card = (encoder_model / "card.md").read_text(encoding="utf-8")
    asked = [metrics["held_out"][mode]["asked_the_encoder"] for mode in ("off", "auto", "on")]
    assert 0 == asked[0] < asked[1] <= asked[2] == 1
    assert all(f"With `--encoder {mode}`:" in card for mode in ("off", "auto", "on"))


def test_held_out_metrics_by_hand():
    """The n-grams are sure of the first and wrong on the other two, in doubt on the second only;
    the encoder mends the second and third and spoils the first.
    """
    ngrams = [[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.9, 0.0]]
    both = [[0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]]
    held_out = OutOfFold(
        {"category": np.array(ngrams, dtype=np.float32)},
        {"category": np.array(both, dtype=np.float32)},
        np.zeros(3, dtype=np.int64),
    )
    model = toy_model()
    model = replace(model, encoder=model.ngrams)
    truth = {"category": ["quality", "logistics", "other"], "urgency": ["low", "high", "high"]}
    columns = dict.fromkeys(("secondary", "reason", "emotion", "lang", "language"), "")
    tickets = pd.DataFrame(truth).assign(**columns)
    found = held_out_metrics(model, held_out, tickets)
    assert {mode: one["category"]["accuracy"] for mode, one in found.items()} == pytest.approx(
        {"off": 1 / 3, "auto": 2 / 3, "on": 2 / 3}
    )
    assert {mode: one["asked_the_encoder"] for mode, one in found.items()} == pytest.approx(
        {"off": 0, "auto": 1 / 3, "on": 1}
    )
    assert not any({"urgency", "language"} & set(one) for one in found.values())
    alone = held_out_metrics(toy_model(), held_out, tickets)
    assert alone == {"off": found["off"]}


def test_the_notes_say_what_it_learnt_from(tiny_model):
    notes = store.load(tiny_model).notes
    assert notes["trained_on"]["tickets"] == 150
    assert notes["trained_on"]["categories"] == dict.fromkeys(sorted(CATEGORIES), 30)
    assert sum(notes["trained_on"]["languages"].values()) == 150


def test_a_model_learns_what_it_was_shown(tiny_model, labelled_file):
    """Not how good it is, but that weights, labels and columns are not mixed up."""
    rows = [json.loads(line) for line in labelled_file.read_text(encoding="utf-8").splitlines()]
    model = store.load(tiny_model)
    assert [head.name for head in model.heads] == ["category", "reason", "urgency", "emotion"]
    found = Scorer(model, "off").probabilities(
        [row["text"] for row in rows], [row["lang"] for row in rows]
    )
    for head in model.heads:
        table = found[head.name].copy()
        if head.name == "reason":  # reasons are compared inside the category of the ticket
            home = np.array([model.reason_category[label] for label in head.labels])
            table[home != np.array([[row["category"]] for row in rows])] = 0
        said = [head.labels[i] for i in table.argmax(axis=1)]
        true = [LEVELS[r["urgency"]] if head.name == "urgency" else r[head.name] for r in rows]
        assert np.mean([a == b for a, b in zip(said, true, strict=True)]) > 0.9, head.name


@pytest.fixture(scope="module")
def own_rows():
    """Thirty tickets with labels of a user's own, and nothing but a category."""
    return [
        {"text": f"{text} {'。！'[i % 2]} {i // 2}", "category": label}
        for label, text in OWN.items()
        for i in range(10)
    ]


@pytest.fixture(scope="module")
def own_model(train_model, write_rows, own_rows):
    return train_model(write_rows(own_rows))


def test_labels_of_your_own(own_model, own_rows):
    model = store.load(own_model)
    assert model.heads == (Head("category", tuple(sorted(OWN))),)
    scored = Scorer(model, "off").score(
        pd.DataFrame({"_clean": list(OWN.values()), "language": ["zh-Hans"] * 3})
    )
    assert scored["category"].tolist() == list(OWN)
    assert [c for c in scored if c.startswith("p_") and c != "p_urgent"] == [
        f"p_{label}" for label in sorted(OWN)
    ]
    assert scored[["reason", "urgency_level", "emotion"]].eq("").all(axis=None)
    assert scored[["urgency", "p_urgent", "reason_confidence"]].isna().all(axis=None)


def test_two_trainings_of_the_same_data_are_the_same_bytes(
    own_model, train_model, write_rows, own_rows
):
    again = train_model(write_rows(own_rows))
    for path in own_model.iterdir():
        if path.name not in ("card.md", "label_issues.csv"):  # they name the file
            assert (again / path.name).read_bytes() == path.read_bytes(), path.name
    assert store.load(again).fingerprint == store.load(own_model).fingerprint


def test_what_is_left_out_and_what_is_lost_is_told(train_model, write_rows, own_rows):
    told = []
    rows = [*own_rows, {"text": " ", "category": "物流"}, {"text": "谢谢", "category": ""}]
    train_model(write_rows(rows), tell=told.append)
    assert "left out: 1 rows: empty text" in told
    assert "left out: 1 rows: without a category" in told
    assert [line for line in told if line.startswith("30 labelled tickets, 3 categories, ")]
    for label in ("reason", "urgency", "emotion"):
        assert [line for line in told if line.startswith(f"no {label} in the labelled tickets: ")]


def test_nothing_is_told_of_what_is_there(train_model, labelled_file):
    told = []
    train_model(labelled_file, tell=told.append)
    assert [line for line in told if line.startswith("no ")] == []
    assert told[0] == "150 labelled tickets, 5 categories, 9 languages (most in ja)"


def test_other_data_is_another_model(own_model, train_model, write_rows, own_rows):
    other = train_model(write_rows(own_rows[:-1]))
    assert store.load(other).fingerprint != store.load(own_model).fingerprint
    known = store.load(own_model).notes["trained_on"]["sha256"]
    assert store.load(other).notes["trained_on"]["sha256"] != known


def test_a_test_file_is_measured_and_not_learnt_from(train_model, write_rows, own_rows, own_model):
    test_file = write_rows([{"text": "快递没有到", "category": "物流"}] * 6)
    found = train_model(write_rows(own_rows), test=[str(test_file)])
    metrics = json.loads((found / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["tickets"] == 6
    assert store.load(found).fingerprint == store.load(own_model).fingerprint
    assert metrics["test"]["model"] == store.load(own_model).fingerprint


def test_an_expected_mix_moves_the_decisions(train_model, write_rows, own_rows, own_model):
    """Each was a third: the odds grow by the roots of 0.9 / (1/3) and of (1/3) / 0.05."""
    mix = {"退货": 0.9, "物流": 0.05, "夸奖": 0.05}
    moved = Scorer(store.load(train_model(write_rows(own_rows), mix=mix)), "off")
    plain = Scorer(store.load(own_model), "off")
    place, other = (moved.model.heads[0].labels.index(label) for label in ("退货", "物流"))
    found, before = (s.probabilities(["不知道"], ["zh-Hans"])["category"] for s in (moved, plain))
    grown = np.divide(*(p[0, place] / p[0, other] for p in (found, before)))
    assert grown == pytest.approx(np.sqrt(2.7 * 6.667), rel=0.01)


def test_an_expected_mix_of_unknown_labels_is_refused(train_model, write_rows, own_rows):
    from pipeline.errors import PipelineError

    with pytest.raises(PipelineError, match="退貨"):
        train_model(write_rows(own_rows), mix={"退貨": 0.5})
    with pytest.raises(PipelineError, match="夸奖, 物流: give every category its share"):
        train_model(write_rows(own_rows), mix={"退货": 0.5})


def test_a_model_in_place_is_only_replaced_by_force(own_model, train_model, write_rows, own_rows):
    from pipeline.errors import OutputError

    with pytest.raises(OutputError, match=r"already holds a model\. Add --force"):
        train_model(write_rows(own_rows), out=own_model)
