#!/usr/bin/env python3
"""Learn a model from labelled tickets: ``python train.py LABELLED [LABELLED ...] --out DIR``."""

import sys

from pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
