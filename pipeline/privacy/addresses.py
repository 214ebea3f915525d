"""Postal addresses: what follows a word for address, and streets with a house number."""

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.numbers import Place

#: Longest address that is taken, in characters.
LONGEST: Final = 140

#: Words for address, each with the verbs that may follow; a colon does for all.
_LABELS: Final = "|".join(
    (
        "address(?P<en> is)?|(?:ship(?: it)?|deliver) to(?= ?:)|(?:adresse|anschrift)(?P<de> ist| lautet| est)?",
        "direcci[óo]n(?: de (?:envío|entrega))?(?P<es> es)?|endereço(?: de entrega)?(?P<pt> é)?|morada(?P<mo> é)?",
        "indirizzo(?: di consegna)?(?P<it> è)?|adres(?: dostawy)?(?P<nl> is| to)?|адреса?(?: доставки)?",
        "(?:teslimat )?adresi?m?|alamat(?: saya| rumah| pengiriman| penghantaran)?(?P<id> adalah| ialah)?",
        "địa chỉ(?: của tôi| nhận hàng| giao hàng)?(?P<vi> là)?|ที่อยู่(?:จัดส่ง|ของผม|ของฉัน)?(?P<th>คือ)?|पता(?P<hi> है)?",
        "(?:عنواني|العنوان|عنوان التوصيل|عنوان المنزل)(?P<ar> هو)?|(?:地址|住址)(?P<zh>是|为|為|在)?",
        "(?:お届け先|住所|配送先)(?P<ja>は)?|(?:배송지|주소|배송 주소)(?P<ko>는|은)?",
    )
)
# A full stop ends it, but not after the few letters of an abbreviation (St. ul. Jl. No.).
_BODY: Final = r"(?:[^\n。！？;；.!?\ue0ff]|\.(?! |$)|(?<=[ ,:][^\W\d_])\.|(?<=[ ,:][^\W\d_]{2})\.|(?<=[ ,:][^\W\d_]{3})\.)"
_LABELLED: Final = re.compile(
    rf"(?:{_LABELS})(?P<sign> ?[:=])?\s{{0,2}}(?P<body>{_BODY}{{5,{LONGEST}}})",
    re.IGNORECASE,
)

