"""Charts as inline SVG: shapes only. Words stand beside them in HTML, so that they never shrink.

Colours are classes (``c0`` ... ``c7``, ``critical`` ...) that page.css defines for light and dark.
"""

from collections.abc import Sequence
from typing import Any, Final

#: Classes of colours for categories; more categories share the last one.
COLOURS: Final = 8
_GAP: Final = 0.15


def bar(share: float, colour: str = "c0") -> Any:
    """A horizontal bar, `share` (0..1) of the width that it is given."""
    width = f"{100 * max(0.0, min(1.0, share)):.1f}%"
    return _svg(
        f'<rect class="track" width="100%" height="8" rx="4"/>'
        f'<rect class="{colour}" width="{width}" height="8" rx="4"/>',
        "bar",
    )


def columns(values: Sequence[int], colour: str = "c0") -> Any:
    """Upright columns; the title of each is its number."""
    highest = max([*values, 1])
    shapes = [
        f"<g><title>{value:,}</title>{_rect(at, 1 - value / highest, value / highest, colour)}</g>"
        for at, value in enumerate(values)
    ]
    return _svg("".join(shapes), "columns", box=(max(len(values), 1), 1))


def stacked(rows: Sequence[tuple[str, Sequence[int]]]) -> Any:
    """Columns of stacked parts, one for each named row; its title says name and sum."""
    highest = max((sum(parts) for _, parts in rows), default=0) or 1
    shapes = []
    for at, (name, parts) in enumerate(rows):
        top = 1.0
        inner = []
        for number, part in enumerate(parts):
            height = part / highest
            top -= height
            if part:
                inner.append(_rect(at, top, height, f"c{min(number, COLOURS - 1)}"))
        shapes.append(
            f"<g><title>{name} · {sum(parts):,}</title>{_rect(at, 0, 1, 'clear')}"
            f"{''.join(inner)}</g>"
        )
    return _svg("".join(shapes), "stacked", box=(max(len(rows), 1), 1))


def line(values: Sequence[int]) -> Any:
    """A small line, with its end marked; nothing but a flat line when all are 0."""
    highest = max([*values, 1])
    points = " ".join(f"{at},{1 - value / highest:.3f}" for at, value in enumerate(values))
    return _svg(f'<polyline points="{points}"/>', "line", box=(max(len(values) - 1, 1), 1))


def _rect(at: int, top: float, height: float, colour: str) -> str:
    return (
        f'<rect class="{colour}" x="{at + _GAP / 2:.3f}" y="{max(top, 0):.4f}" '
        f'width="{1 - _GAP:.2f}" height="{height:.4f}"/>'
    )


def _svg(shapes: str, kind: str, box: tuple[int, int] | None = None) -> Any:
    from markupsafe import Markup

    view = f' viewBox="0 0 {box[0]} {box[1]}" preserveAspectRatio="none"' if box else ""
    return Markup(f'<svg class="{kind}"{view} aria-hidden="true">{shapes}</svg>')
