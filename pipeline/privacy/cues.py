"""Words that announce a number: what follows is a telephone, an order, a card, a passport."""

import re
from typing import Final

#: How far before a number its cue may stand, in characters.
REACH: Final = 36

PHONE_CUES: Final = "|".join(
    r"""
    \bt[eé]l\w{0,12} \bphone\w{0,8} \bmobil\w{0,8} \bcell\w{0,5} \bcall\w{0,4} \bwhats?app \bsms
    \bring\ me \breach\ me \bcontact\b \bnumber\ is \bviber \bfax \bfone \bfon \btext\ me
    \banruf\w{0,4} \brückruf\w{0,12} \bhandy\w{0,10} \berreich\w{0,5} \bnummer\ ist \brufnummer
    \bappel\w{0,4} \bportable \bjoign\w{0,4} \bnuméro\ est \bteléfono\w{0,2} \bllám\w{0,8} \bllamar\w{0,4}
    \bmóvil \bcelular \bcontacto \blig\w{0,6} \btelemóvel \bcontato \bchiam\w{0,6} \bcellulare
    \brecapito \bbel\ me \bbellen \bbereik\w{0,5} \bgsm \bkomórk\w{0,6} \bzadzwo\w{0,6} \bdzwoni\w{0,3}
    \bтел\w{0,10} \bзвон\w{0,8} \bпозвон\w{0,6} \bперезвон\w{0,6} \bмоб\w{0,10} \bномер\ мой
    \bдзвон\w{0,6} \bзателефон\w{0,8} \bara\w{0,6} \bcep\b \btelepon\w{0,4} \bhubung\w{0,4} \bhp\b \bno\.?\ wa\b \bwa\b
    \bnomor\ saya \bhubungi \bđiện\ thoại \bsđt \bđt\b \bgọi\w{0,4} \bliên\ hệ \bzalo\ số \bsố\ máy
    โทร\w{0,8} เบอร์\w{0,8} ติดต่อ\w{0,5} มือถือ फ़?फोन फ़ोन मोबाइल नंबर\ है संपर्क कॉल व्हाट्सएप
    هاتف\w{0,4} جوال\w{0,4} موبايل\w{0,3} رقمي تلفون\w{0,3} تليفون\w{0,3} اتصل\w{0,4} واتساب للتواصل
    电话 電話 手机 手機 座机 联系方式 聯絡 致电 打给 打我 拨打 联系我 联系 热线 携帯 でんわ 連絡先
    전화\w{0,4} 연락처?\w{0,2} 휴대폰\w{0,3} 핸드폰\w{0,3} 폰번호 번호는 ☎ 📞 📱
    """.replace(r"\ ", "\x00").split()
).replace("\x00", r"\ ")

