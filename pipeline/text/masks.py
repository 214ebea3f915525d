"""Masks: keep the signal "there was a price", drop the noise of which price.

A mask is a word in angle brackets, the same in every language, so that a model learns "money is
mentioned" and never the amount, the order number or the person. Masks are for modelling: they
miss names and addresses, so they are **not** redaction of personal data.

=========  ==================================================================================
mask       replaces
=========  ==================================================================================
<url>      https://..., www....
<email>    an e-mail address
<user>     @mention
<date>     full dates, day and month, and the bare years 1990-2039 (but 2000, a common quantity)
<money>    an amount with a currency sign, code or word before or after it
<phone>    a number that starts with +, or is grouped like a telephone number
<code>     six or more digits in one token, letters allowed: orders, parcels, serial numbers
<number>   other numbers of four digits or more
=========  ==================================================================================

Quantities of one to three digits stay ("size 42", "50%"), and so do digits glued to letters
("1080p", "COVID-19", "WH-1000XM5"): they say what the product is.

Every pattern runs in time linear in the text: repeats are bounded or possessive, and no number
pattern can start inside a run of digits.
"""

import re
from typing import Final

MASKS: Final = ("<url>", "<email>", "<user>", "<date>", "<money>", "<phone>", "<code>", "<number>")

#: Digits that make a token an identifier. Five would take WH-1000XM5 and 20000mAh; order and
#: tracking numbers have seven and more.
CODE_DIGITS: Final = 6


def _any(*words: str) -> str:
    """Alternation of regex fragments, longest first, so that "euros" wins over "euro"."""
    return _either(*sorted(words, key=lambda word: (-len(word), word)))


def _either(*patterns: str) -> str:
    """Alternation in the order given."""
    return "(?:" + "|".join(patterns) + ")"


# Boundaries: Chinese, Japanese and Thai glue numbers to words, and `\b` sees no edge there,
# so only Latin letters and digits count as glue.
_END = r"(?![A-Za-z\d_])"

# --- Addresses -------------------------------------------------------------------------------
# Only the ASCII characters of RFC 3986, so that a URL ends where Chinese text goes on.
_URL = re.compile(
    r"(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.)[\w\-.~:/?#@!$&'()*+,;=%\[\]]*[\w/=#&%+-]",
    re.ASCII,
)
# RFC 5321 bounds: 64 characters before the @, 255 after it.
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+@[A-Za-z\d](?:[A-Za-z\d-]{0,62}+\.){1,8}[A-Za-z]{2,24}", re.ASCII
)
_MENTION = re.compile(r"(?<![\w@.])@\w{2,40}")
_HASHTAG = re.compile(r"(?<![A-Za-z\d#&])#(?=[^\W\d_])(\w+)(?:#(?!\w))?")

# --- Dates -----------------------------------------------------------------------------------
MONTHS: Final[dict[str, str]] = {
    "en": "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sept sep oct nov dec",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "tr": "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "id": "januari februari maret april mei juni juli agustus september oktober november desember",
    "ms": "januari februari mac april mei jun julai ogos september oktober november disember",
    "vi": r"tháng\s\d{1,2}",
    "th": "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม "
    "พฤศจิกายน ธันวาคม ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.",
    "hi": "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "ar": "يناير فبراير مارس أبريل ابريل مايو يونيو يوليو أغسطس اغسطس سبتمبر أكتوبر اكتوبر "
    "نوفمبر ديسمبر",
}


def _months(*languages: str) -> str:
    names = {name for language in languages for name in MONTHS[language].split(" ")}
    return _any(*names, *(name.capitalize() for name in names if name.islower()))


