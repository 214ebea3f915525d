"""Names of people, where the words around them say so."""

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.numbers import Place

_WORD: Final = (
    r"[^\W\d_](?:[^\W\d_]|['’.\-](?=[^\W\d_])|[\u0900-\u0903\u093a-\u094f\u0e30-\u0e4e]){0,40}"
)
_WORDS: Final = rf"{_WORD}\.?(?: {_WORD}\.?){{0,4}}"

# --- Scripts with capital letters ------------------------------------------------------------
#: What follows is a name, whatever its case.
_SAID: Final = "|".join(
    (
        "my (?:full )?name is|my name['’]s|mein name ist|ich hei(?:ß|ss)e|name lautet|je m['’]appelle|mon nom est",
        "me llamo|mi nombre(?: completo)? es|(?:o )?meu nome é|me chamo|chamo-me|mi chiamo|il mio nome è",
        "mijn naam is|ik heet|nazywam się|mam na imię|меня зовут|зовут меня|мо[её] имя|моя фамилия",
        "мене зв[аі]ти|моє ім['’]я|моє прізвище|benim adım",
    )
)
#: What follows is a name when it is capitalised, in any case the cue has.
_FIELDS: Final = "|".join(
    (
        "(?:name|recipient|customer|ship(?:ped)? to|signed|empfänger(?:in)?|kund(?:e|in)|nom|prénom|destinataire) ?:",
        "(?:nombre(?: completo)?|destinatari[oa]|nome(?: completo)?|nome e cognome|naam|ontvanger|imię i nazwisko) ?:",
        "(?:odbiorca|фио|имя|получатель|піб|отримувач|ім['’]я|ad soyad|alıcı(?: adı)?|họ tên|họ và tên|người nhận|tên) ?:",
        "(?:nama lengkap|penerima|nama) ?:|atas nama|a\\.n\\.|nama saya(?: ialah| adalah)?|adım soyadım|adım|ismim",
        "tôi tên(?: là)?|tên (?:tôi|em|mình) là|(?:mình|em) tên(?: là)?",
    )
)
#: What follows is a name when it is capitalised.
_TITLES: Final = "|".join(
    (
        r"M\.|Mrs?\.?|Ms\.?|Miss|Dr\.?|Prof\.?|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme\.?|Mlle|[Ss]eñora?|[Ss]eñorita",
        r"Sra?\.|Sr(?=\s)|Doña|Don(?=\s)|Sig\.?(?:ra|na)?\.?|[Ss]ignora?|Dott\.?(?:ssa)?\.?|[Ss]enhora?|Dona|Dhr\.?|Mevr\.?|[Mm]evrouw|[Mm]eneer",
        r"[Dd]e heer|Pani|Panu|Pana|[Гг]-н|[Гг]-жа|[Гг]осподин|[Гг]оспожа|[Пп]ан(?:е|і|ове)?(?=\s[А-ЯІЇЄҐ])|Sayın|Bapak|Ibu|Pak|Encik|Puan|Tuan|Cik|Bpk\.?",
        r"[Aa]nh(?=\s[A-ZĐ])|[Cc]hị(?=\s[A-ZĐ])",
    )
)
_GREETINGS: Final = "|".join(
    (
        r"[Dd]ear|[Hh]i|[Hh]ello|[Hh]ey|[Ll]iebe[rs]?|[Ss]ehr geehrte[rs]?|[Hh]allo|[Cc]h(?:er|ère)|[Bb]onjour|[Bb]onsoir",
        r"[Qq]uerid[oa]|[Ee]stimad[oa]|[Hh]ola|[Cc]ar[oa]|[Pp]rezad[oa]|[Oo]lá|[Oo]i|[Gg]entile|[Cc]iao|[Bb]uongiorno|[Ss]alve|[Bb]este|[Gg]eachte",
        r"[Dd]rog[ia]|[Ss]zanown[ya]|[Cc]ześć|[Уу]важаем(?:ый|ая)|[Дд]орог(?:ой|ая|ий|а)|[Зз]дравствуйте,?|[Пп]ривет,?|[Шш]ановн(?:ий|а)",
        r"[Вв]ітаю,?|[Mm]erhaba|[Ss]evgili|[Kk]ính gửi|[Cc]hào|[Dd]ear [Kk]ak|[Hh]alo|[Hh]ai|[Yy]th\.?|[Kk]epada",
    )
)
#: "I am" needs two capitalised words after it: "I am Angry" is none.
_WEAK: Final = (
    r"I am|I'm|I’m|[Tt]his is|[Ii]ch bin|[Jj]e suis|[Ss]oy|[Ee]u sou|[Ss]ono|[Ii]k ben|[Jj]estem|[Яя] -|[Tt]ôi là|[Mm]ình là"
    r"|[Ss]aya(?= [A-Z])|[Bb]en(?= [A-ZÇĞİÖŞÜ])|[Nn]ame of|[Aa]greed with|[Ss]poke (?:to|with)|[Aa]sked for"
)
#: What closes a letter; the name stands on the next line, or after a comma.
_CLOSINGS: Final = "|".join(
    (
        r"(?:(?:kind|best|warm|warmest|many) )?regards|yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|best wishes|best|thanks|thank you|cheers|many thanks|respectfully",
        r"mit freundlichen grüßen|mit freundlichen grüssen|freundliche grüße|viele grüße|liebe grüße|beste grüße|mfg|lg|vg|gruß|grüße|hochachtungsvoll",
        r"cordialement|bien cordialement|bien à vous|sincères salutations|salutations(?: distinguées)?|merci d['’]avance|merci",
        r"saludos(?: cordiales)?|un (?:cordial )?saludo|atentamente|atte\.?|gracias|muchas gracias",
        r"atenciosamente|att\.?|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|obrigad[oa]|abraços",
        r"cordiali saluti|distinti saluti|saluti|grazie|un saluto|in fede",
        r"met vriendelijke groet(?:en)?|vriendelijke groet(?:en)?|groetjes|groeten|groet|hoogachtend|mvg|bedankt",
        r"z poważaniem|pozdrawiam(?: serdecznie)?|dziękuję|z wyrazami szacunku",
        r"с уважением|с ув\.?|всего доброго|спасибо|заранее спасибо|з повагою|дякую|щиро дякую",
        r"saygılarımla|saygılar|teşekkürler|iyi günler|iyi çalışmalar|trân trọng|thân|cảm ơn|xin cảm ơn",
        r"hormat saya|salam hormat|salam|terima kasih|yang benar|sekian,? terima kasih",
    )
)
#: Small words inside names.
_PARTICLES: Final = frozenset(
    """
    van von der den de da do dos das di del della du la le el al bin binti bint ibn ter ten y e zu
    """.split()  # noqa: SIM905
)
#: Words after a greeting or a title that are nobody's name, folded.
_NOBODY: Final = frozenset(
    """
    sir sirs madam madame team customer support service services seller shop store all there
    everyone everybody guys friend friends amazon admin manager management agent company client
    clients guest user again folks ladies gentlemen and or the you it im i my we this that is was
    not yes no just please thank thanks order damen herren damen- kundenservice kundendienst
    support-team zusammen verkäufer leute shop-team kunde kundin équipe messieurs mesdames
    monsieur vendeur bonjour à je vous j'ai equipo señores señor señora cliente vendedor buenas
    buenos soy quiero tienda amigos a todos todas equipe atendimento senhores senhor senhora loja
    vendedora boa bom tudo gostaria pessoal signori signore signora assistenza servizio venditore
    spett spettabile buongiorno buonasera salve klantenservice heer mevrouw mensen allemaal
    verkoper winkel klant meneer państwo państwa obsługo sprzedawco zespole panowie pani pan panie
    wszyscy продавец поддержка магазин администрация служба команда господа клиент я мне у вы
    друзья продавець підтримка пане пані шановні клієнт müşteri satıcı yetkili yetkililer bey
    hanım herkes ekip firma mağaza ürün kargo ạ em anh chị mọi người bạn ad quý công ty cửa hàng
    bộ phận kak min gan sis bang bapak ibu tim toko penjual penyedia kakak mas mbak cs pelanggan
    encik puan tuan merci ihr ihnen euch danke ich wir bitte mein die der das ein eine an am beim
    für sie sehr so nur grüße grüßen gruß grüsse groet groeten saludos saluti regards wishes
    greetings urgent sent von from sincerely re fw hello hi hey dear extremely very ou
    """.split()  # noqa: SIM905
)
_CAPITALS: Final = (
    (re.compile(rf"(?<!\w)(?:{_SAID})(?!\w)[:,]? ?(?P<name>{_WORDS})", re.IGNORECASE), "any"),
    (
        re.compile(rf"(?<!\w)(?:{_FIELDS})(?!\w)[:,]? {{0,2}}(?P<name>{_WORDS})", re.IGNORECASE),
        "one",
    ),
    (re.compile(rf"(?<!\w)(?:{_TITLES})(?!\w) ?(?P<name>{_WORDS})"), "one"),
    (
        re.compile(
            rf"(?<!\w)(?:{_GREETINGS})[ ,]{{1,2}}(?:(?:{_TITLES})(?!\w)\.? )?(?P<name>{_WORDS})(?=[,!.:\n—-]|$)"
        ),
        "one",
    ),
    (re.compile(rf"(?<!\w)(?:{_WEAK}) (?P<name>{_WORDS})"), "two"),
    (
        re.compile(
            rf"(?<!\w)(?:{_CLOSINGS})(?:[,.! -]{{0,3}}\n\s{{0,6}}[-–]?\s?|, | - )(?P<name>{_WORDS})(?=[\s.,(]{{0,8}}(?:\n|$|tel|\ue0ff|\())",
            re.IGNORECASE,
        ),
        "one",
    ),
    (
        re.compile(
            rf"(?<!\w)(?i:mit freundlichen grüßen|viele grüße|liebe grüße|beste grüße|best regards|kind regards|cordialement|"
            rf"atentamente|atenciosamente|cordiali saluti|met vriendelijke groet|z poważaniem|pozdrawiam|с уважением|з повагою|"
            rf"saygılarımla|trân trọng|hormat saya|mfg) (?P<name>{_WORDS})"
        ),
        "one",
    ),
    (
        re.compile(
            r"(?<!\w)(?P<name>[A-ZÇĞİÖŞÜ][a-zçğıöşü]{1,20}(?: [A-ZÇĞİÖŞÜ][a-zçğıöşü]{1,20}){0,2}) (?:[Bb]ey|[Hh]anım)(?!\w)"
        ),
        "one",
    ),
)
_LOWER_STOPS: Final = frozenset(
    """
    and i my from the but with order is in at on und ich aus mit wohne et je de habite y mi con
    soy e o eu moro il ho en ik woon z mieszkam и я из мой живу і мій ve ben sipariş và ở dari dan
    saya tinggal no nr not here calling writing wrong nicht falsch pas não non niet nie не yanlış
    sai salah about spelled misspelled
    """.split()  # noqa: SIM905
)


