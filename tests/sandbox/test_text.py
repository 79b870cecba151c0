"""Text of students, made safe."""

from grader.sandbox.text import MESSAGE_CHARACTERS, clean, one_line


def test_escape_sequences_disappear() -> None:
    text = "\x1b[0;31mError\x1b[0m \x1b]0;title\x07 \x1b]8;;http://x\x1b\\link \x9b31m"
    assert clean(text) == "Error  link 31m"


def test_korean_and_lines_stay() -> None:
    assert clean("잘못된 값\n\t줄") == "잘못된 값\n\t줄"


def test_long_text_loses_its_middle() -> None:
    assert clean("a" * 50 + "b" * 50, 25) == "a" * 10 + " ... " + "b" * 10


def test_messages_are_one_short_line() -> None:
    assert one_line("a\n b\r\nc") == "a b c"
    assert len(one_line("x" * 10**7)) == MESSAGE_CHARACTERS
