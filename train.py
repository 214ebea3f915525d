#!/usr/bin/env python3
"""Learn a model from labelled tickets: ``python train.py LABELLED [LABELLED ...] --out DIR``."""

import sys

try:
    from pipeline.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"error: {error.name} is not installed for this Python. Run 'make setup' once, "
        "then '. .venv/bin/activate' in each terminal."
    )

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
