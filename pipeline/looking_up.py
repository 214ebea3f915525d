"""``python -m pipeline deadline``: how the deadlines of one ticket were counted."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.rules.load import Rules


#: Characters that tell tickets with one id apart.
_SHOWN_TEXT = 60


def deadline(
    ticket_id: Annotated[str, typer.Argument(metavar="TICKET_ID", help="As in triaged.csv.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The --out folder of a run.")],
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="DIR", help="Your own tables; default: those of the run."),
    ] = None,
) -> int:
    """Show how a ticket's deadlines were counted, so that you can check them by hand.

    Example: python -m pipeline deadline CT-10002 out
    """
    typer.echo("\n".join(explain(ticket_id, out, rules)))
    return 0


def explain(ticket_id: str, out: Path, directory: Path | None = None) -> list[str]:
    """The lines of the receipt of a ticket in the results `out`.

    Everything is counted again from what happened to the ticket and the rules as they are now;
    where that differs from what the run wrote, the receipt says so.

    :param directory: Own rules; None: the folder that the run used.
    :raises OutputError: No complete run is in `out`, or no such ticket is in it.
    """
    from pipeline.output.results import read_summary, read_triaged
    from pipeline.rules import load

    summary = read_summary(out)
    tickets = read_triaged(out)
    found = tickets[tickets["ticket_id"] == ticket_id].reset_index(drop=True)
    if not len(found):
        raise OutputError(_not_found(ticket_id, out, tickets["ticket_id"].tolist()))
    used = summary["rules"]
    folder = directory or (Path(used["folder"]) if used["folder"] else None)
    rules = load.load(folder)
    now = datetime.fromisoformat(summary["now"])
    lines: list[str] = []
    for row in range(len(found)):
        if len(found) > 1:
            lines += [""] if row else [f"{len(found)} tickets have the id {ticket_id}.", ""]
            lines.append(f"{row + 1}. {_first_words(found['text'].iloc[row])}")
        lines += _one(found.iloc[[row]], rules, now)
    if rules.fingerprint != used["fingerprint"]:
        lines += ["", "The rules are not those of the run: this is what they would say now."]
    return lines


def _first_words(text: str) -> str:
    from pipeline.output.terminal import printable

    words = printable(" ".join(text.split()))
    return f"“{words}”" if len(words) <= _SHOWN_TEXT else f"“{words[:_SHOWN_TEXT]} …”"


def _one(ticket: "pd.DataFrame", rules: "Rules", now: datetime) -> list[str]:
    import numpy as np
    import pandas as pd

    from pipeline.dispatch.deadline import accounts, base_policies
    from pipeline.dispatch.matching import Facts
    from pipeline.dispatch.receipt import receipt

    row = ticket.iloc[0]
    facts = Facts(ticket, rules.routing.currencies)
    ids = [one.id for one in rules.routing.rules]
    # The rule that decided then; a rule that is gone since is sought anew.
    rule = (
        np.array([ids.index(row["routing_rule"])])
        if row["routing_rule"] in ids
        else facts.first_fit([one.conditions for one in rules.routing.rules])
    )
    policy = base_policies(facts, rule, rules.routing, rules.sla)
    account = accounts(ticket, policy, rules.sla, now=now)[0]
    lines = receipt(account, ticket=row["ticket_id"], now=int(pd.Timestamp(now).timestamp()))
    first, written = account.last("first_response"), row["first_response_due_at"]
    if first is not None and int(written.timestamp()) != first.due:
        lines += ["", f"The run wrote another first_response_due_at: {written.isoformat()}"]
    return lines


def _not_found(ticket_id: str, out: Path, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(ticket_id, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{out} has no ticket {ticket_id!r}.{hint} Ids are those in the column ticket_id."
