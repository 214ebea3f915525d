"""rules diff: what would move, and nothing where nothing changed."""

import json
import shutil

import pytest

from pipeline.comparing_rules import compare
from pipeline.rules.tables import SHIPPED

NOW = "2026-11-21T12:00:00Z"


@pytest.fixture(scope="module")
def out(tiny_model, tmp_path_factory):
    from pipeline import cli

    folder = tmp_path_factory.mktemp("diff") / "out"
    model = ["--model", str(tiny_model), "--encoder", "off", "--now", NOW]
    assert cli.main(["classify", "data/sample", "--out", str(folder), *model]) == 0
    return folder


@pytest.fixture
def own(tmp_path):
    """Own rules: the tables that ship, with some texts replaced."""

    def make(**changes):
        folder = tmp_path / "own"
        folder.mkdir()
        for name, (before, after) in changes.items():
            text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
            assert before in text
            (folder / f"{name}.toml").write_text(text.replace(before, after), encoding="utf-8")
        return folder

    return make


def test_the_same_rules_move_nothing(out, own):
    moved = compare(out, own(routing=("# Who takes", "# Who takes")))
    assert (moved.ids, moved.changed_tables) == ([], [])


def test_a_comment_is_a_change_that_moves_nothing(out, own):
    moved = compare(out, own(routing=("# Who takes", "# So: who takes")))
    assert (moved.ids, moved.changed_tables) == ([], ["routing"])


@pytest.mark.parametrize("table", ["urgency", "languages", "screening"])
def test_asking_the_model_again_gives_the_same(out, own, table):
    text = (SHIPPED / f"{table}.toml").read_text(encoding="utf-8")
    moved = compare(out, own(**{table: (text, f"{text}\n# seen\n")}))
    assert (moved.ids, moved.changed_tables) == ([], [table])


def test_teams_move(run_cli, out, own, tmp_path):
    rules = own(routing=('team = "customer_service"', 'team = "policy_desk"'))
    report = tmp_path / "moved.json"
    code, printed, _ = run_cli("rules", "diff", out, "--rules", rules, "--json", report)
    found = json.loads(report.read_text(encoding="utf-8"))
    assert code == 0
    assert found["counts"]["team"] == found["moved"] > 0
    assert found["counts"]["level"] == found["counts"]["deadline"] == 0
    assert "customer_service -> policy_desk" in printed
    assert f"{found['tickets']:,} tickets, {found['moved']:,} would move" in printed
    assert all(one["team"] == ["customer_service", "policy_desk"] for one in found["tickets_moved"])


def test_what_people_set_stays(run_cli, tiny_model, out, own, tmp_path):
    corrections = tmp_path / "corrections.csv"
    corrections.write_text("ticket_id,team,urgency\nCT-10001,review_desk,low\n", encoding="utf-8")
    previous = tmp_path / "previous"
    previous.mkdir()
    shutil.copytree(out, previous, dirs_exist_ok=True)
    shutil.copy(corrections, previous / "corrections.csv")
    second = tmp_path / "second"
    model = ("--model", tiny_model, "--encoder", "off", "--now", NOW)
    run = ("classify", "data/sample", "--out", second, "--previous", previous, *model)
    code, _, error = run_cli(*run)
    assert code == 0, error
    for table, change in {
        "routing": ('team = "customer_service"', 'team = "policy_desk"'),
        "screening": ("# Texts", "# So: texts"),
    }.items():
        folder = tmp_path / table
        folder.mkdir()
        text = (SHIPPED / f"{table}.toml").read_text(encoding="utf-8").replace(*change)
        (folder / f"{table}.toml").write_text(text, encoding="utf-8")
        assert "CT-10001" not in compare(second, folder).ids


def test_deadlines_move_later(out, own):
    moved = compare(out, own(sla=('high = "4 h"', 'high = "6 h"')))
    due = "first_response_due_at"
    assert len(moved.ids) > 0
    assert ((moved.new[due] - moved.old[due]).dt.total_seconds() == 7200).all()


def test_a_new_word_of_danger_changes_levels(out, own):
    words = ('"caught fire",', '"caught fire", "de", "the", "la", "的",')
    moved = compare(out, own(urgency=words))
    assert set(moved.new["urgency_level"][moved.old["urgency_level"] != "critical"]) == {"critical"}


def test_rules_that_are_wrong_are_named(run_cli, out, own):
    rules = own(routing=('team = "policy_desk"', 'team = "polcy_desk"'))
    code, _, error = run_cli("rules", "diff", out, "--rules", rules)
    assert code == 1
    assert "Did you mean 'policy_desk'" in error
