"""Cut what the customer did not write: quoted mails, mail headers, signatures of devices.

A reply drags the shop's own polite words along, and a model would learn those. The tables below
hold one row for each language; a new language is a new row. Two patterns need no language:
lines that start with ">", and a line with an address in angle brackets that ends in a colon
(Gmail's attribution in every language).
"""

import re
from typing import Final

#: Letters or digits that must be left; else the text is kept whole. Two, because 退款 ("refund")
#: is a whole complaint.
MIN_LEFT: Final = 2

#: The line above a quoted mail: its first words and its last ("On ... wrote:").
ATTRIBUTIONS: Final[dict[str, tuple[str, str]]] = {
    "en": ("On ", r"wrote"),
    "de": ("Am ", r"schrieb[^\n]{0,80}"),
    "fr": ("Le ", r"a écrit"),
    "es": ("El ", r"escribió"),
    "pt": ("Em ", r"escreveu"),
    "it": ("Il ", r"ha scritto"),
    "nl": ("Op ", r"schreef[^\n]{0,80}"),
    "pl": ("W dniu ", r"napisał(?:a|\(a\))?|pisze"),
    "ru": (r"(?:\d|[А-Яа-я]{2}, )", r"(?:пишет|написал(?:а|\(а\))?)"),
    "tr": (r"\d", r"(?:şunu yazdı|tarihinde [^\n]{0,80}yazdı)"),
    "vi": ("Vào ", r"(?:đã )?viết"),
    "id": ("Pada ", r"menulis"),
    "zh": (r"(?:在 ?|于 ?|於 ?)?\d{4}", r"(?:写道|寫道)"),
    "ja": (r"\d{4}", r"(?:のメール|が書きました|のメッセージ|さんは書きました)"),
    "ko": (r"\d{4}", r"(?:작성|님이 쓴 글|에 쓴 글)"),
}

#: Between dashes, above the quoted mail.
ORIGINAL_MESSAGE: Final[dict[str, str]] = {
    "en": "original message",
    "de": "ursprüngliche nachricht|original-nachricht",
    "fr": "message d'origine|message original",
    "es": "mensaje original",
    "pt": "mensagem original",
    "it": "messaggio originale",
    "nl": "oorspronkelijk bericht",
    "pl": "oryginalna wiadomość|wiadomość oryginalna|treść oryginalnej wiadomości",
    "ru": "исходное сообщение|оригинальное сообщение",
    "tr": "orijinal mesaj|özgün ileti|asıl ileti",
    "vi": "thư gốc|tin nhắn gốc",
    "id": "pesan asli",
    "zh": "原始邮件|原始郵件|原邮件|原始信件",
    "ja": "元のメッセージ|オリジナルメッセージ|original message",
    "ko": "원본 메시지|원본 메일|original message",
}

#: Words before the colon of a mail header: the sender, then whatever the program puts next.
HEADER_FIRST: Final = (
    "from|von|de|da|van|od|от|від|发件人|寄件者|寄件人|差出人|보낸 사람|보낸사람|kimden|từ|dari"
)
HEADER_NEXT: Final = (
    "sent|date|to|gesendet|datum|an|envoyé|à|enviado|enviado el|para|inviato|data|a|verzonden|aan|"
    "wysłano|wysłane|do|отправлено|дата|кому|发送时间|日期|收件人|寄件日期|收件者|送信日時|日時|宛先|"
    "보낸 날짜|날짜|받는 사람|받는사람|gönderildi|tarih|kime|đã gửi|ngày|đến|dikirim|tanggal|kepada"
)

#: What a device adds, up to the name of the device.
SENT_FROM: Final[dict[str, str]] = {
    "en": "Sent from my |Sent from Outlook|Sent from Mail for|Sent from Yahoo|Get Outlook for ",
    "de": "Von meinem |Gesendet von meinem |Gesendet mit der ",
    "fr": "Envoyé de mon |Envoyé depuis mon |Envoyé à partir de ",
    "es": "Enviado desde mi |Enviado de mi ",
    "pt": "Enviado do meu |Enviado de meu ",
    "it": "Inviato da iPhone|Inviato dal mio |Inviato da iPad",
    "nl": "Verzonden vanaf mijn |Verstuurd vanaf mijn ",
    "pl": "Wysłane z iPhone|Wysłano z mojego |Wysłane z mojego ",
    "ru": "Отправлено с iPhone|Отправлено с моего |Отправлено из мобильной ",
    "tr": "iPhone'umdan gönderildi|iPhone’umdan gönderildi|Samsung cihazımdan gönderildi",
    "vi": "Đã gửi từ iPhone|Được gửi từ ",
    "id": "Dikirim dari iPhone|Dikirim dari ponsel ",
    "zh": "发自我的|發自我的|從我的 ?iPhone ?傳送|从我的 ?iPhone ?发送|来自我的",
    "ja": "iPhoneから送信|iPadから送信|Androidから送信|スマートフォンから送信",
    "ko": "나의 iPhone에서 보냄|내 iPhone에서 보냄|iPhone에서 보냄",
}