_UP: Final = r"[A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİŁŃŇŐŚŞŠŤŮŰŹŻŽ]"
_CITY: Final = (
    rf"{_UP}[\w'’.-]{{1,25}}(?: (?:{_UP}[\w'’.-]{{1,25}}|am|an der|sur|de|la|del|do|da)){{0,3}}"
)
#: Without parts that are a postcode.
_TOWN: Final = rf"{_UP}[a-z'’.-]{{2,25}}(?: {_UP}[a-z'’.-]{{2,25}}){{0,2}}"
_NUMBER: Final = r"(?:n[ºo°r]?\.? ?|No\.? ?:? ?|numer |numero )?\d{1,4}(?!\d)(?:[ -]?[A-Za-z](?!\w))?(?:[/-]\d{1,4})?"
_STREETS: Final = tuple(
    re.compile(rf"(?<![A-Za-zÀ-žА-я\d])(?:{pattern})")
    for pattern in (
        # English: 12 Oak Street, Apt 4, Springfield, IL 62704
        rf"\d{{1,5}}[A-Za-z]?,? (?:{_UP}[\w'’]{{1,20}}\.? ){{1,4}}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Close|Crescent|Terrace|Way)(?!\w)\.?"
        rf"(?:,? (?:Apt|Apartment|Unit|Flat|Suite|#)\.? ?\w{{1,6}})?(?:,? {_TOWN})?(?:,? [A-Z]{{2}}(?!\w))?(?:,? (?:\d{{5}}(?:-\d{{4}})?|[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}|\d{{4,6}}))?(?!\w)",
        # German, Dutch: Lindenstraße 5, 10115 Berlin
        rf"{_UP}[\w.-]{{1,30}}?(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gracht|kade|dijk|singel)"
        rf" {_NUMBER}(?:,? (?:in )?(?:D-)?\d{{4,5}}(?: ?[A-Z]{{2}})?(?: {_CITY})?)?",
        rf"{_UP}[\w-]{{2,20}} (?:Straße|Strasse|Str\.|Weg|Allee|Platz) {_NUMBER}(?:,? (?:D-)?\d{{5}}(?: {_CITY})?)?",
        # French: 12 bis rue de la Paix, 75002 Paris
        rf"\d{{1,4}}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute) [^\n,;.!?\ue0ff]{{3,40}}(?:,? \d{{5}} {_CITY})?",
        # Spanish, Portuguese, Italian: Calle Mayor 5, 28013 Madrid
        rf"(?:Calle|C/|Avenida|Avda\.?|Av\.|Paseo|Plaza|Carrera|Rua|Travessa|Praça|Alameda|Estrada|Via|Viale|Piazza|Corso|Vicolo|calle|avenida|rua) ?(?:d[aeio]l{{0,2}}[aeo]?s? (?:l[ao]s? )?)?{_UP}[^\n,;!?\d\ue0ff]{{2,40}}?,? {_NUMBER}"
        rf"(?:,? [^\n,;.!?\ue0ff]{{1,25}}){{0,2}}?(?:,? (?:CEP ?)?\d{{4,5}}(?:-\d{{3}})?(?:,? {_CITY})?)?",
        # Polish: ul. Długa 5/3, 00-238 Warszawa
        rf"(?:ul|al|os|pl)\. ?{_UP}[^\n,;\d\ue0ff]{{2,40}}? {_NUMBER}(?: m\. ?\d{1, 4})?(?:,? \d\d-\d{{3}}(?: {_CITY})?)?",
        # Russian, Ukrainian: г. Москва, ул. Ленина, д. 5, кв. 3
        r"(?:(?:г\.|город|м\.) ?[А-ЯІЇЄ][\w-]{2,20},? )?(?:ул|улица|вул|вулиця|пр|просп|проспект|пр-т|пер|переулок|бул|бульвар|шоссе|наб|пл)\.? ?[А-ЯІЇЄ][\w .-]{2,35}?,? "
        r"(?:д|дом|буд|б)?\.? ?\d{1,4}[а-я]?(?:,? (?:к|корп|кв|квартира|оф)\.? ?\d{1,4}){0,2}",
        # Turkish: Atatürk Mah. Gül Sok. No: 5 D: 3 Kadıköy/İstanbul
        r"\w{2,20} (?:Mah|Mahallesi|Cad|Caddesi|Sok|Sokak|Sokağı|Bulvarı)\.?(?=[ ,])[^\n;!?\ue0ff]{0,40}?(?:No ?[:.]? ?\d{1,4}(?:/\d{1,4})?)(?: ?[Dd](?:aire)?[:.] ?\d{1,4})?(?:,? [A-ZÇĞİÖŞÜ][\w/]{2,25}){0,2}",
        # Vietnamese: số 12 đường Lê Lợi, phường Bến Nghé, quận 1
        r"(?:[Ss]ố (?:nhà )?)?\d{1,4}[A-Z]?(?:/\d{1,4}){0,4},? (?:đường|phố|ngõ|hẻm|đ\.) ?[^\n,;.!?\ue0ff]{2,30}(?:, ?(?:phường|quận|huyện|xã|P\.|Q\.|TP\.?|thành phố|tỉnh) ?[^\n,;.!?\ue0ff]{1,25}){0,4}",
        # Indonesian, Malay: Jl. Merdeka No. 12, Bandung
        rf"(?:Jl|Jln|Jalan|Lorong|Gang|Gg)\.? ?{_UP}[^\n,;!?\d\ue0ff]{{2,35}}? ?,? ?{_NUMBER}(?:,? (?:RT|RW) ?[\d/]{{1,7}}){{0,2}}(?:,? (?:\d{{5}} )?{_CITY}){{0,3}}(?:,? \d{{5}})?",
        r"(?:No\.? ?\d{1,4}[A-Z]?,? )(?:Jalan|Lorong|Taman) [^\n,;.!?\ue0ff]{2,30}(?:, ?[^\n,;.!?\ue0ff]{2,30}){0,3}",
        # Japanese: 〒150-0001 東京都渋谷区神宮前1-2-3
        r"〒 ?\d{3}-?\d{4}[ 　]?[^\s、。,！\n\ue0ff]{0,40}",
        r"(?:東京都|北海道|大阪府|京都府|[一-鿿]{2,3}県)[一-鿿ぁ-んァ-ヶー]{2,20}\d{1,4}(?:丁目|番地?|号|-\d{1,4}){0,6}(?:[ 　]?[一-鿿ァ-ヶー]{2,15}\d{1,4}号室?)?",
        # Korean: 서울시 강남구 테헤란로 12길 3, 101동 202호
        r"(?:[가-힣]{2,7}(?:시|도) )?(?:[가-힣]{1,5}(?:시|군|구) ?){1,2}[가-힣\d]{1,10}(?:로|길|동) ?\d{1,4}(?:번?길 ?\d{1,4}|-\d{1,4})?(?:,? ?\d{1,4}동)?(?:,? ?\d{1,4}호)?",
        # Thai: 99/1 หมู่ 5 ถนนสุขุมวิท ... 10110
        r"\d{1,4}(?:/\d{1,4})? ?(?:หมู่|ม\.|ซอย|ซ\.|ถนน|ถ\.)[^\n\ue0ff]{3,90}?\d{5}(?!\d)",
        r"\d{1,4}(?:/\d{1,4})? ?(?:หมู่|ม\.|ซอย|ซ\.|ถนน|ถ\.) ?[ก-๎\d]{1,20}(?: \d{1,3}(?!\d))?(?: (?:แขวง|เขต|ต\.|อ\.|จ\.|ตำบล|อำเภอ|จังหวัด|ถนน|กรุงเทพ)[ก-๎]{0,20}){0,5}",
        # Hindi, Arabic
        r"(?:मकान नंबर|मकान नं\.?|फ्लैट नंबर|फ्लैट|गली नंबर) ?\d{1,4}[^\n।\ue0ff]{0,50}",
        r"(?:\d{1,4} )?شارع [ء-ي ]{3,30}(?:،? ?(?:رقم|مبنى|عمارة|شقة|حي) ?[ء-ي\d]{1,15}){1,3}",
    )
)
#: The sure middle of a Chinese address; it is grown to both sides.
_HAN_CORE: Final = re.compile(
    r"[一-鿿](?:路|街|道|巷|弄|段|村|小区|花园|新村|苑)\s?[\d一二三四五六七八九十]{1,5}\s?(?:号|號|弄|巷|栋|棟|幢|座)"
)
_HAN_LEFT: Final = re.compile(
    r"(?:[一-鿿]{2,12}(?:省|市|区|區|县|縣|镇|鎮|乡|州|旗))?[一-鿿]{0,10}$"
)
_HAN_LEFT_STOP: Final = re.compile(r".{0,24}(?:[在到住寄是址往给給於]|送到|地址|搬)")
_HAN_RIGHT: Final = re.compile(
    r"(?:[一-鿿A-Za-z]{0,12}?[\d一二三四五六七八九十A-Za-z-]{1,6}\s?(?:号楼|號樓|栋|棟|幢|座|单元|單元|楼|樓|层|層|室|户|戶|号|號|F|f)){1,4}"
)


