"""Pairs of students whose work is alike, with the evidence. It never takes points by itself."""

import hashlib
import importlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

from grader.batch import prints as prints_module
from grader.batch.prints import same_line, tokens_of
from grader.messages.message import Said, said_in, said_json, say

NGRAM = 5  # tokens: about half a line
# Cosine of the class-weighted n-grams, and how many lines two students must share that nobody else
# wrote. A copy with three statements put in came out at 0.74 to 0.87 with 4 to 12 such lines; of
# the fairness corpus' 9,453 pairs, all written by one hand, three reach one of these steps.
ALIKE, OWN_LINES = 0.9, 3
LESS_ALIKE, MORE_OWN_LINES = 0.7, 4
ENOUGH = 12  # students who tell by what they wrote which lines are anybody's; less show too little
ALL_ALIKE = 0.98  # without any such line, for renaming alone does not hide a copy
CIRCLE = 5  # a line that a few wrote who are all alike is their own, too: three may copy as well
FEWEST_TOKENS = 150  # less code than this is alike by chance
SHOWN_LINES = 40
VECTORS = "sklearn.feature_extraction.text"  # takes long to import
KNOWN_LINES, LONGEST = 1 << 15, 200  # lines whose tokens are kept, and letters of such a line


@dataclass(frozen=True)
class Pair:
    """Two labels, what is alike, 0 to 1 how much, and the lines of both side by side."""

    first: str
    second: str
    what: str
    likeness: float
    evidence: Said
    lines: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """``evidence`` is the English sentence, of which ``said_of`` makes the message again."""
        said = said_json(self.evidence)
        return {**vars(self), "evidence": said.pop("message"), **said}


def said_of(pair: Mapping[str, Any]) -> Said:
    """What the evidence of a pair says, which an earlier version may have kept as a sentence."""
    return said_in({"message_id": None, **pair, "message": pair["evidence"]})


