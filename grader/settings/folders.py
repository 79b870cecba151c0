"""Which folder of a submission holds which of the four settings, and its three files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

PREDICTIONS, SCHEDULES = ("epsilon", "sample"), ("linear", "cosine")
SETTINGS = tuple(f"{p}_{s}" for p in PREDICTIONS for s in SCHEDULES)
FILES = {"image": "image_final.png", "gif": "gif_final.gif", "checkpoint": "model_final.pth"}
"""What the notebook leaves in the folder of a setting."""

_LOOKS_LIKE = {
    "image": re.compile(r"\.(png|jpe?g)$", re.IGNORECASE),
    "gif": re.compile(r"\.gif$", re.IGNORECASE),
    "checkpoint": re.compile(r"\.(pth|pt|ckpt)$", re.IGNORECASE),
}
MISSPELT = 0.7  # likeness of a word to the one that is meant
_WORDS = {
    "epsilon": re.compile(r"eps|noise", re.IGNORECASE),
    "sample": re.compile(r"sample|x_?0|x_?start", re.IGNORECASE),
    "linear": re.compile(r"lin", re.IGNORECASE),
    "cosine": re.compile(r"cos", re.IGNORECASE),
}


@dataclass(frozen=True)
class SettingFiles:
    """The files of one setting by kind ("image", "gif", "checkpoint"), those that there are.

    ``notes``: a sentence for each name that is not the notebook's own.
    """

    setting: str
    files: Mapping[str, Path]
    notes: tuple[str, ...]


def setting_of(name: str) -> str | None:
    """The setting that a folder's name means; None if it means none or several."""
    for setting in SETTINGS:
        if name.lower().startswith(f"results_{setting}"):
            return setting
    said = {word for word, pattern in _WORDS.items() if pattern.search(name)}
    prediction, schedule = (_meant(name, said, names) for names in (PREDICTIONS, SCHEDULES))
    return f"{prediction}_{schedule}" if prediction and schedule else None


def _meant(name: str, said: set[str], names: tuple[str, ...]) -> str | None:
    """The one of ``names`` that is said; where none is, the one that a word nearly is."""
    found = said & set(names)
    if not found:
        words = re.split(r"[^a-z]+", name.lower())
        found = {close for word in words for close in get_close_matches(word, names, 1, MISSPELT)}
    return found.pop() if len(found) == 1 else None


def find_settings(root: Path) -> dict[str, SettingFiles]:
    """The settings of an unpacked submission, those that there are, in the notebook's order.

    A folder whose name only nearly is the notebook's counts where the right one is not there.
    """
    found: dict[str, dict[str, list[tuple[bool, str, Path]]]] = {}
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        # a file name may carry the folders of Windows
        parts = str(path.relative_to(root)).replace("\\", "/").split("/")
        setting, folder = _nearest(parts[:-1])
        kind = next((k for k, looks in _LOOKS_LIKE.items() if looks.search(parts[-1])), None)
        if setting is None or kind is None:
            continue
        exact = folder == f"results_{setting}" and parts[-1] == FILES[kind]
        where = "/".join(parts)
        found.setdefault(setting, {}).setdefault(kind, []).append((exact, where, path))
    return {name: _chosen(name, found[name]) for name in SETTINGS if name in found}


def _nearest(folders: list[str]) -> tuple[str | None, str]:
    """The innermost folder whose name is a setting's; else what all names say together."""
    for folder in reversed(folders):
        if (setting := setting_of(folder)) is not None:
            return setting, folder
    return setting_of("/".join(folders)), ""


def _chosen(setting: str, kinds: Mapping[str, list[tuple[bool, str, Path]]]) -> SettingFiles:
    files, notes = {}, []
    for kind, name in FILES.items():
        candidates = kinds.get(kind, [])
        if not candidates:
            continue
        # the right name, else one that says it is the final one, else the last
        exact, where, path = max(candidates, key=lambda c: (c[0], "final" in c[1].lower(), c[1]))
        files[kind] = path
        if not exact:
            notes.append(f"{where} was taken for results_{setting}/{name}.")
    return SettingFiles(setting, files, tuple(notes))
