"""Two models on the same labelled tickets: which is better, where, and which tickets change.

Differences are paired: both models answer the same tickets, so what is hard for both cancels out.
Intervals come from a paired bootstrap, the probability of chance from McNemar's exact test.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

#: A language or category with fewer test tickets gets no verdict of its own.
ENOUGH: Final = 30
#: Recall that a language or category may lose, unless the user says otherwise.
MAX_LOSS: Final = 0.05
#: A loss larger than allowed counts when chance explains it less often than this: with fifty
#: categories some lose two tickets of forty by chance alone.
_CHANCE: Final = 0.1
_RESAMPLES: Final = 1_000
#: More tickets narrow no interval that matters, and cost time.
_MOST: Final = 20_000
#: Tickets shown whose category or team changes.
SHOWN: Final = 40
_SEED: Final = 20261121


def compare(
    labels: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, *, max_loss: float = MAX_LOSS
) -> dict[str, Any]:
    """Compare two scorings of the same labelled tickets.

    :param labels: ``category`` and ``language`` of each ticket.
    :param old: ``category``, ``category_confidence``, ``keywords`` and ``team`` by one model ...
    :param new: ... and by the other, in the same order.
    :param max_loss: Recall that a language or category may lose before the gate refuses.
    """
    truth = labels["category"].to_numpy(dtype=object)
    first, second = (frame["category"].to_numpy(dtype=object) for frame in (old, new))
    hits = (first == truth, second == truth)
    groups = {
        "by_language": _by(labels["language"].to_numpy(dtype=object), *hits),
        "by_category": _by(truth, *hits),
    }
    result: dict[str, Any] = {
        "tickets": len(labels),
        "accuracy": _paired(*hits) | intervals(truth, first, second),
        **groups,
    }
    result["gate"] = gate(result, max_loss=max_loss)
    return result


def intervals(truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> dict[str, Any]:
    """Return 95 % intervals of the differences (second minus first) of accuracy and macro-F1."""
    codes, _ = pd.factorize(np.concatenate([truth, first, second]), use_na_sentinel=False)
    n = len(truth)
    t, a, b = codes[:n], codes[n : 2 * n], codes[2 * n :]
    random = np.random.default_rng(_SEED)
    if n > _MOST:
        few = random.choice(n, _MOST, replace=False)
        t, a, b, n = t[few], a[few], b[few], _MOST
    labels = np.unique(t)
    found = np.empty((_RESAMPLES, 2))
    for i in range(_RESAMPLES):
        rows = random.integers(n, size=n)
        t_, a_, b_ = t[rows], a[rows], b[rows]
        found[i, 0] = (b_ == t_).mean() - (a_ == t_).mean()
        found[i, 1] = _macro_f1(t_, b_, labels) - _macro_f1(t_, a_, labels)
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    macro = _macro_f1(t, b, labels) - _macro_f1(t, a, labels)
    return {
        "interval": [round(float(low[0]), 4), round(float(high[0]), 4)],
        "macro_f1_gain": round(macro, 4),
        "macro_f1_interval": [round(float(low[1]), 4), round(float(high[1]), 4)],
    }


def spread(truth: NDArray[Any], said: NDArray[Any]) -> dict[str, list[float]]:
    """Return 95 % bootstrap intervals of one model's accuracy and macro-F1."""
    nobody = np.full(len(truth), None, dtype=object)
    found = intervals(truth, nobody, said)
    return {"accuracy": found["interval"], "macro_f1": found["macro_f1_interval"]}


def gate(comparison: Mapping[str, Any], *, max_loss: float = MAX_LOSS) -> dict[str, Any]:
    """Say whether the new model may be called better, and why not.

    It may not when it is worse altogether beyond chance, or when a language or category with
    `ENOUGH` tickets loses more recall than `max_loss`.
    """
    reasons = []
    low, high = comparison["accuracy"]["interval"]
    if high < 0:
        reasons.append(f"it is right less often: {high:+.1%} at best.")
    for kind in ("language", "category"):
        for name, one in comparison[f"by_{kind}"].items():
            lost = one["old"] - one["new"]
            if one["tickets"] >= ENOUGH and lost > max_loss and one["p_worse"] < _CHANCE:
                reasons.append(
                    f"{kind} {name!r} loses {lost:.1%} of recall ({one['old']:.1%} to "
                    f"{one['new']:.1%} of {one['tickets']:,} tickets; {max_loss:.0%} is allowed)."
                )
    verdict = "refused" if reasons else ("better" if low > 0 else "no difference beyond chance")
    return {"passed": not reasons, "verdict": verdict, "max_loss": max_loss, "reasons": reasons}


