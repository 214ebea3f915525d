#!/usr/bin/env python3
"""Triage exported tickets: ``python classify.py EXPORT [EXPORT ...] --out DIR``."""

import sys

try:
    from pipeline.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"error: {error.name} is not installed for this Python. Run 'make setup' once, "
        "then '. .venv/bin/activate' in each terminal."
    )

if __name__ == "__main__":
    sys.exit(main(["classify", *sys.argv[1:]]))
