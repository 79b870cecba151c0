"""What is handed out gives nothing away: looked for in the file's content, not in its making."""

import io
import re
import tokenize
import zipfile
from pathlib import Path

import pytest

from grader.kit.fill import REGIONS, solution
from grader.paths import PACKAGE

LONG = 12  # tokens in a row that two texts do not share by chance
REFERENCE = PACKAGE.parent / "reference"
COMMON = {"import", "from", "return", "raise", "def", "class"}


@pytest.fixture(scope="module")
def sources(pyz: Path) -> dict[str, str]:
    with zipfile.ZipFile(pyz) as packed:
        return {n: packed.read(n).decode() for n in packed.namelist() if n.endswith(".py")}


def grams(source: str) -> set[tuple[str, ...]]:
    """Runs of tokens, with all names that are not Python's or a library's made the same."""
    words = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
    ]
    return {tuple(words[i : i + LONG]) for i in range(len(words) - LONG + 1)}


def lines(source: str) -> set[str]:
    """Its lines that say something, without comments and spaces."""
    bare = {"".join(line.split("#")[0].split()) for line in source.splitlines()}
    return {
        line for line in bare if len(line) > 20 and not re.match(r'"""|import|from|@|def', line)
    }


def test_no_line_of_the_reference_is_in_it(sources: dict[str, str]) -> None:
    solved = "".join((REFERENCE / f"{n}.py").read_text("utf-8") for n in ("schedules", "ddpm"))
    solved += "".join(
        (REFERENCE / f"{n}.py").read_text("utf-8") for n in ("closed_forms", "reverse")
    )
    given = set().union(*(lines(text) for text in sources.values()))
    assert len(lines(solved)) > 40
    assert lines(solved) & given == set()


def test_no_part_of_a_solution_is_in_it(sources: dict[str, str]) -> None:
    given = set().union(*(grams(text) for text in sources.values()))
    for name in REGIONS:
        solved = grams(solution(name))
        assert solved
        assert solved & given == set(), name


def test_neither_the_cosine_nor_the_posterior_is_computed_in_it(sources: dict[str, str]) -> None:
    text = "\n".join(sources.values())
    assert not re.search(r"\b(np|math|torch)\.(cos|sin)\(", text)
    assert "0.008" not in text
    assert not re.search(r"1 - ab_before|alphabar\[:-1\]|betatilde_t.*=.*\*", text)


def test_the_hidden_questions_are_not_in_it(sources: dict[str, str]) -> None:
    assert "reference" not in {
        word for text in sources.values() for word in re.findall(r"(?:import|from) (\w+)", text)
    }
    assert "default_rng" not in sources["grader/checks/oracle.py"]
    drawn = re.compile(r"default_rng\(\[seed, [1-4]\]\)")
    assert drawn.search((PACKAGE / "checks" / "oracle.py").read_text("utf-8"))
    assert not any(drawn.search(text) for text in sources.values())
