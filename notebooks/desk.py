"""What every notebook needs: the repository, a run on the sample, and pictures.

Pictures are SVG whose text stays text, so the reader's browser draws Chinese, Japanese or Thai
with its own fonts; none is shipped.
"""

import sys
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display
from matplotlib_inline.backend_inline import set_matplotlib_formats

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline import engine  # noqa: E402

SAMPLE = ROOT / "data" / "sample"
MODEL = ROOT / "models" / "default"
#: The sample is judged from here, so that the notebooks say the same tomorrow.
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

set_matplotlib_formats("svg")
mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "notebooks",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (7, 3),
    "figure.autolayout": True,
}
# Only the room a letter takes is guessed when this machine has no font for it.
warnings.filterwarnings("ignore", message="Glyph .* missing from font")
mpl.set_loglevel("error")
pd.set_option("display.max_colwidth", 60)


def run_of(*exports: Path) -> engine.Run:
    """The settings of a run into a new folder, with n-grams alone (fast)."""
    out = Path(tempfile.mkdtemp()) / "out"
    return engine.Run(exports=exports or (SAMPLE,), out=out, now=NOW, model=MODEL, encoder="off")


def triage_sample() -> Path:
    """Triage the sample and return the folder with the results."""
    run = run_of()
    engine.classify(run)
    return run.out


def bars(values: pd.Series, title: str, *, form: str = "{:,.0f}") -> None:
    """Draw horizontal bars, the first on top, each with its number."""
    _, axes = plt.subplots(figsize=(7, 0.6 + 0.28 * len(values)))
    drawn = axes.barh(values.index.astype(str)[::-1], values.to_numpy()[::-1], color="#4477aa")
    axes.bar_label(drawn, [form.format(one) for one in values.to_numpy()[::-1]], padding=3)
    axes.set_title(title, loc="left")
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    plt.show()


def finding(text: str) -> None:
    """Show what was found."""
    display(Markdown(f"**Finding.** {text}"))
