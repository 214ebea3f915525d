"""Each incident once: how large, how many customers, what is at stake, and until when."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dispatch.matching import dollars
from pipeline.output.batches import to_batch, to_frame
from pipeline.ticket import LEVELS

#: Any of these that all members share names the cause.
_SHARED: Final = ("reason", "sku", "seller_id", "carrier", "warehouse")
_READ: Final = (
    "incident_id",
    "ticket_id",
    "created_at",
    "customer_id",
    "order_id",
    "order_value",
    "currency",
    "urgency_level",
    "next_step_due_at",
    "rank",
    "text",
    *_SHARED,
)
#: Characters of the first ticket's text.
_EXAMPLE: Final = 300


class Incidents:
    """Takes batches of tickets; keeps the members of incidents."""

    def __init__(self, currencies: Mapping[str, float]) -> None:
        self._currencies = currencies
        self._members: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Note the members of incidents."""
        here = batch.filter(pc.not_equal(batch.column("incident_id"), "")).select(list(_READ))
        if here.num_rows:
            text = pc.utf8_slice_codeunits(here.column("text"), 0, _EXAMPLE)
            self._members.append(here.set_column(here.schema.names.index("text"), "text", text))

    def table(self) -> pa.RecordBatch:
        """One row for each incident, with `COLUMNS`; the largest first."""
        rows = []
        if self._members:
            members = to_frame(pa.Table.from_batches(self._members))
            members["_value"] = dollars(members, self._currencies)
            members = members.sort_values(["created_at", "ticket_id"], kind="stable")
            rows = [self._row(name, group) for name, group in members.groupby("incident_id")]
        table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(_DTYPES)
        return to_batch(table.sort_values(["size", "incident_id"], ascending=[False, True]))

    def _row(self, name: object, group: pd.DataFrame) -> dict[str, object]:
        # An order is at risk once, however often its customer writes.
        orders = group.drop_duplicates("order_id") if (group["order_id"] != "").all() else group
        levels = group["urgency_level"].map(LEVELS.index)
        customers = group["customer_id"]
        return {
            "incident_id": name,
            "size": len(group),
            "open": int(group["rank"].notna().sum()),
            "customers": customers[customers != ""].nunique() + int((customers == "").sum()),
            "value_at_risk_usd": round(float(np.nansum(orders["_value"])), 2),
            "highest_level": LEVELS[int(levels.max())],
            "first_at": group["created_at"].min(),
            "last_at": group["created_at"].max(),
            "next_due_at": group["next_step_due_at"].min(),
            "shared": "; ".join(
                f"{column} {group[column].iloc[0]}"
                for column in _SHARED
                if group[column].iloc[0] and group[column].nunique() == 1
            ),
            "first_ticket": group["ticket_id"].iloc[0],
            "example": group["text"].iloc[0],
        }


_TIME: Final = "datetime64[us, UTC]"
_DTYPES: Final = {
    "incident_id": "str",
    "size": "Int64",
    "open": "Int64",
    "customers": "Int64",
    "value_at_risk_usd": "float64",
    "highest_level": "str",
    "first_at": _TIME,
    "last_at": _TIME,
    "next_due_at": _TIME,
    "shared": "str",
    "first_ticket": "str",
    "example": "str",
}
#: The columns of incidents.csv.
COLUMNS: Final = tuple(_DTYPES)