def changes(tickets: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the tickets whose category or team changes most surely, the surest first.

    Sure means that both models are: the smaller of their two confidences counts.
    """
    other = (old["category"].to_numpy() != new["category"].to_numpy()) | (
        old["team"].to_numpy() != new["team"].to_numpy()
    )
    sure = np.minimum(
        old["category_confidence"].to_numpy(float), new["category_confidence"].to_numpy(float)
    )
    rows = np.flatnonzero(other)
    rows = rows[np.argsort(-sure[rows], kind="stable")][:SHOWN]
    return pd.DataFrame(
        {
            "ticket_id": tickets["ticket_id"].to_numpy()[rows],
            "text": tickets["text"].to_numpy()[rows],
            "label": tickets["category"].to_numpy()[rows] if "category" in tickets else "",
            "old": old["category"].to_numpy()[rows],
            "new": new["category"].to_numpy()[rows],
            "old_team": old["team"].to_numpy()[rows],
            "new_team": new["team"].to_numpy()[rows],
            "sure": sure[rows].round(2),
            "words": new["keywords"].to_numpy()[rows],
        }
    )


def shown(comparison: Mapping[str, Any], changed: pd.DataFrame | None = None) -> str:
    """Return a comparison as lines for a terminal."""
    whole = comparison["accuracy"]
    low, high = whole["interval"]
    lines = [
        f"{comparison['tickets']:,} tickets that neither has learnt from"
        if comparison.get("unseen")
        else f"{comparison['tickets']:,} tickets",
        f"right        {whole['old']:.1%} -> {whole['new']:.1%}   "
        f"95 % interval of the gain {low:+.1%} .. {high:+.1%}   "
        f"McNemar p = {whole['p']:.2g}",
        "macro-F1     gain {:+.3f}   95 % interval {:+.3f} .. {:+.3f}".format(
            whole["macro_f1_gain"], *whole["macro_f1_interval"]
        ),
    ]
    for kind in ("language", "category"):
        lines += ["", f"{kind:<22}{'tickets':>8}{'old':>8}{'new':>8}{'gain':>8}   95 % interval"]
        lines += [
            f"{name:<22}{one['tickets']:>8,}{one['old']:>8.1%}{one['new']:>8.1%}"
            f"{one['new'] - one['old']:>+8.1%}   {one['interval'][0]:+.1%} .. "
            f"{one['interval'][1]:+.1%}"
            for name, one in comparison[f"by_{kind}"].items()
        ]
    if changed is not None and len(changed):
        lines += ["", f"The {len(changed)} tickets that change most surely:"]
        lines += [_one_change(row) for row in changed.to_dict("records")]
    gate_ = comparison["gate"]
    lines += ["", f"Verdict: {gate_['verdict']}.", *gate_["reasons"]]
    return "\n".join(lines)


def _one_change(row: Mapping[Any, Any]) -> str:
    text = " ".join(str(row["text"]).split())
    text = text if len(text) <= 60 else text[:59] + "…"
    team = "" if row["old_team"] == row["new_team"] else f"; {row['old_team']} -> {row['new_team']}"
    label = f"; labelled {row['label']}" if row["label"] else ""
    why = f"; because of {row['words']}" if row["words"] else ""
    return (
        f"  {row['ticket_id']}  {text}  {row['old']} -> {row['new']} "
        f"(sure {row['sure']:.2f}){team}{label}{why}"
    )


def _by(
    names: NDArray[Any], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    codes, found = pd.factorize(names, sort=True)
    return {
        str(name): _paired(first[codes == i], second[codes == i], interval=True)
        for i, name in enumerate(found)
        if name
    }


def _paired(
    first: NDArray[np.bool_], second: NDArray[np.bool_], *, interval: bool = False
) -> dict[str, Any]:
    """Return how often each is right, and what chance makes of the difference."""
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    n = len(first)
    result: dict[str, Any] = {
        "tickets": n,
        "old": float(first.mean()) if n else 0.0,
        "new": float(second.mean()) if n else 0.0,
        "gained": gained,
        "lost": lost,
        "p": _p(gained, gained + lost, "two-sided"),
        "p_worse": _p(gained, gained + lost, "less"),
    }
    if interval:
        random = np.random.default_rng(_SEED)
        shares = [gained / max(n, 1), lost / max(n, 1)]
        drawn = random.multinomial(n, [*shares, max(0.0, 1 - sum(shares))], size=_RESAMPLES)
        gain = (drawn[:, 0] - drawn[:, 1]) / max(n, 1)
        result["interval"] = [round(float(q), 4) for q in np.quantile(gain, [0.025, 0.975])]
    return result


def _p(gained: int, changed: int, alternative: str) -> float:
    """McNemar's exact test: of the tickets that changed sides, half would gain by chance.

    >>> _p(0, 5, "less")
    0.03125
    """
    return float(binomtest(gained, changed, 0.5, alternative).pvalue) if changed else 1.0


def _macro_f1(
    truth: NDArray[np.int64], said: NDArray[np.int64], labels: NDArray[np.int64]
) -> float:
    size = int(max(truth.max(initial=0), said.max(initial=0))) + 1
    right = np.bincount(truth[truth == said], minlength=size)
    both = np.bincount(truth, minlength=size) + np.bincount(said, minlength=size)
    f1 = 2 * right / np.maximum(both, 1)
    return float(f1[labels].mean())
