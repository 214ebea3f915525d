"""Repeat contacts before routing, for rules that ask about them.

How often a customer wrote is known only when the whole export has been read, and routing looks at
one batch at a time. So when a rule asks, and only then, the export is read twice: first three
narrow columns of all tickets, to count; then batch by batch as always, each ticket with its
number. The count is the one that `dispatch.arrange` writes to ``repeat_contacts``.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.dispatch.deadline import to_seconds
from pipeline.dispatch.groups import codes
from pipeline.dispatch.repeats import repeat_contacts
from pipeline.intake import Batch
from pipeline.rules.conditions import REPEATS_COLUMN

_NARROW = ["created_at", "customer_id", "order_id"]


def with_repeats(read: Callable[[], Iterable[Batch]], *, now: datetime) -> Iterator[Batch]:
    """Yield the batches of `read`, whose tickets know their number of earlier contacts.

    :param read: Reads the same export anew each time it is called.
    """
    counts = count_repeats((batch.tickets for batch in read()), now=now)
    start = 0
    for batch in read():
        stop = start + len(batch.tickets)
        yield batch._replace(tickets=batch.tickets.assign(**{REPEATS_COLUMN: counts[start:stop]}))
        start = stop


def count_repeats(batches: Iterable[pd.DataFrame], *, now: datetime) -> npt.NDArray[np.float64]:
    """The earlier tickets of the same customer or order, for each ticket of all `batches`."""
    whole = pd.concat([tickets[_NARROW] for tickets in batches], ignore_index=True)
    created = to_seconds(whole["created_at"], now=now)
    customer, order = (codes(whole[name])[0] for name in _NARROW[1:])
    return repeat_contacts(created, customer, order).astype(float)