def _words(table: dict[str, str]) -> str:
    return "|".join(table.values())


# Repeats are bounded, and every pattern is tied to the start of a line or to a literal word, so
# the time stays linear in the text.
_ATTRIBUTION = "|".join(
    [
        rf"{first}[^\n]{{4,200}}?(?:\n[^\n]{{0,120}}?)?(?:{last}) ?[:：]"
        for first, last in ATTRIBUTIONS.values()
    ]
    + [r"[^\n<]{1,200}<[^<>\s]{1,100}@[^<>\s]{1,100}>[^\n]{0,60}[:：]"]
)
# ">_<" is a face and "> 3 weeks" means more than: a quotation goes on with a letter or a mark
# that opens words; a line that is only ">" belongs to it.
_QUOTED_LINE = r"""^>[> ]*+(?:(?:[^\W\d_]|["'(\[*<-])[^\n]*+)?(?:\n|\Z)"""
_QUOTED_BLOCK = re.compile(rf"(?:^(?:{_ATTRIBUTION})\n)?(?:{_QUOTED_LINE})+", re.MULTILINE)
_REST_IS_QUOTED = re.compile(
    "|".join(
        [
            rf"^(?:{_ATTRIBUTION})$",
            rf"-{{2,}} ?(?i:{_words(ORIGINAL_MESSAGE)}) ?-{{2,}}",
            rf"(?:^|(?<= ))\*?(?i:{HEADER_FIRST}) ?:\*? [^\n:]{{2,120}}"
            rf"[\n ]\*?(?i:{HEADER_NEXT}) ?:\*? ",
        ]
    ),
    re.MULTILINE,
)
# The class of first letters comes first because the search then skips to them.
_PHRASES = _words(SENT_FROM).split("|")
#: First and second characters of the signatures of devices.
SIGNATURE_BEGINS: Final = (
    "".join(sorted({phrase[0] for phrase in _PHRASES})),
    "".join(sorted({phrase[1] for phrase in _PHRASES})),
)
_SENT_FROM = re.compile(
    rf"[{''.join(sorted({phrase[0] for phrase in _PHRASES}))}](?<![^\s.!?。！？].)"
    rf"(?:{'|'.join(phrase[1:] for phrase in _PHRASES)})[^\n]{{0,40}}\Z"
)
#: Characters at the end in which a device's signature may begin; the longest takes 70.
TAIL: Final = 80
# A dash line starts a signature only near the end: customers draw such lines themselves.
_SIGNATURE = re.compile(r"^--\n(?:[^\n]{1,80}(?:\n|\Z)){1,6}\Z", re.MULTILINE)
_HEADER_MARK = re.compile("[:：]|--")
_LETTER = re.compile(r"[^\W_]")


def cut_quotes(text: str) -> str:
    r"""Remove quoted mail, its headers, device and dash signatures, unless nothing is left.

    Expects lines without leading or double spaces. Forwarded mail is kept: customers forward
    what they complain about. Wrong for tickets whose agent reads only the quotation ("see
    below"); those keep the raw text in their own column.

    >>> print(cut_quotes("Still broken.\nOn Mon, 2 Nov 2026, Shop wrote:\n> Dear customer,\n> hi"))
    Still broken.
    >>> print(cut_quotes("三周没收到货\n-----原始邮件-----\n发件人: 客服\n您好"))
    三周没收到货
    >>> print(cut_quotes("まだ返金されません。\niPhoneから送信"))
    まだ返金されません。
    >>> print(cut_quotes("> 3 Wochen warten >_<"))
    > 3 Wochen warten >_<
    """
    kept = _QUOTED_BLOCK.sub("", text) if ">" in text else text
    rest = _REST_IS_QUOTED.search(kept) if _HEADER_MARK.search(kept) else None
    if rest and _has_words(kept[: rest.start()]):
        kept = kept[: rest.start()].rstrip()
    device = _SENT_FROM.search(kept, max(0, len(kept) - TAIL))
    if device:
        kept = kept[: device.start()].rstrip()
    kept = _SIGNATURE.sub("", kept).strip() if "--" in kept else kept.strip()
    return kept if _has_words(kept) else text


def needs_cut(text: str) -> object:
    """Truthy when `text` may hold a quotation or a signature."""
    return (
        "\n" in text
        or "--" in text
        or ": " in text
        or text.startswith(">")
        or _SENT_FROM.search(text, max(0, len(text) - TAIL))
    )


def _has_words(text: str) -> bool:
    found = _LETTER.finditer(text)
    return all(next(found, None) for _ in range(MIN_LEFT))
