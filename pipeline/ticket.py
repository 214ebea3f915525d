"""The vocabulary: every column a ticket carries, and every label it can be given.

This module imports nothing local, so any room may import it. A *ticket* is one row of a
pandas DataFrame; a room adds columns to it and never rewrites a column that an earlier room
wrote. `COLUMNS` lists them in the order of ``triaged.csv`` and says which room writes each.

Private columns start with an underscore: they pass between rooms and never reach a file.
"""

from typing import Final, NamedTuple

#: Labels of the shipped model. ``other`` means "not a complaint" (praise, question, spam).
CATEGORIES: Final = ("quality", "logistics", "service", "policy", "other")

#: The finer reasons of each category, in the order of docs/labelling.md.
REASONS: Final[dict[str, tuple[str, ...]]] = {
    "quality": (
        "defective",
        "not_as_described",
        "poor_quality",
        "counterfeit",
        "unsafe",
        "missing_parts",
    ),
    "logistics": (
        "delayed",
        "lost",
        "damaged_in_transit",
        "wrong_item",
        "customs",
        "tracking",
        "courier",
    ),
    "service": (
        "no_response",
        "rude",
        "unresolved",
        "misinformation",
        "language_barrier",
        "after_sales",
    ),
    "policy": (
        "return_refused",
        "refund_delay",
        "return_cost",
        "price_promotion",
        "charges_tax",
        "warranty",
        "order_rules",
        "account_privacy",
    ),
    "other": ("praise", "question", "spam", "unclear"),
}

#: What a labelled file may hold besides the ticket; only ``category`` is needed.
LABELS: Final = ("category", "secondary", "reason", "urgency", "emotion", "lang")

#: What a person can set by hand; the words are those of labelled files.
CORRECTABLE: Final = ("category", "reason", "urgency", "team")

#: Urgency levels from least to most urgent; a label 0..3 is the index into this tuple.
LEVELS: Final = ("low", "normal", "high", "critical")

#: The urgency (0..100) from which a ticket is normal, high, critical.
LEVEL_BORDERS: Final = (25.0, 50.0, 75.0)

#: The customer's tone, apart from the facts.
EMOTIONS: Final = ("satisfied", "calm", "disappointed", "angry", "distressed")

#: BCP 47 tag for "language not recognised".
UNDETERMINED: Final = "und"

#: Ticket states after normalisation (rules/columns.toml maps each export's own words to these).
#: Open tickets get a place in the queue.
OPEN_STATES: Final = ("new", "open", "pending", "hold")
CLOSED_STATES: Final = ("solved", "closed")

#: What a ticket goes through after it came in: the first answer of a person, the answer to each
#: later message of the customer, the solution.
STEPS: Final = ("first_response", "next_response", "resolution")

#: Where a first-response deadline stands. ``running``/``at_risk``/``breached``: not answered yet,
#: and somebody waits for us. ``met``/``missed``: already answered, in or out of time.
#: ``paused``: the clock stands still; ``not_needed``: the customer wants no answer. Empty: the
#: ticket is closed, and the export does not say when anybody answered.
SLA_WAITING: Final = ("running", "at_risk", "breached")
SLA_STATES: Final = ("met", "missed", *SLA_WAITING, "paused", "not_needed")

#: What the column ``history`` can tell, and what each event names: who wrote, the new state,
#: level or policy of sla.toml.
EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "reply": ("customer", "agent", "automatic"),
    "status": (*OPEN_STATES, *CLOSED_STATES),
    "level": LEVELS,
    "policy": (),
    "no_response_needed": (),
}

#: Why a person should look before the routing is trusted.
REVIEW_REASONS: Final = (
    "too_short",
    "unknown_language",
    "categories_tie",
    "words_unknown",
    "rule_and_model_disagree",
    "suspicious",
)


#: What may be suspicious about a ticket (see `pipeline.dispatch.suspicions`).
SUSPICIONS: Final = ("review_for_money", "many_sellers", "copied_text", "order_of_another")


class Column(NamedTuple):
    """One column of the output: its name, pandas dtype, the room that writes it, its meaning."""

    name: str
    dtype: str
    room: str
    meaning: str


#: dtype ``str`` is the pandas string dtype; empty cells are "" for ``str``, NaN for numbers and
#: NaT for times. Times are timezone-aware UTC.
TIME: Final = "datetime64[us, UTC]"