def names(text: str) -> Iterator[Place]:
    """Places of names after cue words.

    >>> text = "Dear Anna Berg, my name is piet van dam and I am Angry. 我叫王小明，张女士说没货"
    >>> [text[slice(*place)] for place in names(text)]
    ['piet van dam', 'Anna Berg', '王小明', '王小明', '张']
    """
    for pattern, demand in _CAPITALS:
        for match in pattern.finditer(text):
            start = match.start("name")
            length = _length(match["name"], demand)
            if length:
                yield start, start + length
    for pattern in _WHOLE:
        for match in pattern.finditer(text):
            yield match.span("name")


def _length(words: str, demand: str) -> int:
    """How much of `words` is a name: 0 when none of it."""
    taken: list[str] = []
    for word in words.split(" "):
        plain = word.strip(".,").casefold()
        capital = word[:1].isupper()
        shouted = demand == "two" and len(plain) > 1 and word.isupper()
        if plain in _NOBODY or shouted:
            break
        particle = plain in _PARTICLES and taken
        if not (capital or particle) and not (
            demand == "any"
            and len(set(taken) - _PARTICLES) < 2
            and plain not in _LOWER_STOPS
            and (not taken or taken[0][:1].islower())
        ):
            break
        taken.append(word)
        if word.endswith(".") and len(plain) > 3:
            break
    while taken and taken[-1].casefold() in _PARTICLES:
        taken.pop()
    if len(taken) < (2 if demand == "two" else 1) or all(len(w.strip(".")) < 2 for w in taken):
        return 0
    return len(" ".join(taken).rstrip("."))


