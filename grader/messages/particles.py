"""Korean particles, which differ after a consonant, after a vowel and after "ㄹ"."""

import re

PAIRS = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
"""The particle after a consonant, and that after a vowel."""

_DIGIT_ENDS = dict(zip("0123456789", "ㅇㄹ-ㅁ--ㄱㄹㄹ-", strict=True))  # 영, 일, 이, ..
_LETTER_ENDS = dict(zip("lmnr", "ㄹㅁㄴㄹ", strict=True))  # as their names end: 엘 엠 엔 알
_WORD_ENDS = {  # 샘플, 코사인, 네임, 러닝, 텐서, 유넷, 집
    "le": "ㄹ",
    "ne": "ㄴ",
    "me": "ㅁ",
    "ing": "ㅇ",
    "r": "-",
    "net": "ㅅ",
    "zip": "ㅂ",
}
_LAST_WORD = re.compile(r"([A-Za-z]+|[0-9]|[가-힣])[^A-Za-z0-9가-힣]*$")


def with_particle(text: str, particle: str) -> str | None:
    """The text with the particle that fits its last syllable; None if ``particle`` is none."""
    if particle not in PAIRS:
        return None
    end = _end_of(text)
    vowel = end == "-" or (end == "ㄹ" and particle == "으로")
    return text + (PAIRS[particle] if vowel else particle)


def _end_of(text: str) -> str:
    """What the last syllable ends on: "-" for a vowel, "ㄹ", or another consonant."""
    found = _LAST_WORD.search(text[-80:])
    if found is None:
        return "-"
    word = found[1]
    if "가" <= word <= "힣":
        final = (ord(word) - ord("가")) % 28
        return {0: "-", 8: "ㄹ"}.get(final, "ㅇ")
    if word.isdigit():
        return _DIGIT_ENDS[word]
    word = word.lower()
    known = (sound for end, sound in _WORD_ENDS.items() if len(word) > 1 and word.endswith(end))
    return next(known, None) or _LETTER_ENDS.get(word[-1], "-")
