"""Countries and currencies by any of their names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import dispatch
from pipeline.dispatch.matching import dollars
from pipeline.errors import RulesError
from pipeline.rules.conditions import contradict, implies, parse_when
from pipeline.rules.names import country_code, currency_code
from pipeline.rules.routing import parse
from pipeline.rules.tables import Table
from tests.dispatch.helpers import NOW, SHIPPED, scored

COUNTRIES = {
    "CN": ("CN", "cn", "China", "中国", "中國", " 中国大陆 ", "Китай", "Chine", "중국", "CHN"),
    "GB": ("GB", "UK", "uk", "United Kingdom", "England", "英国", "Vereinigtes Königreich"),
    "US": (
        "US",
        "USA",
        "U.S.A.",
        "United States",
        "美国",
        "Estados Unidos",
        "アメリカ合衆国",
        "미국",
    ),
    "DE": ("DE", "Germany", "Deutschland", "德国", "Alemania", "Allemagne", "ドイツ", "ALLEMAGNE"),
    "KR": ("KR", "South Korea", "한국", "韩国", "Corea"),
    "TW": ("TW", "Taiwan", "台灣", "臺灣", "台湾"),
    "": ("", "Narnia", "火星", "12", "XYZ"),
}
CURRENCIES = {
    "CNY": ("CNY", "cny", "RMB", "人民币", "人民幣", "元", "CN¥", "yuan"),
    "JPY": ("JPY", "円", "日元", "JP¥", "yen"),
    "EUR": ("EUR", "€", "Euro", "ユーロ", "유로"),
    "BRL": ("BRL", "R$", "reais"),
    "KRW": ("KRW", "₩", "￦", "원"),
    "USD": ("USD", "US$", "美元", "달러"),
}


@pytest.mark.parametrize(("code", "name"), [(c, n) for c, ns in COUNTRIES.items() for n in ns])
def test_a_country_by_its_name(code, name):
    assert country_code(name) == code


@pytest.mark.parametrize(("code", "name"), [(c, n) for c, ns in CURRENCIES.items() for n in ns])
def test_a_currency_by_its_name(code, name):
    assert currency_code(name) == code


@pytest.mark.parametrize(
    ("sign", "country", "code"),
    [
        ("¥", "CN", "CNY"),
        ("￥", "JP", "JPY"),
        ("$", "MX", "MXN"),
        ("kr", "SE", "SEK"),
        ("$", "", "$"),
    ],
)
def test_a_sign_that_several_share_goes_by_the_country(sign, country, code):
    assert currency_code(sign, country) == code


def test_money_is_compared_by_any_name_of_its_currency():
    rates = {"CNY": 0.1, "JPY": 0.01}
    orders = pd.DataFrame(
        {
            "order_value": [100.0] * 6,
            "currency": ["人民币", "RMB", "¥", "￥", "¥", "doubloon"],
            "country": ["", "US", "中国", "Japan", "", "CN"],
        }
    )
    assert np.nan_to_num(dollars(orders, rates)).tolist() == [10, 10, 10, 1, 0, 0]
    # Without a country the sign alone decides nothing.
    assert np.isnan(dollars(orders.drop(columns="country"), rates)[2:5]).all()


def test_the_table_of_currencies_beats_what_is_known():
    orders = pd.DataFrame({"order_value": [2.0], "currency": ["rmb"]})
    assert dollars(orders, {"RMB": 0.5, "CNY": 0.1}).tolist() == [1.0]


TEAM = {"desk": {"en": "desk", "zh": "组"}, "china": {"en": "China desk", "zh": "中国组"}}


def routing(**when):
    rules = [{"id": "a", "team": "china", "when": when}, {"id": "rest", "team": "desk"}]
    return parse(Table(Path("routing.toml"), {"teams": TEAM, "rule": rules}))


def test_a_rule_and_a_ticket_may_call_a_country_differently():
    from dataclasses import replace

    rules = replace(SHIPPED, routing=routing(country="China"))
    rows = [{"country": name} for name in ("中国", "CN", "China", "Japan", "", "Narnia")]
    found = dispatch.assign(scored(*rows), rules, now=NOW)
    assert found["team"].tolist() == ["china"] * 3 + ["desk"] * 3


def test_an_unknown_country_is_named_with_the_nearest():
    with pytest.raises(RulesError, match=r"unknown country 'Germny'\. Did you mean 'Germany'"):
        routing(country="Germny")


def test_two_names_of_a_country_are_one_for_reachability():
    china, cn = (parse_when({"country": name}, where="") for name in ("中国", ["CN", "JP"]))
    assert implies(china, cn)
    assert not implies(cn, china)
    assert contradict((*china, *parse_when({"country": "Japan"}, where="")))
