"""What the caller of a report decides or knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pipeline.rules.load import Rules

#: Languages of the page; the reader can switch.
LANGUAGES: Final = ("en", "zh-Hans")

#: Tickets on the page: what seven teams answer in some days, in a file that a phone opens.
#: 2,000 tickets of real shops made a page of 1.3 MB.
TICKETS: Final = 2_000
#: More is a file of more than 20 MB; the browser tests scroll through so many.
MOST_TICKETS: Final = 50_000


class Key(NamedTuple):
    """Something that has a name in words.toml or the rules, such as ``Key("reason.lost")``."""

    name: str


Cell = str | int | float | Key


class Table(NamedTuple):
    """A small table that another room worked out for the page.

    `heading`, `note` and the cells of `head` map a language of the page to words (the English
    ones serve when a language is missing). Cells of `rows` are shown as they are, a `Key` by its
    name. `first` has the arguments of the sentence ``answer_rising`` of words.toml for the rows
    that the first screen tells: what, reason, tickets, how many were expected (a number).
    """

    heading: Mapping[str, str]
    note: Mapping[str, str]
    head: Sequence[Mapping[str, str]]
    rows: Sequence[Sequence[Cell]]
    first: Sequence[Sequence[Cell]] = ()


@dataclass(frozen=True)
class ReportInfo:
    """Choices and knowledge of the caller; all of it may be left out.

    `rules` gives names and receipts. `tested` is the accuracy (0..1) that the model had on
    held-out texts, by language. `rising` is the table of rising issues.
    """

    language: str = LANGUAGES[0]
    tickets: int = TICKETS
    rules: "Rules | None" = None
    tested: Mapping[str, float] = field(default_factory=dict)
    rising: Table | None = None