COLUMNS: Final[tuple[Column, ...]] = (
    Column("ticket_id", "str", "intake", "as read, or file:line when the export has none"),
    Column("created_at", TIME, "intake", "when the ticket came in, UTC ISO 8601"),
    Column("channel", "str", "intake", "app, email, chat, phone ... as read"),
    Column("country", "str", "intake", "ISO 3166 code of the customer's country, as read"),
    Column("customer_id", "str", "intake", "as read"),
    Column("order_id", "str", "intake", "as read"),
    Column("sku", "str", "intake", "as read"),
    Column("status", "str", "intake", "new, open, pending, hold, solved, closed"),
    Column("text", "str", "intake", "the customer's words, as read (subject and body joined)"),
    Column("language", "str", "text", "BCP 47 tag (zh-Hans, zh-Hant, en ...) or und"),
    Column("language_confidence", "float64", "text", "0..1"),
    Column("category", "str", "model", "quality, logistics, service, policy, other"),
    Column("category_confidence", "float64", "model", "calibrated probability of category, 0..1"),
    Column("secondary_category", "str", "model", "what is also complained about, or empty"),
    Column("p_quality", "float64", "model", "calibrated probability; the p_ columns sum to 1"),
    Column("p_logistics", "float64", "model", "calibrated probability"),
    Column("p_service", "float64", "model", "calibrated probability"),
    Column("p_policy", "float64", "model", "calibrated probability"),
    Column("p_other", "float64", "model", "calibrated probability"),
    Column("reason", "str", "model", "the finer reason inside the category"),
    Column("reason_confidence", "float64", "model", "probability of the reason, 0..1"),
    Column(
        "urgency", "float64", "model", "0..100: normal begins at 25, high at 50, critical at 75"
    ),
    Column("urgency_level", "str", "model", "critical, high, normal, low"),
    Column("p_urgent", "float64", "model", "calibrated probability of critical or high, 0..1"),
    Column("emotion", "str", "model", "satisfied, calm, disappointed, angry, distressed"),
    Column("keywords", "str", "model", "the words that decided, as the customer wrote them"),
    Column("explanation", "str", "dispatch", "one plain sentence with the parts of the decision"),
    Column("team", "str", "dispatch", "who takes the ticket"),
    Column("routing_rule", "str", "dispatch", "id of the rule in rules/routing.toml that decided"),
    Column("suggested_action", "str", "dispatch", "what to do first"),
    Column(
        "acknowledgement", "str", "dispatch", "a first reply an agent may send, in that language"
    ),
    Column("missing_information", "str", "dispatch", "what to ask the customer for"),
    Column("first_response_due_at", TIME, "dispatch", "deadline of the first response, UTC"),
    Column("sla_policy", "str", "dispatch", "id of the policy in rules/sla.toml"),
    Column(
        "sla_state",
        "str",
        "dispatch",
        "the first response: met, missed, running, at_risk, breached, paused, not_needed; empty "
        "for a closed ticket without times",
    ),
    Column("resolution_due_at", TIME, "dispatch", "deadline of the solution, UTC"),
    Column("next_step", "str", "dispatch", "first_response, next_response, resolution, customer"),
    Column("next_step_owner", "str", "dispatch", "who owes that step: an agent, a team, customer"),
    Column("next_step_due_at", TIME, "dispatch", "until when, UTC"),
    Column("incident_id", "str", "queue", "group of near-identical or same-cause tickets"),
    Column("incident_size", "Int64", "queue", "tickets in that group"),
    Column("repeat_contacts", "Int64", "queue", "earlier tickets of this customer or order"),
    Column(
        "suspicion", "str", "queue", "why it looks suspicious, or empty: " + ", ".join(SUSPICIONS)
    ),
    Column("priority", "float64", "queue", "0..100, higher goes first; open tickets only"),
    Column(
        "priority_parts", "str", "queue", "what the priority is made of; the parts add up to it"
    ),
    Column("rank", "Int64", "queue", "place in the queue, 1 is first; open tickets only"),
    Column("needs_review", "bool", "dispatch", "a person should look before trusting the routing"),
    Column("review_reason", "str", "dispatch", "why a person should look"),
    Column("corrected", "str", "dispatch", "what a person set: category, reason, urgency, team"),
    # Read and carried through, so that analysts need not join the export again.
    Column("customer_tier", "str", "intake", "as read"),
    Column("seller_id", "str", "intake", "as read"),
    Column("carrier", "str", "intake", "as read"),
    Column("warehouse", "str", "intake", "as read"),
    Column("agent", "str", "intake", "as read"),
    Column("order_value", "float64", "intake", "in `currency`"),
    Column("currency", "str", "intake", "ISO 4217 code, as read"),
    Column("first_response_at", TIME, "intake", "when a person first answered, UTC"),
    Column("resolved_at", TIME, "intake", "when it was solved, UTC"),
    Column("csat", "float64", "intake", "satisfaction the customer gave, as read"),
    Column(
        "history", "str", "intake", "what happened to the ticket: time, event, what it names; ..."
    ),
)

BY_NAME: Final = {column.name: column for column in COLUMNS}

#: What intake delivers: the frame every later room starts from.
INPUT_COLUMNS: Final = tuple(c.name for c in COLUMNS if c.room == "intake")

#: The fixed part of the p_<label> columns (a model with other labels writes its own).
PROBABILITY_COLUMNS: Final = tuple(f"p_{label}" for label in CATEGORIES)
