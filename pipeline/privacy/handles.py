"""E-mail addresses and names in social networks."""

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.numbers import Place

_LETTER: Final = r"A-Za-z\dÀ-ʯЀ-ӿ"
_AT: Final = r"(?:@|&#64;|&#x40;|&commat;|%40| ?[(\[{] ?(?:at|AT|ät) ?[)\]}] ?)"
_DOT: Final = r"(?:\.| ?[(\[{] ?(?:dot|DOT|punkt|punto) ?[)\]}] ?)"
_EMAIL: Final = re.compile(
    rf"(?<![{_LETTER}._%+-])[{_LETTER}_][{_LETTER}._+'-]{{0,80}}+(?:%(?!40)[{_LETTER}._+'-]{{0,40}}+){{0,4}}+{_AT}"
    rf"(?:[{_LETTER}](?:[{_LETTER}-]{{0,62}}){_DOT}){{1,8}}[A-Za-zЀ-ӿ]{{2,24}}"
)
_EMAIL_SIGNS: Final = re.compile(r"@|&#|&comm|%40|[(\[{] ?(?:at|AT|ät)")

_LINK: Final = re.compile(
    r"(?:https?://)?(?<![A-Za-z\d.-])(?:www\.|m\.|web\.)?(?:facebook|fb|instagram|twitter|tiktok|linkedin|weibo|"
    r"vk|t|wa|x|ok|pinterest|snapchat|line|zalo|discord|youtube)\.(?:com|me|ru|gg)/"
    r"(?!p/|reel/|watch|status|hashtag|share|groups?/)@?[A-Za-z\d_.@/%-]{2,80}(?:\?id=\d{1,20})?",
    re.IGNORECASE,
)
_NETWORKS: Final = (
    r"wechat|weixin|we ?chat|微信|威信|薇信|v信|vx|wx|qq|weibo|微博|小红书|抖音|telegram|телеграмм?|телега|тг|tg|"
    r"instagram|insta|инстаграмм?|twitter|tik ?tok|facebook|snapchat|ไลน์|kakao ?(?:talk)?|카톡|"
    r"카카오톡|인스타|zalo|skype|скайп|discord|vk|вк|вконтакте|インスタ|ライン|انستقرام|انستغرام|تيليجرام|تلغرام|"
    r"سناب|इंस्टाग्राम|टेलीग्राम|อินสตาแกรม|ไอจี|เฟซบุ๊ก"
)
#: Networks called by words that mean other things too.
_WORDS: Final = r"line|signal|snap|threads|messenger|fb|ig|x"
#: What a handle holds and a word does not.
_TELLING: Final = re.compile(r"[\d_@]|\w\.\w")
_SAYS: Final = (
    r"(?: ?(?:id|handle|name|username|user|account|nick|ник|ai?di|아이디|ไอดี|号码|号|號|アカウント|usuario|utente|"
    r"gebruiker|konto|profil|profile|compte|akun|tài khoản|حساب\w{0,2}|आईडी))?"
    r" ?(?:[:=：]|是|为|は|는|은|is|ist|es|est|è|é|to|là|คือ|है|هو|-|\() ?"
)
_CUED: Final = re.compile(
    rf"(?<![A-Za-z])(?:(?P<word>{_WORDS})|{_NETWORKS})(?:{_SAYS}|(?: ?(?:号码|号|號|아이디|ไอดี|id) ?)| (?=@))"
    r"(?P<handle>@?(?!http|www)[A-Za-z_][A-Za-z\d_.-]{2,31}|@[\w.]{2,31}|\d{5,11}(?!\d))",
    re.IGNORECASE,
)
_MENTION: Final = re.compile(r"(?<![\w@./])@(?=\w{0,40}[^\W\d])[\w.]{2,40}")


def emails(text: str) -> Iterator[Place]:
    """Places of e-mail addresses.

    >>> text = "写给anna.b@post.example或 bob (at) shop [dot] example, 5 @ 3€"
    >>> [text[slice(*place)] for place in emails(text)]
    ['anna.b@post.example', 'bob (at) shop [dot] example']
    """
    if _EMAIL_SIGNS.search(text):
        for match in _EMAIL.finditer(text):
            yield match.span()


def handles(text: str) -> Iterator[Place]:
    """Places of names in social networks: links to profiles, cued names, @mentions.

    >>> text = "微信号: li_ming88, Telegram @anna_k, see instagram.com/anna.k"
    >>> [text[slice(*place)] for place in handles(text)]
    ['instagram.com/anna.k', 'li_ming88', '@anna_k', '@anna_k']
    """
    if "/" in text:
        for match in _LINK.finditer(text):
            yield match.span()
    for match in _CUED.finditer(text):
        if _TELLING.search(match["handle"]) or (":" in match[0] and match["word"] is None):
            yield match.span("handle")
    if "@" in text:
        for match in _MENTION.finditer(text):
            yield match.start(), match.start() + len(match[0].rstrip("."))