# A pattern that begins with a character class is searched six times faster than one that begins
# with a lookbehind, so the first digit comes first and looks back over itself.
_FIRST_DIGIT = r"\d(?<!\d\d)(?<!\d[./-]\d)"
_DATE_END = r"(?![./-]?\d)"
_TIME = r"(?:[T ,]{1,2}\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR = r"(?:,?\s(?:de\s|del\s|năm\s)?\d{4}(?!\d))?"
_DATES = re.compile(
    _FIRST_DIGIT  # each alternative goes on after the first digit
    + _either(
        # 2026-11-20, 2026/11/20 10:31, 2026.11.20
        rf"\d{{3}}(?P<a>[-/.])[0-3]?\d(?P=a)[0-3]?\d{_TIME}{_DATE_END}",
        # 20/11/2026, 20.11.26, 3-7-2026
        rf"(?:(?<=[0-3])\d)?(?P<b>[-/.])[0-3]?\d(?P=b)(?:\d{{4}}|\d{{2}}){_TIME}{_DATE_END}",
        # 05/11, 20/04, 24/12; not 20/4, since "4/5 stars", "24/7" and "10/10" must survive
        rf"(?:(?<=0)[1-9]|(?<=[12])\d|(?<=3)[01])/0[1-9]{_DATE_END}",
        rf"(?<=0)[1-9]/(?:[12]\d|3[01]){_DATE_END}",
        rf"(?:(?<=1)[3-9]|(?<=2)\d|(?<=3)[01])/1[0-2]{_DATE_END}",
        # 2026年11月20日, 11月20号, 2026年11月
        r"(?:\d{1,3}年\s?\d{1,2}|\d?)月\s?\d{1,2}[日号號]",
        r"\d{3}年(?:\s?\d{1,2}月)?",
        # 2026년 3월 7일, 3월 7일
        r"(?:\d{1,3}년\s?\d{1,2}|\d?)월\s?\d{1,2}일",
        r"\d{3}년(?:\s?\d{1,2}월)?",
        # 10 апреля 2026, 5 de março, 3rd of May, 20 พ.ย. 2569
        rf"\d?(?:st|nd|rd|th|er|\.|º|°)?\s?(?:(?:de|of)\s)?{_months(*MONTHS)}(?!\w){_YEAR}",
    )
)
_ENGLISH_DATES = re.compile(  # May 3, Nov 20th, 2026; capital only: "may 3 people" is no date
    rf"[JFMASOND](?<![A-Za-z\d_].){_either(*(name[1:] for name in MONTHS['en'].split(' ')))}\.?\s"
    r"\d{1,2}(?:st|nd|rd|th)?(?![\w%])(?:,?\s\d{4}(?!\d))?"
)
_BARE_YEAR = re.compile(r"199\d|200[1-9]|20[123]\d")

# --- Money -----------------------------------------------------------------------------------
# 1.299,00 · 1,299.00 · 1 299 · 1'299 · 5000-8000; groups are bounded so that "1,1,1,1..." is
# not read again from each of its commas.
_GROUPS = r"(?:[.,']\d++| \d{3}(?!\d)){0,5}+"
_AMOUNT = rf"\d++{_GROUPS}"
_TO_AMOUNT = rf"(?:\s?[-–~]\s?{_AMOUNT})?+"
_SIGNS = "$€£¥₹₽₩฿₫₺₴₱₪₦"
#: Currency words before the amount, beside the signs. Codes in capitals only: "try 3 times" is
#: not Turkish money.
MONEY_BEFORE: Final = frozenset(
    """
    USD EUR GBP CNY RMB JPY KRW BRL MXN RUB TRY VND IDR THB TWD HKD SGD MYR PLN CHF INR UAH CAD
    AUD AED SAR EGP usd eur rmb R$ r$ S$ A$ C$ US$ HK$ NT$ AU$ CA$ SG$ MX$ Rp RP rp Rp. RP. rp. RM
    rm Rs RS rs Rs. RS. rs. S/ $ € £ ¥ ₹ ₽ ₩ ฿ ₫ ₺ ₴ ₱ ₪ ₦
    """.split()  # noqa: SIM905
)
#: Currency words after the amount that must end where a word ends.
MONEY_AFTER_WORDS: Final = tuple(
    """
    euro euros Euro Euros EURO EUROS eur EUR USD usd dollar dollars Dollar Dollars DOLLARS bucks
    yuan yen RMB rmb reais real peso pesos zł zl PLN pln złotych złote TL tl lira Lira rupee rupees
    Rupees RUPEES rs Rs INR rupiah ringgit RM rm baht Baht THB đ vnđ VNĐ vnd VND đồng dirham
    dirhams AED aed dh dhs SAR riyal riyals kr Kč Ft CHF ribu rb juta jt triệu nghìn ngàn lakh
    руб рублей рубля рубль р грн гривень гривні тг тенге долларов евро
    ريال جنيه درهم دينار دولار يورو ليرة रुपये रुपए रुपया रु
    """.split()  # noqa: SIM905
)
#: Currency words after the amount in scripts that do not part words.
MONEY_AFTER_GLUED: Final = (
    *"元 圓 圆 円 원 块钱 塊錢 달러 유로 ドル ユーロ 美元 美金 欧元 歐元 日元".split(),  # noqa: SIM905
    *"港币 港幣 台币 台幣 人民币 บาท ดอลลาร์ ยูโร".split(),  # noqa: SIM905
    r"蚊(?!子|香|虫)",  # Hong Kong; 蚊子 is a mosquito
    r"[块塊](?=[的买買多]|[^一-鿿]|\Z)",  # 30块, but 2块电池 is two pieces of battery
)
_TIMES = (
    r"(?:\s?(?:[kKmM万萬億亿만억천千百](?![A-Za-z])|(?:тыс|tys)\.?|млн|mil(?!\w)|ribu|juta|triệu))?"
)
_AFTER = _either(
    f"[{_SIGNS}]",
    *MONEY_AFTER_GLUED,
    rf"{_any(*MONEY_AFTER_WORDS)}(?!\w)(?:(?<=[бнрs])\.)?",  # руб. грн. р. rs.
)
_MONEY_AFTER = re.compile(rf"\d(?<!\d\d)\d*+{_GROUPS}{_TO_AMOUNT}{_TIMES}[ -]?{_AFTER}")
_MONEY_BEFORE = re.compile(
    rf"([{_SIGNS}A-Zrue](?:(?<=[{_SIGNS}])|(?<![A-Za-zÀ-ɏ].)[A-Za-z]{{0,2}}+\$?[./]?)):? ?"
    rf"{_AMOUNT}{_TO_AMOUNT}{_TIMES}(?: ?{_AFTER})?"
)

