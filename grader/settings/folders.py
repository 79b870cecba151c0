"""Which folder of a submission holds which of the four settings, and its three files."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path, PurePath

from grader.assignment import PREDICTIONS, SCHEDULES, SETTINGS
from grader.intake.paths import is_junk, printable
from grader.intake.records import Unread
from grader.messages.message import Message, say

FILES = {"image": "image_final.png", "gif": "gif_final.gif", "checkpoint": "model_final.pth"}
"""What the notebook leaves in the folder of a setting."""

_PICTURES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff")
_RARE = ("avif", "heic", "heif", "jxl", "jp2", "tga", "ppm", "pgm", "pnm", "ico", "psd")
_VIDEOS = ("mp4", "webm", "mov", "avi", "mkv", "m4v", "wmv", "flv", "ogv", "mpg", "mpeg", "3gp")
_ANIMATIONS = ("gif", "apng", *_VIDEOS, "html", "htm")
_ENDINGS = {
    "image": (*_PICTURES, *_RARE, "svg", "pdf", "eps", "npy", "npz", "pt"),
    "gif": (*_ANIMATIONS, *_PICTURES, *_RARE, "npy"),
    "checkpoint": ("pth", "pt", "ckpt", "safetensors", "bin", "pkl", "pickle", "h5", "zip", "tar"),
}
"""Forms that students save these in; the grader can read some, and people the others."""
_MEANT = {  # by its ending, where the name does not say what it is
    **dict.fromkeys((*_PICTURES, *_RARE, "svg", "pdf"), "image"),
    **dict.fromkeys(_ANIMATIONS, "gif"),
    **dict.fromkeys(("pth", "pt", "ckpt", "safetensors"), "checkpoint"),
}
_SAID = {
    "gif": re.compile(r"gif|anim|video|movie"),
    "image": re.compile(r"ima?g|pic|grid"),
    "checkpoint": re.compile(r"model|ckpt|checkpoint|weight|state|ddpm"),
}
_READ = {
    "image": _PICTURES,
    "gif": ("gif", "apng", "html", "htm", *_PICTURES),
    "checkpoint": ("pth", "pt"),
}
_AGAIN = re.compile(r"( ?\(\d+\)|[-_ ]\d{1,2}|[-_ ]copy)$")  # of numbered downloads
MISSPELT = 0.7  # likeness of a word to the one that is meant
WORD, MOST_WORDS = range(4, 14), 40  # letters of a word so like one; of a name, the last words
_WORDS = {
    "epsilon": re.compile(r"(?<!st)eps|noise|엡실론|입실론|노이즈|잡음"),
    "sample": re.compile(r"sample(?![sdr])|(?<!\d)x_?0(?!\d)|x_?start|샘플|원본"),
    "linear": re.compile(r"linear|lin(?![a-z])|선형|리니어"),
    "cosine": re.compile(r"cosin|cos(?![a-z])|코사인"),
}
_RESULTS = re.compile(r"result|setting|exp|run|output|결과")


@dataclass(frozen=True)
class SettingFiles:
    """The files of one setting by kind ("image", "gif", "checkpoint"), those that there are.

    ``notes``: a sentence for each name that is not the notebook's own.
    """

    setting: str
    files: Mapping[str, Path]
    notes: tuple[Message, ...]

    def name(self, kind: str) -> str:
        """What its file of this kind is called, safe to show; the notebook's name if there is
        none."""
        return printable(self.files[kind].name) if kind in self.files else FILES[kind]


@dataclass(frozen=True)
class Said:
    """What a file's path says: of which setting it is, of which kind, and under which folder."""

    setting: str | None
    kind: str | None
    folder: str
    name: str
    ending: str

    @property
    def exact(self) -> bool:
        """Whether it is where the notebook puts it."""
        by_name = self.kind is not None and self.name == FILES[self.kind]
        return by_name and self.folder == f"results_{self.setting}"


@lru_cache(4096)
def setting_of(name: str) -> str | None:
    """The setting that a folder's name means; None if it means none or several."""
    name = unicodedata.normalize("NFC", name).lower()
    for setting in SETTINGS:
        if name.startswith(f"results_{setting}"):
            return setting
    said = {word for word, pattern in _WORDS.items() if pattern.search(name)}
    prediction, schedule = (_meant(name, said, names) for names in (PREDICTIONS, SCHEDULES))
    return f"{prediction}_{schedule}" if prediction and schedule else None


