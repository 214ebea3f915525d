"""The quarterly report as an HTML page and as a workbook."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.errors import OutputError
from pipeline.insights.quarterly import Cell, Report, Section, shown

_TEMPLATE: Final = Path(__file__).with_name("quarterly.html")
#: Characters; Excel does not measure text itself.
_FIRST_WIDTH, _WIDTH = 36, 14
_FORMATS: Final = {"share": "0%", "hours": "0.0", "count": "#,##0"}
#: Text stays text: never a formula, link or number.
_WORKBOOK: Final = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}


def write(report: Report, out: Path, name: str, *, force: bool = False) -> list[Path]:
    """Write ``name.html`` and ``name.xlsx`` into the folder `out` and return their paths.

    :raises OutputError: One of them is there and `force` is not given, or it cannot be written.
    """
    paths = [out / f"{name}.html", out / f"{name}.xlsx"]
    taken = [path for path in paths if path.exists()]
    if taken and not force:
        raise OutputError(f"{taken[0]} is there already. Add --force to replace it.")
    out.mkdir(parents=True, exist_ok=True)
    for path, content in zip(paths, (page(report).encode(), workbook(report)), strict=True):
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(content)
        draft.replace(path)
    return paths


def page(report: Report) -> str:
    """The report as one page of HTML without script; all text is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report=report, shown=shown)


def workbook(report: Report) -> bytes:
    """The report as an xlsx file, one sheet for each section; numbers are numbers."""
    from datetime import datetime
    from io import BytesIO

    from xlsxwriter import Workbook

    content = BytesIO()
    with Workbook(content, _WORKBOOK) as book:
        # A fixed date: the same report is the same bytes.
        book.set_properties({"title": report.title, "created": datetime(2000, 1, 1)})
        formats = {form: book.add_format({"num_format": code}) for form, code in _FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        for number, section in enumerate(report.sections):
            sheet = book.add_worksheet(section.heading[:31])
            top = 0
            if number == 0:
                sheet.write_string(0, 0, report.title, book.add_format({"bold": True}))
                sheet.write_string(1, 0, report.about)
                top = 3
            _fill(sheet, section, top, head, formats)
    return content.getvalue()


def _fill(sheet: Any, section: Section, top: int, head: Any, formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, _FIRST_WIDTH)
    sheet.set_column(1, len(section.columns), _WIDTH)
    for at, (name, _) in enumerate(section.columns):
        sheet.write_string(top, at, name, head)
    sheet.freeze_panes(top + 1, 1)
    for row, cells in enumerate(section.rows, start=top + 1):
        for at, (cell, (_, form)) in enumerate(zip(cells, section.columns, strict=True)):
            _write(sheet, row, at, cell, form, formats)
    sheet.autofilter(top, 0, top + len(section.rows), len(section.columns) - 1)


def _write(sheet: Any, row: int, at: int, cell: Cell, form: str, formats: dict[str, Any]) -> None:
    if isinstance(cell, int | float) and np.isfinite(cell):
        sheet.write_number(row, at, cell, formats.get(form))
    elif text := shown(cell, form):
        sheet.write_string(row, at, text)
