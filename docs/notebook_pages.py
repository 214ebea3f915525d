"""Run the notebooks from top to bottom and keep a rendered copy in docs/notebooks.

    python docs/notebook_pages.py [NAME ...]

The notebooks themselves are stored without output; a test runs them too.
"""

import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PAGES = ROOT / "docs" / "notebooks"


def run(notebook: Path, *, timeout: int = 300) -> "object":
    """Execute a notebook in its folder and return it with its output."""
    import nbformat
    from nbclient import NotebookClient

    # A picture is the same bytes every time; workers of a busy machine do not fight for cores.
    os.environ |= {"SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1"}
    content = nbformat.read(notebook, as_version=4)
    NotebookClient(
        content,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebook.parent)}},
    ).execute()
    return content


def render(notebook: Path) -> None:
    """Write the page of a notebook, pictures beside it."""
    from nbconvert import MarkdownExporter

    pictures = f"{notebook.stem}_files"
    resources = {"output_files_dir": pictures, "unique_key": notebook.stem}
    body, made = MarkdownExporter().from_notebook_node(run(notebook), resources=resources)
    PAGES.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(PAGES / pictures, ignore_errors=True)
    for name, data in made["outputs"].items():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    body = re.sub(r"<style scoped>.*?</style>\n", "", body, flags=re.DOTALL)
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    (PAGES / f"{notebook.stem}.md").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    chosen = sys.argv[1:]
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not chosen or path.stem in chosen:
            render(path)
