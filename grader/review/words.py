"""The workbench's words in the reviewer's language, and messages in it."""

from grader.checks.items import known_items
from grader.messages.message import Said, sentence
from grader.review.korean import KOREAN

LANGUAGES = ("en", "ko")


class Words:
    """``words(text)`` is the workbench's own text, ``words.sentence(said)`` what is said by a
    message."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._own = KOREAN if language == "ko" else {}

    def __call__(self, text: str) -> str:
        return self._own.get(text, text)

    def title(self, item: str) -> str:
        """What an item is called; its id if the rubric has it no more."""
        known = known_items().get(item)
        return item if known is None else known.title[self.language]

    def sentence(self, said: Said) -> str:
        """In this language; a sentence without an id, of an older result, stays as it is."""
        return sentence(said, self.language)