# --- Scripts without capital letters -----------------------------------------------------------
_HAN: Final = "一-鿿"
#: The commonest surnames of China, simplified and traditional; those that mostly are other words
#: (安 装, 包 裹, 平 台, 高, 于, 单 号 ...) are left out.
_SURNAME: Final = (
    "(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅郑鄭梁谢謝宋唐许許韩韓"
    "冯馮邓鄧曹彭曾肖蕭萧田董袁潘蒋蔣蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范廖贾賈夏韦韋傅邹鄒孟熊秦邱薛侯雷龙龍"
    "段郝孔邵史毛赖賴武龚龔戴莫严嚴尹钱錢阎閻洪施倪柯翁])"
)
_STOP_HAN: Final = r"(?=[，。、,.!！？?；;\s:：(（的是在我订訂买買住电電手这這你想要有来來刚剛前昨今和，]|$|[A-Za-z\d\ue0ff])"
_JA_SURNAME: Final = (
    "(?:佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|林|斎藤|斉藤|清水|山崎|森|池田|橋本|阿部|"
    "石川|山下|中島|石井|小川|前田|岡田|長谷川|藤田|後藤|近藤|村上|遠藤|青木|坂本|福田|太田|西村|藤井|金子|岡本|中野|三浦|原田|松田|中川|竹内|小野|田村|和田|中山|石田|上田|森田|野口|大野|高木|菊地|千葉|久保|新井)"
)
_JA_NAME: Final = rf"(?:[{_HAN}々ヶ]{{1,4}}[ 　]?[{_HAN}々ァ-ヶー]{{0,4}}|[ァ-ヶー・]{{2,14}})"
_KO_SURNAME: Final = "[김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모]"
_TH: Final = r"[ก-๎]{2,20}"
_TH_FAMILY: Final = (
    rf"(?: (?!สั่ง|ซื้อ|ได้|ไม่|อยาก|ขอ|รอ|เป็น|โทร|เบอร์|ที่|ผม|ฉัน|ดิฉัน|ครับ|ค่ะ|นะ|เรา|มี|ของ|อยู่|สินค้า){_TH})?"
)
_AR: Final = "[ء-ي]{2,15}"
_AR_FAMILY: Final = rf"(?: (?!من|في|على|أنا|انا|لم|ولم|وقد|وطلبت|واشتريت|اشتريت|طلبت|رقم|ورقم|و[ء-ي]{{4}}){_AR}){{0,2}}"
_HI: Final = r"[ऀ-ॣ]{2,15}"
_HI_FAMILY: Final = rf"(?: (?!है|हूँ|हूं|और|ने|मेरा|से|का|की|को|जी){_HI}){{0,2}}"
_ANY_HAN: Final = rf"[{_HAN}]{{2,4}}"

