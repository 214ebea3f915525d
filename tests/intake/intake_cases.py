"""Cases of the intake tests: one JSON object a line in tests/cases."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "cases"


def cases(name: str) -> list:
    """The cases of a file as pytest parameters; ``"expect": "fail"`` marks a known failure."""
    lines = (FOLDER / f"intake_{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_parameter(json.loads(line)) for line in lines]


def _parameter(case: dict):
    known = case.get("expect") == "fail"
    marks = [pytest.mark.xfail(strict=True, reason=case.get("comment"))] if known else []
    return pytest.param(case, id=case.get("comment") or case.get("system"), marks=marks)
