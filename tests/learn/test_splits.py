"""Which tickets are judged on: nothing that the model has met may be among them."""

import numpy as np
import pandas as pd

from pipeline.learn import splits
from pipeline.learn.copies import near_duplicates


def _tickets(n, **columns):
    rng = np.random.default_rng(1)
    words = [f"слово{i} word{i} 词{i}" for i in range(200)]
    texts = [" ".join(rng.choice(words, 6)) for _ in range(n)]
    frame = pd.DataFrame({"_clean": texts, "language": "en", "source": "h.csv"})
    frame["created_at"] = pd.NaT
    frame["customer_id"] = ""
    return frame.assign(**columns)


def _days(n):
    return pd.Series(pd.date_range("2026-01-01", periods=n, freq="D", tz="UTC").as_unit("us"))


def test_the_latest_fifth_is_judged_on_when_there_are_dates():
    tickets = _tickets(100, created_at=_days(100))
    found = splits.split(tickets, splits.groups_of(tickets), "auto")
    assert found.how == "time"
    assert np.flatnonzero(found.test).tolist() == list(range(80, 100))


def test_who_wrote_before_stays_in_the_training():
    tickets = _tickets(100, created_at=_days(100))
    tickets.loc[[3, 95], "customer_id"] = "C1"
    tickets.loc[99, "_clean"] = tickets.loc[5, "_clean"] + " !"
    found = splits.split(tickets, splits.groups_of(tickets), "time")
    assert not found.test[[3, 95, 99]].any()
    assert found.test.sum() == 18


def test_without_dates_groups_stay_whole():
    tickets = _tickets(400)
    tickets["customer_id"] = [f"C{i % 97}" for i in range(400)]
    group = splits.groups_of(tickets)
    found = splits.split(tickets, group, "auto")
    assert found.how == "group"
    assert 0.1 < found.test.mean() < 0.3
    for customer in set(tickets["customer_id"]):
        assert len(set(found.test[(tickets["customer_id"] == customer).to_numpy()])) == 1
    fold = splits.folds_of(tickets, group)
    assert all(len(set(fold[group == one])) == 1 for one in set(group))


def test_the_order_of_the_rows_changes_nothing():
    tickets = _tickets(200)
    back = tickets[::-1].reset_index(drop=True)
    one = splits.split(tickets, splits.groups_of(tickets), "random").test
    other = splits.split(back, splits.groups_of(back), "random").test
    assert one.tolist() == other[::-1].tolist()


def test_a_shop_that_sends_everything_is_no_customer():
    tickets = _tickets(200, customer_id="the shop itself")
    assert len(set(splits.groups_of(tickets))) == 200


def test_near_duplicates_of_several_scripts():
    texts = [
        "Das Paket ist immer noch nicht angekommen, bitte helfen Sie mir schnell",
        "das paket ist immer noch nicht angekommen bitte helfen sie mir schnell!!",
        "快递已经十天没有动静了，客服也不回复，请尽快处理一下我的订单",
        "快递已经十天没有动静了，客服也不回复，请尽快处理一下我的订单！！",
        "Пылесос сломался на второй день, верните деньги",
        "!", "?",
    ]  # fmt: skip
    group = near_duplicates(pd.Series(texts), pd.Series(["de"] * 2 + ["zh-Hans"] * 2 + ["und"] * 3))
    assert group[0] == group[1]
    assert group[2] == group[3]
    assert len({group[0], group[2], group[4], group[5], group[6]}) == 5