_WHOLE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # Chinese
        rf"(?:我叫|本人叫|我是|我的名字(?:是|叫)|本人|名字叫做?|我姓名是)[ ]?(?P<name>{_SURNAME}[{_HAN}]{{1,2}}?{_STOP_HAN})",
        rf"(?:我叫|我的名字(?:是|叫)|本人叫)[ ]?(?P<name>{_SURNAME}[{_HAN}]{{2}})",
        rf"(?:姓名|收件人|收货人|收貨人|联系人|聯絡人|客户|签名|署名|此致|敬上)(?:姓名)?[:： ]{{1,2}}(?P<name>{_ANY_HAN})(?![{_HAN}])",
        rf"我姓(?P<name>{_SURNAME})",
        rf"(?<![{_HAN}])(?P<name>{_SURNAME}[{_HAN}]{{0,2}}?)(?=先生|女士|小姐|太太|师傅|師傅|经理|經理|老师|老師)",
        rf"(?:叫|找|给|給|和|跟|联系|聯絡|是|客服|尊敬的|亲爱的|親愛的|致)(?P<name>{_SURNAME}[{_HAN}]{{0,2}}?)(?=先生|女士|小姐|太太|师傅|師傅|经理|經理)",
        rf"(?:——|—|--|此致\s{{0,3}}敬礼[!！]?)\s{{0,3}}(?P<name>{_SURNAME}[{_HAN}]{{1,2}})\s{{0,8}}$",
        # Japanese
        rf"(?:私は|私、|わたしは|名前は|氏名は|購入者の|注文者の|客の)(?P<name>{_JA_NAME})(?=と申し|といい|と言い)",
        rf"(?P<name>(?<![{_HAN}ァ-ヶー]){_JA_NAME})(?=と申します|と申しま)",
        rf"(?:私は|私、|名前は|氏名は)(?P<name>{_JA_SURNAME}[ 　]?[{_HAN}ぁ-んァ-ヶー]{{0,4}}?)(?=です|でございます|。|、)",
        rf"(?:名前|氏名|お名前|宛名|受取人|ご担当)(?:は)?[:： ]{{1,2}}(?P<name>{_JA_NAME})",
        rf"(?P<name>{_JA_SURNAME}(?:[ 　]?[{_HAN}]{{1,3}})?)(?=様|さん|さま|氏|殿)",
        # Korean
        r"(?:제 이름은|내 이름은|이름은|성함은) ?(?P<name>[가-힣]{2,4}?)(?=입니다|이고|이에요|예요|이며|인데|라고|이라고|[ ,.])",
        rf"(?:저는|전) (?P<name>{_KO_SURNAME}[가-힣]{{2}})(?=입니다|이라고|라고|인데)",
        r"(?:이름|성명|수령인|받는 ?사람|받는분|주문자|구매자|고객명) ?[:：] ?(?!본인|경비)(?P<name>[가-힣]{2,4})",
        r"(?<![가-힣])(?P<name>[김이박최정강조윤장임한오서신권황안송류홍])(?=씨)",
        rf"(?<![가-힣])(?!장난)(?P<name>{_KO_SURNAME}[가-힣]{{2}})(?= ?(?:씨|고객님|드림|올림|님))",
        # Thai
        rf"(?:ผมชื่อ|ดิฉันชื่อ|ฉันชื่อ|หนูชื่อ|เราชื่อ|ชื่อผู้รับ|ผู้รับ|ชื่อ-สกุล|ชื่อลูกค้า|ชื่อผู้ซื้อ|เรียนคุณ|เรียน คุณ) ?[:：]? ?(?P<name>{_TH}{_TH_FAMILY})",
        rf"(?<![ก-๎])(?:นางสาว|นาย(?!หน้า|จ้าง|ทุน|ก)|นาง|ด\.ช\.) ?(?P<name>{_TH}{_TH_FAMILY})",
        # Arabic
        rf"(?<![ء-ي])(?:اسمي هو|اسمي|أنا اسمي|الاسم ?:|اسم المستلم ?:|المستلم ?:|السيدة|السيد|الأستاذة|الأستاذ|الأخ|الأخت)(?![ء-ي]) ?(?!ورقم|العميل|البائع|المتجر|فريق|خدمة)(?P<name>{_AR}{_AR_FAMILY})",
        rf"(?:مع تحياتي|تحياتي|مع خالص التحية|وشكرا|شكرا لكم|مع التحية)[،,]? ?\n?\s?(?P<name>{_AR}{_AR_FAMILY})\s{{0,8}}$",
        # Hindi
        rf"(?:मेरा नाम|मेरा पूरा नाम|नाम ?:|प्राप्तकर्ता ?:|श्रीमती|श्री|कुमारी|प्रिय) ?(?!ग्राहक|टीम|विक्रेता|महोदय)(?P<name>{_HI}{_HI_FAMILY})",
        rf"(?:भवदीय|भवदीया|धन्यवाद|सादर)[,।]? ?\n?\s?(?P<name>{_HI}{_HI_FAMILY})\s{{0,8}}$",
    )
)
