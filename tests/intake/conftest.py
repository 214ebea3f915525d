from datetime import UTC, datetime

import pandas as pd
import pytest

from pipeline import intake
from pipeline.rules import columns

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="session")
def rules():
    return columns.load()


@pytest.fixture
def read(rules):
    """Read files whole: (tickets, rejected, sources), one source for each file."""

    def read_all(*paths, **options):
        batches = list(intake.read(paths, rules=rules, now=NOW, **options))
        tickets = pd.concat([batch.tickets for batch in batches], ignore_index=True)
        rejected = pd.concat([batch.rejected for batch in batches], ignore_index=True)
        sources = {batch.source.file: batch.source for batch in batches}
        return tickets, rejected, list(sources.values())

    return read_all
