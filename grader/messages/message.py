"""A message is an id and values; its sentence is made where it is shown.

Each language has one catalogue: ``en.toml`` and ``ko.toml`` hold a template for every id, with
gaps such as ``{steps}`` for the values. In Korean, ``{what:이}`` adds the particle that fits;
``{reason:part}`` takes the full stop from a sentence that stands inside of another one.
"""

import json
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

from grader.messages.particles import with_particle

LANGUAGES = ("en", "ko")
TOGETHER = "run.together"
PART = "part"  # how a sentence fills a gap inside of another one
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Message:
    """``id`` is stable, such as ``loss.no_gradient``: translations and groups depend on it.
    ``values`` fill the gaps: plain JSON, or messages of their own."""

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.id, frozenset(self.values)))

    def __str__(self) -> str:
        """The sentence in English."""
        return sentence(self)

    def to_json(self) -> dict[str, Any]:
        """As ``from_json`` reads it."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"id": self.id, "values": values}

    @classmethod
    def from_json(cls, record: Any) -> Self:
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in record["values"].items()
        }
        return cls(record["id"], values)


Said = Message | str
"""A message, or a sentence in English that has no id."""


def say(id: str, /, **values: Any) -> Message:
    """The message with these values. ``KeyError`` if no catalogue holds the id."""
    templates("en")[id]
    return Message(id, values)


def together(*said: Said, by: str = TOGETHER) -> Said:
    """Sentences one after the other, or parts of one; empty texts are left out."""
    whole: Said = ""
    for one in said:
        if one:
            whole = Message(by, {"first": whole, "second": one}) if whole else one
    return whole


def parts_of(said: Said) -> Iterator[Said]:
    """What ``together`` was given."""
    if isinstance(said, Message) and said.id == TOGETHER:
        for name in ("first", "second"):
            yield from parts_of(said.values[name])
    elif said:
        yield said


def messages_in(said: Said) -> Iterator[Message]:
    """The message and those in its values."""
    if isinstance(said, Message):
        yield said
        for value in said.values.values():
            yield from messages_in(value)


def sentence(said: Said, language: str = "en") -> str:
    """The sentence in this language; a text that has no id stays as it is.

    ``KeyError`` if the catalogue does not hold the id, or a value is lacking.
    """
    if isinstance(said, str):
        return said
    values = {
        name: sentence(value, language) if isinstance(value, Said) else value
        for name, value in said.values.items()
    }
    return filled(templates(language)[said.id], values)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with values in its gaps, and the particles that fit them."""
    return template.format(**{name: _Filled(value) for name, value in values.items()})


def said_in(record: Mapping[str, Any]) -> Said:
    """What a check or a flag of ``result.json`` says. The stored sentence where it has no id, as
    older results, or one that this version cannot say."""
    text = str(record["message"])
    if record.get("message_id") is None:
        return text
    try:
        return _said(json.dumps({"id": record["message_id"], "values": record["values"]}))
    except (LookupError, ValueError, AttributeError, TypeError, RecursionError):
        return text


@lru_cache(maxsize=2**12)
def _said(text: str) -> Message:
    """The message that this JSON is, if it can be said; a class's messages are mostly the same."""
    said = Message.from_json(json.loads(text))
    sentence(said)
    return said


def said_by_probe(facts: Mapping[str, Any]) -> Said:
    """Why a probe gives no more: its ``problem`` and ``values``, read without trust. Empty if it
    has none, or none that can be said."""
    if "problem" not in facts:
        return ""
    return said_in({"message": "", "message_id": facts["problem"], "values": facts.get("values")})


def said_json(said: Said) -> dict[str, Any]:
    """What ``said_in`` reads."""
    known = said.to_json() if isinstance(said, Message) else {"id": None, "values": {}}
    return {"message": sentence(said), "message_id": known["id"], "values": known["values"]}


@cache
def templates(language: str) -> Mapping[str, str]:
    """Every template of a language by its id."""
    rooms = tomllib.loads((_HERE / f"{language}.toml").read_text("utf-8"))
    return {f"{room}.{name}": text for room, names in rooms.items() for name, text in names.items()}


def gaps(template: str) -> set[str]:
    """The names of what a template leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@dataclass(frozen=True)
class _Filled:
    """What fills a gap: formatted as usual, with a Korean particle behind it, or without the full
    stop at its end."""

    value: Any

    def __format__(self, how: str) -> str:
        if self.value is None:  # no finite number
            return "?"
        if how == PART:
            return str(self.value).rstrip(".")
        text = with_particle(str(self.value), how)
        if text is None:
            return self.value if isinstance(self.value, str) else format(self.value, how)
        return text
