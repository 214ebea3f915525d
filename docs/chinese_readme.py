"""Keep README.zh-CN.md in step with README.md: the commands are copied, never typed twice.

    python docs/chinese_readme.py

``make readme`` runs it. The words are translated by people; a test compares the headings.
"""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ENGLISH: Final = ROOT / "README.md"
CHINESE: Final = ROOT / "README.zh-CN.md"
#: What is a command; printed output (``text``) is not.
_COMMANDS: Final = re.compile(r"^```(?:bash|console|python)\n.*?^```$", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """The blocks of commands in a document, in order."""
    return _COMMANDS.findall(text)


def headings(text: str) -> list[str]:
    """The levels of the headings outside of code: ``#``, ``##`` ..."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(#+) ", outside, re.MULTILINE)


def in_step(english: str, chinese: str) -> str:
    """`chinese` with the commands of `english`.

    >>> in_step("```bash\\nnew\\n```", "中文\\n```bash\\nold\\n```")
    '中文\\n```bash\\nnew\\n```'

    :raises ValueError: There are more or fewer blocks than in English.
    """
    wanted, found = commands(english), commands(chinese)
    if len(wanted) != len(found):
        raise ValueError(
            f"README.md has {len(wanted)} blocks of commands, README.zh-CN.md {len(found)}. "
            "Add or remove one there."
        )
    blocks = iter(wanted)
    return _COMMANDS.sub(lambda _: next(blocks), chinese)


if __name__ == "__main__":
    CHINESE.write_text(
        in_step(ENGLISH.read_text(encoding="utf-8"), CHINESE.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