def addresses(text: str) -> Iterator[Place]:
    """Places of postal addresses.

    >>> text = "My address is 12 Oak Street, Leeds LS1 4AP. 寄到上海市长宁区愚园路100号3楼，谢谢"
    >>> [text[slice(*place)] for place in addresses(text)]
    ['12 Oak Street, Leeds LS1 4AP', '12 Oak Street, Leeds LS1 4AP', '上海市长宁区愚园路100号3楼']
    """
    for match in _LABELLED.finditer(text):
        body = match["body"]
        verb = any(said for name, said in match.groupdict().items() if len(name) == 2)
        if match["sign"] or (verb and re.search(r"\d", body[:60])):
            start = match.start("body") + len(body) - len(body.lstrip())
            yield start, match.start("body") + len(body.rstrip(" ,"))
    for pattern in _STREETS:
        for match in pattern.finditer(text):
            yield match.span()
    for match in _HAN_CORE.finditer(text):
        yield _grown(text, match.start(), match.end())


def _grown(text: str, start: int, end: int) -> Place:
    left = text[max(0, start - 24) : start]
    grown = _HAN_LEFT.search(left)
    begin = max(0, start - 24) + (grown.start() if grown else len(left))
    stop = _HAN_LEFT_STOP.match(text[begin:start])
    right = _HAN_RIGHT.match(text, end)
    return begin + (stop.end() if stop else 0), right.end() if right else end
