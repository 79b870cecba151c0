"""Pairs of students whose work is alike, with the evidence; never a deduction by itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from grader.batch import prints as prints_module
from grader.batch.prints import same_line, tokens_of

NGRAM = 5  # tokens: about half a line
ALIKE = 0.9  # cosine of the class-weighted n-grams from which on code is shown as alike
FEWEST_TOKENS = 150  # less code than this is alike by chance
FEWEST_OWN_LINES = 3  # lines that two students share and nobody else wrote
SHOWN_LINES = 40


TENSORS = "{} large tensors of the checkpoints are equal, bit for bit."
SETTINGS = "{} of the settings' pictures are equal, pixel for pixel."
WORKS = "{} of the own pictures in notebook 2-2 are equal, pixel for pixel."


@dataclass(frozen=True)
class Pair:
    """Two labels, what is alike, 0 to 1 how much, and the lines of both side by side."""

    first: str
    second: str
    what: str
    likeness: float
    evidence: str
    lines: Sequence[str] = ()


def alike(prints: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """All pairs that a person should look at, the most alike first."""
    pairs = [
        *same_hashes(prints, "tensors", "checkpoints", TENSORS),
        *same_hashes(prints, "works", "pictures of 2-2", WORKS),
        *same_hashes(prints, "settings", "pictures of the settings", SETTINGS),
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
    prints: Mapping[str, Mapping[str, Any]], name: str, what: str, text: str
) -> list[Pair]:
    """Trained weights, or generated pictures, that are equal to the last bit were copied."""
    hashes = {label: set(found.get(name, ())) for label, found in sorted(prints.items())}
    found = []
    for first, second in combinations(hashes, 2):
        one, other = hashes[first], hashes[second]
        if shared := len(one & other):
            share = round(shared / min(len(one), len(other)), 3)
            found.append(Pair(first, second, what, share, text.format(shared)))
    return found


def same_samples(prints: Mapping[str, Mapping[str, Any]]) -> list[Pair]:
    """Only equal pixels count: models trained apart give nearly the same digits for one seed."""
    text = "The hundred samples are equal, pixel for pixel."
    return [
        Pair(first, second, "samples", 1.0, text)
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
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
        ngram_range=(NGRAM, NGRAM),
        sublinear_tf=True,
    )
    weights = vectorizer.fit_transform([" ".join(tokens[label]) for label in labels])
    cosines = (weights @ weights.T).toarray()
    found, wrote = [], writers(prints)
    for one, other in combinations(range(len(labels)), 2):
        likeness = round(float(cosines[one, other]), 3)
        if likeness < ALIKE:
            continue
        first, second = labels[one], labels[other]
        own = own_lines(first, second, prints, wrote)
        text = f"The code is alike to {100 * likeness:.0f} %, names and comments set aside"
        text += f"; {len(own)} lines are equal that nobody else wrote." if own else "."
        if len(own) >= FEWEST_OWN_LINES or (likeness >= 0.98 and len(labels) > 2):
            found.append(Pair(first, second, "code", likeness, text, own[:SHOWN_LINES]))
    return found


def writers(prints: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """For each line, blanks and comment set aside, the labels of those who wrote it."""
    found: dict[str, set[str]] = {}
    for label, print_ in prints.items():
        for line in print_["lines"]:
            found.setdefault(same_line(line), set()).add(label)
    return found


def own_lines(
    first: str, second: str, prints: Mapping[str, Mapping[str, Any]], wrote: Mapping[str, set[str]]
) -> list[str]:
    """Lines that both have to the letter, comments included, and nobody else in any form."""
    there = set(prints[second]["lines"])
    shared = [line for line in dict.fromkeys(prints[first]["lines"]) if line in there]
    pair = {first, second}
    return [line for line in shared if len(same_line(line)) > 8 and wrote[same_line(line)] == pair]


def _tokens(lines: Sequence[str]) -> list[str]:
    return [token.replace(" ", "") for line in lines for token in tokens_of(line)]
