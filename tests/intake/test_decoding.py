"""The text of a file comes from its bytes in whatever encoding, and in time that grows with it."""

from grader.intake.decoding import text_of

PICTURE = b'"image/png": "' + b"A" * 2_000_000 + b'",\n'  # as notebooks hold them: one long line


def test_a_long_line_of_plain_letters_does_not_slow_the_guess_of_an_encoding() -> None:
    words = "확산 모델의 손실과 표본을 구합니다".encode("cp949")
    text, said = text_of(PICTURE + b'"source": "' + words + b'"', "a.ipynb")
    assert text.endswith('"확산 모델의 손실과 표본을 구합니다"')
    assert str(said) == "a.ipynb is written in cp949, not in UTF-8."