def alike(prints: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """All pairs that a person should look at, the most alike first."""
    pairs = [
        *same_hashes(prints, "tensors", "checkpoints", "alike.tensors"),
        *same_hashes(prints, "works", "pictures of 2-2", "alike.works"),
        *same_hashes(prints, "settings", "pictures of the settings", "alike.settings"),
        *same_samples(prints),
        *same_code(prints),
    ]
    return sorted(pairs, key=lambda pair: (-pair.likeness, pair.first, pair.second, pair.what))


def fingerprint(prints: Mapping[str, Mapping[str, Any]]) -> str:
    """Of all that ``alike`` goes by: the same one, the same pairs."""
    digest = hashlib.sha256(json.dumps(prints, sort_keys=True).encode())
    for source in (__file__, prints_module.__file__):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()


def same_hashes(
    prints: Mapping[str, Mapping[str, Any]], name: str, what: str, said: str
) -> list[Pair]:
    """Trained weights, or generated pictures, that are equal to the last bit were copied."""
    hashes = {label: set(found.get(name, ())) for label, found in sorted(prints.items())}
    found = []
    for first, second in combinations(hashes, 2):
        one, other = hashes[first], hashes[second]
        if shared := len(one & other):
            share = round(shared / min(len(one), len(other)), 3)
            found.append(Pair(first, second, what, share, say(said, count=shared)))
    return found


def same_samples(prints: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """Only equal pixels count: models trained apart give nearly the same digits for one seed."""
    return [
        Pair(first, second, "samples", 1.0, say("alike.samples"))
        for first, second in combinations(sorted(prints), 2)
        if prints[first]["samples"] and prints[first]["samples"] == prints[second]["samples"]
    ]


def same_code(prints: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """Code that stays alike when names, numbers and comments are set aside.

    What most of the class wrote weighs little: the assignment leaves few ways to write some lines.
    A pair is shown where its n-grams are alike and it shares lines, written the same to the letter,
    that nobody else has; or where nearly all is alike, which renaming alone does not hide.
    """
    tokens = {label: _tokens(prints[label]["lines"]) for label in sorted(prints)}
    labels = [label for label, found in tokens.items() if len(found) >= FEWEST_TOKENS]
    if len(labels) < 2:
        return []
    cosines = _cosines([tokens[label] for label in labels])
    near = {
        label: {labels[n] for n, cosine in enumerate(row) if cosine >= LESS_ALIKE}
        for label, row in zip(labels, cosines, strict=True)
    }
    found, wrote = [], writers(prints)
    rare = {label: rare_lines(prints[label]["lines"], wrote) for label in labels}
    for one, other in combinations(range(len(labels)), 2):
        first, second = labels[one], labels[other]
        if second not in near[first]:
            continue
        likeness = round(float(cosines[one, other]), 3)
        circle = near[first] & near[second] if len(labels) >= ENOUGH else {first, second}
        own = own_lines(rare[first], rare[second], circle)
        if is_shown(likeness, len(own), len(labels)):
            said = _about_code(likeness, first, second, own, wrote)
            found.append(Pair(first, second, "code", likeness, said, own[:SHOWN_LINES]))
    return found


def is_shown(likeness: float, own: int, students: int) -> bool:
    """Whether a person should look at two of so many students with so many lines of their own."""
    return (
        (likeness >= ALIKE and own >= OWN_LINES)
        or (likeness >= LESS_ALIKE and own >= MORE_OWN_LINES and students >= ENOUGH)
        or (likeness >= ALL_ALIKE and students > 2)
    )


def _cosines(tokens: Sequence[Sequence[str]]) -> Any:
    """Of each with each, as a square of numbers."""
    vectorizer = importlib.import_module(VECTORS).TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
        ngram_range=(NGRAM, NGRAM),
        sublinear_tf=True,
    )
    weights = vectorizer.fit_transform([" ".join(found) for found in tokens])
    return (weights @ weights.T).toarray()


def _about_code(
    likeness: float, first: str, second: str, own: Sequence[str], wrote: Mapping[str, set[str]]
) -> Said:
    percent = f"{100 * likeness:.0f}"
    if not own:
        return say("alike.code", percent=percent)
    known = {"percent": percent, "lines": len(own)}
    circle = set().union(*(wrote[same_line(line)] for line in own)) - {first, second}
    if not circle:
        return say("alike.code_and_lines", **known)
    return say("alike.code_and_lines_of_few", others=", ".join(sorted(circle)), **known)


def writers(prints: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """For each line, blanks and comment set aside, the labels of those who wrote it."""
    found: dict[str, set[str]] = {}
    for label, print_ in prints.items():
        for line in print_["lines"]:
            found.setdefault(same_line(line), set()).add(label)
    return found


def rare_lines(lines: Sequence[str], wrote: Mapping[str, set[str]]) -> dict[str, Collection[str]]:
    """Those of one's lines that few wrote in any form, to the letter, and who they are."""
    few = {line: wrote[same_line(line)] for line in lines if len(same_line(line)) > 8}
    return {line: found for line, found in few.items() if len(found) <= CIRCLE}


def own_lines(
    first: Mapping[str, Collection[str]], second: Collection[str], circle: set[str]
) -> list[str]:
    """Rare lines that both have, comments included, and nobody else in any form, unless it is a
    few of the ``circle`` of those who are alike to both."""
    return [line for line, found in first.items() if line in second and circle.issuperset(found)]


def _tokens(lines: Sequence[str]) -> list[str]:
    return [token for line in lines for token in _tokens_of(line)]


def _tokens_of(line: str) -> Sequence[str]:
    return _known_tokens(line) if len(line) <= LONGEST else _new_tokens(line)


def _new_tokens(line: str) -> tuple[str, ...]:
    return tuple(token.replace(" ", "") for token in tokens_of(line))


_known_tokens = lru_cache(KNOWN_LINES)(_new_tokens)


def prepare(prints: Mapping[str, Any]) -> None:
    """Does ahead what comparing one student's work takes, while others are graded."""
    importlib.import_module(VECTORS)
    _tokens(prints.get("lines", ()))