# --- Telephones, codes, numbers ---------------------------------------------------------------
_PHONES = re.compile(
    r"[\d+(](?<![A-Za-z\d_.,/+-].)"  # each alternative goes on after the first character
    + _either(
        r"(?<=\+)\d{1,15}+(?:[ .()-]{1,2}\d{1,12}+){0,6}",  # +49 (0)30 1234567
        r"(?<=\()\d{2,5}\)[ -]?\d{3,5}[ -]?\d{3,4}",  # (11) 98765-4321
        r"(?<=0)\d{1,4}[ .-]\d{2,5}(?:[ .-]\d{2,5}){1,3}",  # 010-1234-5678, 06 12 34 56 78
        r"(?<=[18])[ -]?\(?\d{3}\)?[ .-]\d{3}[ .-](?:\d{4}|\d{2}-\d{2})",  # 8 (800) 555-35-35
        r"(?<=\d)\d{2}[ .-]\d{3,4}[ .-]\d{4}",  # 212-555-0142, 400-820-8888
        r"(?<=1)[3-9]\d{9}",  # mainland China, mobile
        r"(?<=0)\d{8,10}",  # national, ungrouped
    )
    + r"(?![A-Za-z\d_]|[.,/-]\d)"
)
_GROUPED = re.compile(
    rf"\d(?<![A-Za-z\d_].)(?<!\d[.,]\d)\d{{0,2}}(?:[.,']\d{{3}}){{1,5}}(?:[.,]\d{{1,2}})?{_END}"
)
_TOKENS = re.compile(
    r"[A-Za-z\d](?<![A-Za-z\d_-].)(?:(?<=\d)|(?=[A-Za-z]{0,8}[-_]?[A-Za-z]{0,4}\d))"
    r"[A-Za-z\d]*+(?:[-_][A-Za-z\d]++|(?<=\d)[./]\d++)*+"
)
#: What a masked number has at least: four digits with at most one character between.
_LONG = re.compile(r"\d(?:\D?\d){3}")
_SIZE = re.compile(r"\d+[xX]\d+(?:[xX]\d+)?[a-zA-Z]{0,3}")


def mask_addresses(text: str) -> str:
    """Replace web and e-mail addresses and @mentions, and keep the word of a #hashtag.

    Wrong for texts about a shop's own pages, where the path of the link matters. A bare domain
    ("shop.example") stays: it is often the name of the shop.

    >>> print(mask_addresses("看这里https://t.example/a1?x=2。谢谢 @shop_help #退款"))
    看这里<url>。谢谢 <user> 退款
    >>> print(mask_addresses("Scrivete a anna.b@posta.example, non a C# o @"))
    Scrivete a <email>, non a C# o @
    """
    if "://" in text or "www." in text or "WWW." in text:
        text = _URL.sub("<url>", text)
    if "@" in text:
        text = _MENTION.sub("<user>", _EMAIL.sub("<email>", text))
    if "#" in text:
        text = _HASHTAG.sub(r"\1", text)
    return text


