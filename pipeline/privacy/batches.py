"""Replace personal data in batches of tickets, before any other step sees them.

Texts are redacted where the batch is triaged (`texts`); ids, rejected rows and notes where it is
read (`Redaction.batch`), for the numbers of ids follow the order of the export.
"""

import re
from dataclasses import replace
from typing import Final

import pandas as pd

from pipeline.intake import Batch
from pipeline.intake.check import RAW_LENGTH
from pipeline.privacy.spans import find, redact
from pipeline.rules.names import country_code

#: Columns as read that may hold personal data beside the text.
_ID_COLUMNS: Final = (
    "ticket_id", "customer_id", "order_id", "sku", "seller_id", "agent", "channel", "country",
    "customer_tier", "carrier", "warehouse", "currency",
)  # fmt: skip
#: In columns of things a bare number is an order, a parcel, a product: only these are replaced.
_SURE: Final = frozenset({"email", "iban", "id", "handle"})
_WORTH_A_LOOK: Final = re.compile(r"@|\+\d|\d(?:\D?\d){10}|/")
_FULL_NAME: Final = re.compile(r"[^\W\d_][^\d@\[\]]*\s[^\d@\[\]]*[^\W\d_]\.?")
#: Headers of rows whose raw text is withheld: what stands under them has no cue beside it.
_PERSONAL_HEADER: Final = re.compile(
    r"name|contact|address|street|phone|mobile|recipient|birth|passport|姓名|名字|收件|收货|联系|地址|电话|手机|氏名|住所|"
    r"이름|성명|주소|nom\b|prenom|prénom|nombre|apellido|direcci|nome|endereç|indirizzo|cognome|adres|anschrift|vorname|"
    r"имя|фио|адрес|telefon|nama|alamat|isim|soyad",
    re.IGNORECASE,
)
_WITHHELD: Final = "[row withheld: it may hold personal data]"
#: A raw row that was cut may end inside a number or an address: so much of its end is dropped.
_CUT: Final = 64


def texts(tickets: pd.DataFrame) -> pd.DataFrame:
    """Return `tickets` with redacted texts.

    >>> frame = pd.DataFrame({"text": ["call 030 901820"], "country": ["Germany"]})
    >>> texts(frame)["text"].tolist()
    ['call [phone]']
    """
    pairs = zip(tickets["text"].tolist(), tickets["country"].tolist(), strict=True)
    clean = [redact(text, country_code(country)) for text, country in pairs]
    return tickets.assign(text=pd.Series(clean, tickets.index, dtype="str"))


class Redaction:
    """Redacts what a reader hands over; one for each time an export is read.

    The same address in two tickets gets the same number (``[email 2]``), so that repeat
    contacts are still found. Numbers count up in the order of the export: they tell nothing
    about what they replace.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}

    def batch(self, batch: Batch) -> Batch:
        """Return `batch` with redacted ids, rejected rows and notes; texts stay as they are."""
        ids = {
            name: self._ids(batch.tickets[name], whole=name == "customer_id")
            for name in _ID_COLUMNS
        }
        source = batch.source
        personal = any(_PERSONAL_HEADER.search(header) for header in source.ignored)
        rejected = batch.rejected
        if len(rejected):
            reasons = [redact(reason) for reason in rejected["reason"].tolist()]
            raw = [_WITHHELD if personal else _raw(row) for row in rejected["raw"].tolist()]
            rejected = rejected.assign(
                reason=pd.Series(reasons, rejected.index, dtype="str"),
                raw=pd.Series(raw, rejected.index, dtype="str"),
            )
        return Batch(
            batch.tickets.assign(**ids),
            rejected,
            replace(source, notes=tuple(map(redact, source.notes))),
        )

    def _ids(self, cells: pd.Series, *, whole: bool) -> pd.Series:
        values = cells.drop_duplicates()
        changed = {
            value: new
            for value in values.tolist()
            if value and (new := self._id(value, whole=whole)) != value
        }
        return (
            cells.map(lambda value: changed.get(value, value)).astype("str") if changed else cells
        )

    def _id(self, value: str, *, whole: bool) -> str:
        """`value` with numbered placeholders; `whole` for the customer, who may be named."""
        if whole and _FULL_NAME.fullmatch(value):
            return self._placeholder("name", value)
        if not _WORTH_A_LOOK.search(value):
            return value
        parts, last = [], 0
        for start, end, kind in find(value):
            if whole or kind in _SURE or value[start] == "+":
                parts += [value[last:start], self._placeholder(kind, value[start:end])]
                last = end
        return "".join((*parts, value[last:]))

    def _placeholder(self, kind: str, value: str) -> str:
        key = kind, value.casefold()
        if key not in self._numbers:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._numbers[key] = self._counts[kind]
        return f"[{kind} {self._numbers[key]}]"


def _raw(row: str) -> str:
    if len(row) >= RAW_LENGTH:
        row = row[: RAW_LENGTH - _CUT]
    return redact(row)
