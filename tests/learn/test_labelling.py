"""What to label next, and labels that come back."""

import json

import pandas as pd
import pytest

from pipeline.errors import OutputError, PipelineError, TrainingError
from pipeline.learn import command, labelling


@pytest.fixture
def export(write_rows, rows_of_corpus):
    """Texts that the tiny model has not learnt, some of them nearly twice, one too short."""
    rows = [{"text": row["text"]} for row in rows_of_corpus(8) if len(row["text"]) > 30]
    rows += [{"text": row["text"] + " !"} for row in rows[:20]] + [{"text": "?"}]
    return write_rows(rows, "export.jsonl")


def _choose(export, out, model, **options):
    given = {"n": 20, "rules_dir": None, "columns": {}, "encoding": None, "encoder": "off"}
    return labelling.choose([str(export)], out, model=model, force=False, **(given | options))


def test_sheets_and_tasks_hold_the_same_tickets_of_several_languages(export, tiny_model, tmp_path):
    told = _choose(export, tmp_path, tiny_model)
    table = pd.read_csv(tmp_path / "to_label.csv", dtype=str, keep_default_na=False)
    assert len(table) == 20
    assert told.startswith("20 tickets to label")
    assert table["language"].nunique() >= 5
    assert set(table["category"]) == {""}
    assert table["text"].str.rstrip(" !").is_unique
    book = pd.read_excel(tmp_path / "to_label.xlsx", dtype=str, keep_default_na=False)
    assert book["ticket_id"].tolist() == table["ticket_id"].tolist()
    tasks = json.loads((tmp_path / "to_label.json").read_text(encoding="utf-8"))
    assert [one["data"]["ticket_id"] for one in tasks] == table["ticket_id"].tolist()
    assert tasks[0]["predictions"][0]["result"][0]["value"]["choices"] == [table["guess"][0]]
    with pytest.raises(OutputError, match="already holds"):
        _choose(export, tmp_path, tiny_model)


def test_a_filled_sheet_goes_back_to_training(export, tiny_model, tmp_path, train_model):
    _choose(export, tmp_path, tiny_model, n=24)
    table = pd.read_csv(tmp_path / "to_label.csv", dtype=str, keep_default_na=False)
    table["category"] = ["退货", "物流"] * 12
    table.to_csv(tmp_path / "filled.csv", index=False)
    assert (train_model(tmp_path / "filled.csv") / "card.md").is_file()


def test_labels_that_no_model_knows_are_refused(tiny_model, write_rows):
    file = write_rows([{"text": "the kettle is broken", "category": "Produktmangel"}])
    with pytest.raises(TrainingError, match=r"have Produktmangel\. None is the same"):
        command.evaluate_files(
            tiny_model, [str(file)], rules_dir=None, columns={}, encoding=None, encoder="off"
        )


def test_other_names_map_onto_ours_and_start_from_the_shipped_model(
    train_model, tiny_model, write_rows, rows_of_corpus
):
    names = {"Produktmangel": "quality", "Lieferung": "logistics"}
    back = {ours: theirs for theirs, ours in names.items()}
    rows = [
        {"text": row["text"], "category": back[row["category"]]}
        for row in rows_of_corpus(9)
        if row["category"] in back
    ]
    told = []
    folder = train_model(write_rows(rows), mapping=names, shipped=tiny_model, tell=told.append)
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert document["heads"]["category"] == [
        "quality", "logistics", "service", "policy", "other"
    ]  # fmt: skip
    assert set(document["heads"]) == {"category", "reason", "urgency", "emotion"}
    assert any(line.startswith("kept from the model that ships: reason, urgency") for line in told)
    with pytest.raises(PipelineError, match=r"Did you mean .Produktmangel"):
        train_model(write_rows(rows), mapping={"Produktmangell": "quality"})
