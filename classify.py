#!/usr/bin/env python3
"""Triage exported tickets: ``python classify.py EXPORT [EXPORT ...] --out DIR``."""

import sys

from pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main(["classify", *sys.argv[1:]]))
