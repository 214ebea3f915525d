"""Names of countries and currencies, in the languages exports are written in, as codes.

These are facts and not rules, so they are no table to edit. Names of countries come from the
locale data of `phonenumbers` (Unicode CLDR), completed by what people write besides.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

_CODE: Final = re.compile("[A-Z]{2}")
_MARKS: Final = re.compile(r"[\W_]+")

#: What CLDR does not have: short forms, three-letter codes, traditional characters.
_COUNTRIES: Final = {
    "AE": "UAE ARE 阿联酋 阿聯酋",
    "AR": "ARG",
    "AU": "AUS 澳洲",
    "BR": "BRA",
    "CA": "CAN",
    "CH": "CHE Suisse Svizzera",
    "CL": "CHL",
    "CN": "CHN PRC P.R.China Mainland_China 中國 中国大陆 中國大陸 大陆 内地 中华人民共和国",
    "CO": "COL",
    "CZ": "CZE Czechia Czech_Republic",
    "DE": "DEU GER BRD 德國",
    "ES": "ESP 西班牙",
    "FR": "FRA 法國",
    "GB": "UK GBR England Britain Great_Britain Scotland Wales Royaume-Uni Reino_Unido 英國 영국",
    "HK": "HKG Hong_Kong 香港 홍콩 Hongkong",
    "ID": "IDN 印尼",
    "IN": "IND",
    "IT": "ITA 義大利 意大利",
    "JP": "JPN Japon Japón 日本 일본",
    "KR": "KOR Korea South_Korea Republic_of_Korea 韩国 韓國 南韓 韓国 한국 대한민국 Corea Corée",
    "MO": "MAC Macau Macao 澳门 澳門",
    "MX": "MEX Méjico México",
    "MY": "MYS MAS 马来西亚 馬來西亞",
    "NL": "NLD Holland Holanda Niederlande",
    "NZ": "NZL",
    "PH": "PHL",
    "PL": "POL",
    "PT": "PRT POR",
    "RU": "RUS Russia 俄罗斯 俄羅斯",
    "SA": "SAU KSA 沙特 沙特阿拉伯",
    "SG": "SGP SIN 新加坡",
    "TH": "THA 泰國",
    "TR": "TUR Turkey Türkiye 土耳其",
    "TW": "TWN Taiwan 台湾 台灣 臺灣 대만",
    "UA": "UKR",
    "US": "USA U.S.A. America United_States_of_America EEUU EE.UU. 美國 미국 アメリカ США",
    "VN": "VNM Vietnam Viet_Nam 越南",
    "ZA": "ZAF",
}

#: Names of each currency besides its ISO 4217 code.
_CURRENCIES: Final = {
    "AED": "dirham درهم",
    "AUD": "A$ AU$ 澳元",
    "BRL": "R$ real reais",
    "CAD": "C$ CA$ 加元",
    "CHF": "Fr. SFr. Franken",
    "CNY": "RMB CN¥ CNH yuan renminbi 人民币 人民幣 元 块 人民元 위안",
    "CZK": "Kč",
    "EUR": "€ euro euros 欧元 歐元 ユーロ 유로 евро",
    "GBP": "£ pound pounds 英镑 英鎊 ポンド",
    "HKD": "HK$ 港币 港幣 港元",
    "IDR": "Rp rupiah",
    "ILS": "₪",
    "INR": "₹ rupee rupees Rs 卢比",
    "JPY": "JP¥ yen 円 日元 日圆 日圓 日円",
    "KRW": "₩ won 원 韩元 韓元 韓元",
    "MXN": "MX$ peso_mexicano pesos_mexicanos",
    "MYR": "RM ringgit 令吉",
    "NZD": "NZ$",
    "PHP": "₱",
    "PLN": "zł złoty zloty",
    "RUB": "₽ руб руб. рубль рублей 卢布",
    "SAR": "ريال",
    "SGD": "S$ SG$ 新币 新加坡元",
    "THB": "฿ baht บาท 泰铢",
    "TRY": "₺ TL lira",
    "TWD": "NT$ NT 新台币 新台幣 新臺幣 台币 台幣",
    "UAH": "₴ грн гривня",
    "USD": "US$ dollar_us us_dollar us_dollars 美元 美金 米ドル 달러",
    "VND": "₫ đ đồng 越南盾",
}

#: Signs that several currencies share: decided by the customer's country, or not at all.
_SHARED: Final = {
    "¥": {"CN": "CNY", "JP": "JPY"},
    "$": {
        "US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD", "TW": "TWD",
        "MX": "MXN", "AR": "ARS", "CL": "CLP", "CO": "COP",
    },
    "kr": {"SE": "SEK", "NO": "NOK", "DK": "DKK"},
}  # fmt: skip


@lru_cache(maxsize=4096)
def country_code(name: str) -> str:
    """Return the ISO 3166 code of a country, or "" when the name is not known.

    >>> [country_code(name) for name in ("中国", "China", "cn", "Deutschland", "UK", "Narnia")]
    ['CN', 'CN', 'CN', 'DE', 'GB', '']
    """
    plain = name.strip().upper()
    if _CODE.fullmatch(plain) and plain not in ("UK", "NT"):
        return plain
    key = _fold(name)
    return _extra_countries().get(key) or (_all_countries().get(key, "") if key else "")


@lru_cache(maxsize=4096)
def currency_code(name: str, country: str = "") -> str:
    """Return the ISO 4217 code of a currency; the name in capitals when it is not known.

    :param country: ISO 3166 code; decides signs that several currencies share.

    >>> [currency_code(name) for name in ("人民币", "RMB", "cny", "€", "R$", "doubloon")]
    ['CNY', 'CNY', 'CNY', 'EUR', 'BRL', 'DOUBLOON']
    >>> currency_code("￥", "JP"), currency_code("¥", "CN"), currency_code("¥")
    ('JPY', 'CNY', '¥')
    """
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    if plain in _SHARED:
        return _SHARED[plain].get(country, plain.upper())
    return _currency_names().get(plain, plain.upper())


def is_shared_sign(name: str) -> bool:
    """Whether several currencies share this sign.

    >>> is_shared_sign("￥"), is_shared_sign("€")
    (True, False)
    """
    return unicodedata.normalize("NFKC", name).strip().casefold() in _SHARED


def english_countries() -> list[str]:
    """English names of all countries, to be suggested for one that is mistyped."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    english = ((names, names["en"]) for names in LOCALE_DATA.values())
    return [names[name[1:]] if name.startswith("*") else name for names, name in english]


def _fold(name: str) -> str:
    """A name without what people write differently: case, width, accents, punctuation."""
    plain = unicodedata.normalize("NFKD", name.replace("_", " ").casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _MARKS.sub("", unicodedata.normalize("NFKC", bare))


@cache
def _extra_countries() -> dict[str, str]:
    return {_fold(name): code for code, names in _COUNTRIES.items() for name in names.split()}


@cache
def _all_countries() -> dict[str, str]:
    """Every name of CLDR, made once and only when a name is met (a quarter of a second)."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    found: dict[str, str] = {}
    for code, names in LOCALE_DATA.items():
        for name in names.values():
            if not name.startswith("*"):  # a star points to another language's name
                found.setdefault(_fold(name), code)
    return found


@cache
def _currency_names() -> dict[str, str]:
    return {
        name.replace("_", " ").casefold(): code
        for code, names in _CURRENCIES.items()
        for name in (code, *names.split())
    }
