"""What the quarterly report says, in English and Chinese."""

from typing import Final, NamedTuple

#: Languages of the report.
LANGUAGES: Final = ("en", "zh-Hans")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Complaints, quarter {quarter} of {year}", "{year}年第{quarter}季度投诉报告"),
    "so_far": (", so far, to {now}", "（尚未结束，截至 {now}）"),
    "about": (
        "{count} complaints that came in from {start} to {end} (UTC), as known on {now}.",
        "{start} 至 {end}（UTC）共收到投诉 {count} 件，数据截至 {now}。",
    ),
    "public_about": (
        "{count} complaints that came in from {start} to {end} (UTC), as known on {now}. Numbers "
        "below {least}, and those that would tell them, are hidden (—).",
        "{start} 至 {end}（UTC）共收到投诉 {count} 件，数据截至 {now}。"
        "小于 {least} 的数字及可能推算出它们的数字均已隐去（—）。",
    ),
    "few": ("Few", "少量"),
    "all": ("All", "合计"),
    "yes": ("met", "达标"),
    "no": ("not met", "未达标"),
    "quality": ("Quality", "质量"),
    "logistics": ("Logistics", "物流"),
    "service": ("Service", "服务"),
    "policy": ("Policy", "政策"),
    "headlines_heading": ("How it went", "总体情况"),
    "headlines_note": (
        "Times count complaints that are still open (Kaplan-Meier); … means that too many are open "
        "to say.",
        "时长已计入未结投诉（Kaplan-Meier 估计）；“…”表示未结过多，尚无法得出。",
    ),
    "type_heading": ("By type", "按类型"),
    "type_note": (
        "Type, result and handling time (median).",
        "投诉类型、处理结果与处理时长（中位数）。",
    ),
    "month_heading": ("By month", "按月"),
    "month_note": ("By when the complaint came in.", "按投诉收到时间。"),
    "language_heading": ("By language", "按语言"),
    "language_note": ("und: not recognised.", "und：未识别。"),
    "team_heading": ("By team", "按团队"),
    "team_note": ("Who got the complaint.", "受理团队。"),
    "country_heading": ("By country", "按国家"),
    "country_note": ("– : not known.", "–：未知。"),
    "channel_heading": ("By channel", "按渠道"),
    "channel_note": ("– : not known.", "–：未知。"),
    "measure": ("Measure", "指标"),
    "value": ("Value", "数值"),
    "n": ("Complaints counted", "计入件数"),
    "wanted": ("Wanted", "目标"),
    "met": ("Met", "是否达标"),
    "type": ("Type", "类型"),
    "month": ("Month", "月份"),
    "language": ("Language", "语言"),
    "team": ("Team", "团队"),
    "country": ("Country", "国家"),
    "channel": ("Channel", "渠道"),
    "complaints": ("Complaints", "投诉数"),
    "share": ("Share", "占比"),
    "resolved": ("Resolved", "已解决"),
    "open": ("Open", "未解决"),
    "resolved_share": ("Resolved %", "解决率"),
    "first_response": ("First answer", "首次响应"),
    "resolution": ("Resolution", "解决时长"),
    "first_response_median": ("First answer, median", "首次响应时长（中位数）"),
    "first_response_p90": ("First answer, nine in ten", "首次响应时长（90 分位）"),
    "answered_within_24h": ("Answered within 24 hours", "24 小时内响应率"),
    "deadline_met": ("Answered by its deadline", "按时响应率"),
    "resolution_median": ("Resolution, median", "解决时长（中位数）"),
    "resolution_p90": ("Resolution, nine in ten", "解决时长（90 分位）"),
    "resolution_rate": ("Resolved", "解决率"),
    "reopen_rate": ("Came back after being resolved", "重开率"),
    "satisfaction": ("Satisfied customers", "客户满意度"),
    "satisfaction_answered": ("Answered the satisfaction question", "满意度问卷回收率"),
}


class Words(NamedTuple):
    """Looks words up in one language; what is not known is itself (a label of one's own model)."""

    language: str = LANGUAGES[0]

    def __call__(self, key: str) -> str:
        if key not in _WORDS:
            return key
        return _WORDS[key][LANGUAGES.index(self.language)]
