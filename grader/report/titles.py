"""What the items and checks of the rubric are called in words."""

from collections.abc import Sequence

from grader.assignment import SETTING
from grader.checks.items import known_items
from grader.messages.message import Message, sentence, templates


def item_title(item: str, language: str = "en") -> str:
    """Such as ``Noise schedule``, or ``Setting epsilon, linear``."""
    known = known_items().get(item)
    return known.title[language] if known else item.replace("_", " ").capitalize()


def short_title(item: str) -> str:
    """Of a setting below the settings' common title, such as ``sample, cosine``."""
    if item.startswith(SETTING):
        return item.removeprefix(SETTING).replace("_", ", ")
    return item_title(item)


def item_titles(items: Sequence[str]) -> str:
    """Of several; two or more settings are one, such as ``Clear digits, 4 settings``."""
    settings = [item for item in items if item.startswith(SETTING)]
    alone = [item for item in items if len(settings) < 2 or item not in settings]
    names = [item_title(item) for item in alone]
    return ", ".join([*names, *([f"{len(settings)} settings"] if len(settings) > 1 else [])])


def check_title(check: str, language: str = "en") -> str:
    """Of a check below its item's title, such as ``Cosine schedule``; entries keep their names."""
    item, _, name = check.partition(".")
    if item == "schedule_parameters":
        return name
    if f"title.{name}" in templates(language):
        return sentence(Message(f"title.{name}"), language)
    return name.replace("_", " ").capitalize()


def full_title(check: str, language: str = "en") -> str:
    """Of a check that stands alone, such as ``Sampling: epsilon prediction``."""
    item, name = check.partition(".")[0], check_title(check, language)
    if item in ("beta_schedule", "image_quality"):
        return name
    small = name if item == "schedule_parameters" else name[:1].lower() + name[1:]
    return f"{item_title(item, language)}: {small}"
