"""The student's language: the program's own words, and the checks' sentences.

The checks write their sentences in English, with numbers and names in them. A catalogue holds each
as a template, with ``{}`` where those stand; what it does not hold stays English.
"""

import gettext
import re
from functools import cached_property
from pathlib import Path

from grader.messages.message import Said, sentence

CATALOGUES = Path(__file__).with_name("locale")
LANGUAGES = ("en", "ko")
_GAP = re.compile(r"\{\w*\}")
_END = re.compile(r"(?<=[.!?]) (?=\S)")


class Words:
    """``words(text)`` is the program's own text, ``words.sentence(text)`` a check's message.

    The texts of ``language`` are in ``catalogue``, or else in the compiled ones beside this file.
    """

    def __init__(self, language: str, catalogue: gettext.NullTranslations | None = None) -> None:
        self._language = language
        self._catalogue = catalogue or gettext.translation(
            "selfcheck", CATALOGUES, languages=[language], fallback=True
        )

    def __call__(self, text: str) -> str:
        return self._catalogue.gettext(text)

    def sentence(self, said: Said) -> str:
        """The message in this language. A text without an id is looked for in the catalogue as a
        whole, else sentence by sentence."""
        return sentence(said, self._language, self._of_text)

    def _of_text(self, text: str) -> str:
        whole = self._known(text)
        if whole is not None:
            return whole
        parts = _END.split(text)
        return " ".join(self._known(part) or part for part in parts)

    def _known(self, text: str) -> str | None:
        for pattern, translated in self._templates:
            if match := pattern.fullmatch(text):
                filled = {name: self._value(value) for name, value in match.groupdict().items()}
                return translated.format(**filled)
        return None

    def _value(self, text: str) -> str:
        """What stands in a gap may be known itself, as a phrase or as sentences."""
        return self._of_text(text)

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        """Patterns of the catalogue's English texts; those that say the most themselves first."""
        catalogue = getattr(self._catalogue, "_catalog", {})
        texts = sorted(filter(None, catalogue), key=lambda text: -len(_GAP.sub("", text)))
        return [(pattern_of(text), self._catalogue.gettext(text)) for text in texts]


def pattern_of(template: str) -> re.Pattern[str]:
    """Matches the template with anything in its gaps."""
    literal = _GAP.split(template)
    names = [gap[1:-1] for gap in _GAP.findall(template)]
    parts = [re.escape(literal[0])]
    for name, text in zip(names, literal[1:], strict=True):
        parts.append(f"(?P<{name}>.+?){re.escape(text)}")
    return re.compile("".join(parts), re.DOTALL)
