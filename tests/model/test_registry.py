"""Promote and roll back: the log is the state, and a crash half-way changes nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.errors import ModelError
from pipeline.model import registry, store
from tests.model.toy import THRESHOLDS, toy_model

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def models(tmp_path):
    """Three models, default and a and 模型, that decide differently."""
    for i, name in enumerate(("default", "a", "模型")):
        given = replace(THRESHOLDS, review=0.7 + i / 10)
        store.save(toy_model(thresholds={"ngrams": given, "both": given}), tmp_path / name)
    return tmp_path


def _current(models):
    return registry.current(models, default=models / "default").name


def _promote(models, name, **options):
    return registry.promote(models, name, now=NOW, **options)


def _rollback(models):
    return registry.rollback(models, now=NOW, default=models / "default")


def test_there_and_back_again(models):
    assert _current(models) == "default"
    _promote(models, "a")
    _promote(models, str(models / "模型"))
    assert _current(models) == "模型"
    assert [_rollback(models).model, _current(models)] == ["a", "a"]
    assert [_rollback(models).model, _current(models)] == ["default", "default"]
    with pytest.raises(ModelError, match="no way back"):
        _rollback(models)
    log = [json.loads(line) for line in (models / registry.LOG).read_text("utf-8").splitlines()]
    assert [(one["action"], one["model"]) for one in log] == [
        ("promote", "a"), ("promote", "模型"), ("rollback", "a"), ("rollback", "default"),
    ]  # fmt: skip
    assert log[0]["at"] == "2026-11-21T09:00:00Z"


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_a_line_cut_short_at_any_byte_does_not_count(models, action):
    _promote(models, "a")
    log = models / registry.LOG
    before = log.read_bytes()
    _promote(models, "模型") if action == "promote" else _rollback(models)
    whole = log.read_bytes()
    after = _current(models)
    for cut in range(len(before), len(whole)):
        log.write_bytes(whole[:cut])
        assert _current(models) == "a"
    _promote(models, "模型")
    assert _current(models) == "模型"
    assert len(registry.entries(models)) == 2, "the rest of the torn line is gone"
    log.write_bytes(whole)
    assert _current(models) == after


def test_a_broken_model_is_not_promoted(models):
    (models / "a" / "ngrams.npz").write_bytes(b"PK")
    with pytest.raises(ModelError, match="altered or cut"):
        _promote(models, "a")
    assert _current(models) == "default"
    assert registry.entries(models) == []


def test_a_model_that_the_gate_refused_needs_force(models):
    gate = {"passed": False, "reasons": ["language 'ja' loses 12.0% of recall."]}
    metrics = json.dumps({"baseline": {"gate": gate}})
    (models / "a" / "metrics.json").write_text(metrics, encoding="utf-8")
    with pytest.raises(ModelError, match="language 'ja' loses"):
        _promote(models, "a")
    _promote(models, "a", force=True)
    assert _current(models) == "a"


def test_no_way_back_to_a_model_that_was_changed_since(models):
    _promote(models, "a")
    _promote(models, "模型")
    store.save(toy_model(), models / "a")
    with pytest.raises(ModelError, match="is not the model it was"):
        _rollback(models)
    assert _current(models) == "模型"


def test_a_line_that_is_not_ours_is_named(models):
    (models / registry.LOG).write_text('{"model": 1}\n', encoding="utf-8")
    with pytest.raises(ModelError, match="line 1 is not a line of the log"):
        _current(models)