ORDER_CUES: Final = "|".join(
    r"""
    \border\w{0,3} \btracking\w{0,3} \bparcel \binvoice \bticket\w{0,3} \bcase\b \bref\w{0,8} \bserial \bimei \bsku
    \bcnpj \bprotocol\w{0,2} \bzip\b \bpostcode \bplz\b \bshipment \bconsignment \bawb \bwaybill \bbarcode \bean\b \bupc\b \basin\b \bmodel\w{0,2} \btransaction \bitem
    \bbestel\w{0,14} \bauftrag\w{0,10} \bsendung\w{0,12} \bpaket\w{0,12} \brechnung\w{0,10} \bartikel\w{0,8}
    \bvorgang\w{0,8} \bkundennummer \bcommande\w{0,2} \bcolis \bsuivi \bfacture \bpedido\w{0,2} \bseguimiento
    \bfactura \benvío \bencomenda \brastre\w{0,8} \bfatura \bnota\ fiscal \bordine \bspedizione \bfattura
    \btracciamento \bzending\w{0,4} \bfactuur\w{0,6} \bzamówieni\w{0,3} \bprzesyłk\w{0,3}
    \bpaczk\w{0,3} \bfaktur\w{0,3} \bзаказ\w{0,3} \bтрек\w{0,6} \bпосылк\w{0,3} \bчек\w{0,2} \bнакладн\w{0,3}
    \bзамовлен\w{0,4} \bпосилк\w{0,3} \bттн \bsipariş\w{0,8} \bkargo\w{0,4} \btakip \bpesanan\w{0,3} \bresi\b \bfaktur
    \binvois \bđơn\w{0,2} \bmã\ \w{0,5} \bvận\ đơn คำสั่งซื้อ\w{0,6} ออเดอร์ พัสดุ\w{0,4} เลขที่ ऑर्डर ट्रैकिंग पार्सल
    طلب\w{0,5} الطلب\w{0,3} طلبي شحنة الشحنة تتبع التتبع فاتورة الفاتورة
    订单\w{0,3} 訂單\w{0,3} 单号 單號 运单 運單 快递 包裹 物流 流水号 交易号 型号 序列号 货号 編號 编号
    注文\w{0,3} 追跡\w{0,3} 伝票 受付 問い合わせ番号 注番 주문\w{0,3} 운송장\w{0,3} 송장\w{0,3} 접수\w{0,3} \# №
    """.replace(r"\ ", "\x00").split()
).replace("\x00", r"\ ")

CARD_CUES: Final = (
    r"\bcard\w{0,3}|\bvisa\b|\bmaster\s?card|\bamex|\bkarte\w{0,8}|\bkreditkart\w{0,10}|\bcarte\b|"
    r"\btarjeta|\bcart[ãa]o|\bcarta\b|\bkaart\w{0,7}|\bkart[aąyęu]?\w{0,3}|\bкарт\w{0,3}|\bkartu|\bkad\b|"
    r"\bthẻ|บัตร\w{0,6}|कार्ड|بطاق\w{0,4}|البطاقة|卡号|卡號|银行卡|信用卡|カード\w{0,3}|카드\w{0,4}|卡"
)

PASSPORT_CUES: Final = "|".join(
    r"""
    passport\w{0,3} reisepass\w{0,8} passnummer passnr\.? passeport pasaporte passaport[eo] paspoort\w{0,6} paszport\w{0,3}
    загранпаспорт\w{0,2} паспорт\w{0,3} pasaport\w{0,5} paspor\b pasport\b hộ\ chiếu หนังสือเดินทาง พาสปอร์ต पासपोर्ट
    جواز(?:\ سفر\w{0,3}|\ السفر)? 护照\w{0,2} 護照\w{0,2} パスポート\w{0,3} 旅券\w{0,2} 여권\w{0,4}
    """.replace(r"\ ", "\x00").split()
).replace("\x00", " ")

_ORDER: Final = re.compile(ORDER_CUES, re.IGNORECASE)
_PHONE: Final = re.compile(PHONE_CUES, re.IGNORECASE)
_CARD: Final = re.compile(CARD_CUES, re.IGNORECASE)
#: A cue does not reach into the next sentence; "Tel." and "No." end none.
_SENTENCE_END: Final = re.compile(r"[!?。！？]|(?<=\w{4})\.(?=\s)|\n\n")
_COMPILED: Final = {PHONE_CUES: _PHONE, CARD_CUES: _CARD}


def nearest_is_order(text: str, start: int, other: str) -> bool:
    """Whether the nearest cue before `start` says order or parcel and not `other`."""
    return nearest(text, start, other) == "order"


def nearest(text: str, start: int, other: str) -> str:
    """Name the nearest cue before `start`: "order", "other", or "" when there is none."""
    before = _SENTENCE_END.split(text[max(0, start - REACH) : start])[-1]
    order, wanted = _last(_ORDER, before), _last(_COMPILED[other], before)
    if order == wanted:
        return "other" if order >= 0 else ""
    return "order" if order > wanted else "other"


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match ends, -1 without one."""
    return max((match.end() for match in pattern.finditer(text)), default=-1)