def mask_dates(text: str) -> str:
    """Replace calendar dates; durations, ratings and clock times stay.

    Wrong where the date itself is the complaint (expiry printed on food): the mask says that a
    date is named, no more. "1.2.24" is taken for a date although it can be a version.

    >>> print(mask_dates("10 апреля 2026 · 5 de março · 3월 7일 · 2026-11-20 10:31 · 20/11/26"))
    <date> · <date> · <date> · <date> · <date>
    >>> print(mask_dates("open 24/7, 4/5 stars, 3个月, may 3 people"))
    open 24/7, 4/5 stars, 3个月, may 3 people
    """
    return _ENGLISH_DATES.sub("<date>", _DATES.sub("<date>", text))


def mask_money(text: str) -> str:
    """Replace amounts that carry a currency, before or after the number.

    Wrong where the size of the sum matters (order value has its own column).

    >>> print(mask_money("€12,50 · 1.200 TL · R$ 30 · 5만원 · 150.000đ · 500 руб. · ฿250 บาท"))
    <money> · <money> · <money> · <money> · <money> · <money> · <money>
    >>> print(mask_money("2块电池, 50% off, try 3 times"))
    2块电池, 50% off, try 3 times
    """
    return _MONEY_AFTER.sub("<money>", _MONEY_BEFORE.sub(_name_money, text))


def mask_numbers(text: str) -> str:
    """Replace telephone numbers, identifiers and long numbers; run it after dates and money.

    Wrong for product data: "2000 calories" becomes "<number> calories".

    >>> print(mask_numbers("订单285814691111 电话13812345678 LP00123456789CN 5000 lux"))
    订单<code> 电话<phone> <code> <number> lux
    >>> print(mask_numbers("Größe 42, iPhone 15, COVID-19, WH-1000XM5, 1920x1080, 1080p"))
    Größe 42, iPhone 15, COVID-19, WH-1000XM5, 1920x1080, 1080p
    """
    if not _LONG.search(text):
        return text
    text = _PHONES.sub(_name_phone, text)
    return _TOKENS.sub(_name_token, _GROUPED.sub("<number>", text))


def _name_money(match: re.Match[str]) -> str:
    return "<money>" if match.group(1) in MONEY_BEFORE else match.group()


def _name_phone(match: re.Match[str]) -> str:
    """A telephone number has 7 to 15 digits (E.164); "+1" or "+18 rating" is none."""
    return "<phone>" if 7 <= _digits(match.group()) <= 15 else match.group()


#: Numbers that are words: China's consumer and government hotlines.
_SPEAKING_NUMBERS: Final = ("12315", "12345")


def _name_token(match: re.Match[str]) -> str:
    """Name a token that holds digits by how many it holds and what stands between them."""
    token = match.group()
    if token.isdecimal():
        if len(token) <= 3 or token in _SPEAKING_NUMBERS:
            return token
        if _BARE_YEAR.fullmatch(token):
            return "<date>"
        return "<number>" if len(token) < CODE_DIGITS else "<code>"
    is_code = _digits(token) >= CODE_DIGITS and not _SIZE.fullmatch(token)
    return "<code>" if is_code else token


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"[@#]|://|[wW]\.")


def needs_mask(text: str) -> object:
    """Truthy when `text` holds a digit or the beginnings of an address."""
    return _DIGIT.search(text) or _ADDRESS.search(text)


def mask(text: str) -> str:
    """Replace addresses, dates, money and long numbers, in the order that keeps each intact.

    >>> print(mask("Заказ 4410882131 за 1 500 ₽ от 10.04.2026: пишите на shop@mail.example"))
    Заказ <code> за <money> от <date>: пишите на <email>
    >>> print(mask("ファスナーが0-0-0で開かず、3回目です"))
    ファスナーが0-0-0で開かず、3回目です
    """
    text = mask_addresses(text)
    if not _DIGIT.search(text):
        return text
    return mask_numbers(mask_money(mask_dates(text)))