def _meant(name: str, said: set[str], names: tuple[str, ...]) -> str | None:
    """The one of ``names`` that is said; where none is, the one that a word nearly is."""
    found = said & set(names)
    if not found:
        words = [word for word in re.split(r"[^a-z]+", name) if len(word) in WORD][-MOST_WORDS:]
        found = {close for word in words for close in get_close_matches(word, names, 1, MISSPELT)}
    return found.pop() if len(found) == 1 else None


def said_by(path: PurePath) -> Said:
    """What a path below the submission's root says of its file."""
    # a file name may carry the folders of Windows
    parts = unicodedata.normalize("NFC", str(path)).replace("\\", "/").split("/")
    name = parts[-1]
    stem, _, ending = name.lower().rpartition(".")
    stem, ending = _AGAIN.sub("", stem), _AGAIN.sub("", ending)
    named = [k for k, said in _SAID.items() if said.search(stem) and ending in _ENDINGS[k]]
    kind = named[0] if named else _MEANT.get(ending)
    setting, folder = _nearest(parts[:-1])
    if setting is None and named:  # files of all settings side by side
        setting = setting_of("/".join([*parts[:-1], stem]))
    return Said(setting, kind, folder, name, ending)


def _nearest(folders: list[str]) -> tuple[str | None, str]:
    """The innermost folder whose name is a setting's; else what all names say together."""
    for folder in reversed(folders):
        if (setting := setting_of(folder)) is not None:
            return setting, folder
    return setting_of("/".join(folders)), ""


def find_settings(root: Path) -> dict[str, SettingFiles]:
    """The settings of an unpacked submission, those that there are, in the notebook's order.

    A folder whose name only nearly is the notebook's counts where the right one is not there.
    """
    found: dict[str, dict[str, list[tuple[Said, str, Path]]]] = {}
    for path, said in _files(root):
        if said.setting is not None and said.kind is not None:
            where = printable(str(path.relative_to(root)).replace("\\", "/"))
            found.setdefault(said.setting, {}).setdefault(said.kind, []).append((said, where, path))
    return {name: _chosen(name, found[name]) for name in SETTINGS if name in found}


def homeless(root: Path) -> list[Unread]:
    """Files that seem to be a setting's and do not say of which."""
    found = []
    for path, said in _files(root):
        folders = path.relative_to(root).parts[:-1]
        final = "final" in said.name.lower()
        if said.setting is None and said.kind is not None and (final or _is_result(folders)):
            where = path.relative_to(root)
            reason = say("setting.homeless", name=printable(str(where)))
            found.append(Unread(str(where), reason))
    return found


def _is_result(folders: tuple[str, ...]) -> bool:
    return (
        bool(folders) and bool(_RESULTS.search(folders[-1].lower())) and "stable" not in folders[-1]
    )


def _files(root: Path) -> list[tuple[Path, Said]]:
    return [
        (path, said_by(path.relative_to(root)))
        for path in sorted(root.rglob("*"))
        if path.is_file() and not is_junk(path.relative_to(root))
    ]


def _chosen(setting: str, kinds: Mapping[str, list[tuple[Said, str, Path]]]) -> SettingFiles:
    files, notes = {}, []
    for kind, name in FILES.items():
        candidates = kinds.get(kind, [])
        if not candidates:
            continue
        said, where, path = max(candidates, key=_rank)
        files[kind] = path
        if not said.exact:
            notes.append(say("setting.taken_for", where=where, setting=setting, name=name))
    return SettingFiles(setting, files, tuple(notes))


def _rank(candidate: tuple[Said, str, Path]) -> tuple[bool, bool, bool, bool, bool, str]:
    """One that can be read, the right name, else one that says it is the final one, else the
    last; the empty ones and those of hidden folders after all others."""
    said, where, path = candidate
    assert said.kind is not None
    hidden = any(part.startswith(".") for part in where.split("/"))
    can_be_read = said.ending in _READ[said.kind]
    return (
        not hidden,
        path.stat().st_size > 0,
        can_be_read,
        said.exact,
        "final" in where.lower(),
        where,
    )
