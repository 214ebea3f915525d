import random

import pytest

from pipeline.errors import InputError
from pipeline.intake.encoding import detect
from tests.intake.intake_cases import cases


@pytest.mark.parametrize("case", cases("encodings"))
def test_found(case, tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(case["text"].encode(case["encoding"]))
    assert detect(path) == case["encoding"]


@pytest.mark.parametrize("case", cases("encodings"))
def test_the_users_word_reads_the_same(case, tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(case["text"].encode(case["encoding"]))
    name = detect(path, given=case["encoding"])
    assert path.read_bytes().decode(name) == case["text"]


def test_a_line_in_a_legacy_encoding_is_found_behind_a_thousand_ascii_lines(tmp_path):
    path = tmp_path / "export.csv"
    text = "id,text\n" + "1,late again\n" * 40_000 + "2,快递三天没到，客服也不回\n"
    path.write_bytes(text.encode("gb18030"))
    assert detect(path) == "gb18030"


def test_utf8_with_broken_bytes_is_still_utf8(tmp_path):
    path = tmp_path / "export.csv"
    good = "id,text\n1,快递三天没到，客服也不回\n".encode()
    path.write_bytes(good + b"2,bad \xff\xfe byte\n")
    assert detect(path) == "utf-8"


def test_gb18030_with_broken_bytes_is_still_gb18030(tmp_path):
    path = tmp_path / "export.csv"
    good = "id,text\n1,快递三天没到，客服也不回\n2,收到就是坏的\n".encode("gb18030")
    path.write_bytes(good + b"3,bad \xff byte\n")
    assert detect(path) == "gb18030"


def test_wrong_word_of_the_user(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes("工单号,投诉内容\n1,快递三天没到\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"is not utf-8: .* It looks like gb18030"):
        detect(path, given="utf-8")
    with pytest.raises(InputError, match="Unknown encoding 'gbk2'"):
        detect(path, given="gbk2")


def test_random_bytes_raise_nothing(tmp_path):
    path = tmp_path / "export.csv"
    for seed in range(20):
        path.write_bytes(random.Random(seed).randbytes(500))
        assert detect(path)


CHINESE = "工单号,投诉内容\n" + "".join(
    f"{i},退款退款，快递三天没到，客服也不回\n" for i in range(40)
)
RUSSIAN = "номер,текст\n1,посылка пришла разбитой\n2,где мой заказ\n"


@pytest.mark.parametrize("text", [CHINESE, RUSSIAN, "номер,текст\r\n1,где\r\n"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark(tmp_path, text, encoding):
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding))
    assert detect(path) == encoding


def test_zero_bytes_in_utf8_are_no_wide_characters(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(CHINESE.replace(",", ",\0\0").encode())
    assert detect(path) == "utf-8"


def test_what_is_full_of_zero_bytes_and_no_text_has_no_code_page(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(b"\x7fELF\xcf\x01\0\0\0\xd0\xfe\n\0\0\xc3\0" * 50)
    with pytest.raises(InputError, match="is no text file: 300 of its first 800 bytes are zero"):
        detect(path)


@pytest.mark.parametrize("given", ["undefined", "idna", "punycode", "utf-16", "utf-32"])
def test_codecs_that_give_up_at_once(tmp_path, given):
    path = tmp_path / "export.csv"
    path.write_bytes("工单号,投诉内容\n1,快递三天没到\n".encode())
    with pytest.raises(InputError, match=given):
        detect(path, given=given)
