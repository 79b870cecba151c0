"""Who is shown as alike, and who is not."""

import io
import zipfile
from pathlib import Path

import pytest

from grader.batch.likeness import alike
from grader.batch.prints import (
    is_plain_zip,
    student_lines,
    template_lines,
    tensor_hashes,
    tokens_of,
)
from grader.kit.fill import DIFFUSION, read_template
from tests.fairness.grading import solved_template, variant_notebook
from tests.fairness.variant import apply_variant

FAIRNESS = Path(__file__).resolve().parents[1] / "fairness"


def lines_of(notebook: object, folder: Path) -> list[str]:
    import json

    path = folder / "notebook.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return student_lines(path)


def prints(lines: list[str], tensors: tuple[str, ...] = (), samples: str = "") -> dict[str, object]:
    return {"lines": lines, "tensors": list(tensors), "samples": samples}


def test_the_template_leaves_nothing_to_compare(tmp_path: Path) -> None:
    assert lines_of(read_template(DIFFUSION), tmp_path) == []
    assert len(template_lines()) > 100


def test_what_the_student_wrote_is_left(tmp_path: Path) -> None:
    lines = lines_of(solved_template(), tmp_path)
    assert any("cumprod" in line for line in lines)


def test_names_numbers_and_comments_are_set_aside() -> None:
    assert tokens_of("beta = torch.linspace(b1, b2, T)  # mine") == tokens_of(
        "x=torch.linspace(p,q,r)"
    )
    assert "linspace" in tokens_of("torch.linspace(0, 1)")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Independent correct solutions: the fairness corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    paths = sorted((FAIRNESS / "correct").glob("*.py"))[::4]
    return {path.stem: lines_of(variant_notebook(path), folder) for path in paths}


def renamed(lines: list[str]) -> list[str]:
    """As somebody copies who wants to hide it: other names and comments."""
    import re

    names = {"alphabar": "ab", "noise": "eps", "beta_t": "bb", "timestep": "step"}
    text = "\n".join(line.split("#")[0] for line in lines)
    for old, new in names.items():
        text = re.sub(rf"\\b{old}\\b", new, text)
    return text.splitlines()


def own_style() -> list[str]:
    return [
        f"value_{n} = torch.stack([first_{n}[k] * {n} for k in range({n}, len(first_{n}))])"
        for n in range(9)
    ]


def test_a_copy_is_found_with_the_lines_that_only_the_two_have(
    corpus: dict[str, list[str]],
) -> None:
    mine = [*next(iter(corpus.values())), *own_style()]
    found = alike(
        {"copier": prints(mine), "source": prints(mine)} | {k: prints(v) for k, v in corpus.items()}
    )
    pairs = {(pair.first, pair.second): pair for pair in found}
    assert ("copier", "source") in pairs
    assert set(own_style()) <= set(pairs["copier", "source"].lines)


def test_equal_weights_and_samples_are_found_and_other_ones_are_not() -> None:
    found = alike(
        {
            "a": prints([], ("1", "2"), "s"),
            "b": prints([], ("2", "3"), "s"),
            "c": prints([], ("4",), ""),
            "d": prints([], (), ""),
        }
    )
    assert [(p.first, p.second, p.what) for p in found] == [
        ("a", "b", "samples"),
        ("a", "b", "checkpoints"),
    ]


def checkpoint(path: Path, data: bytes, compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", b"never read")
        archive.writestr("archive/data/0", data)
        archive.writestr("archive/data/1", b"small")


def test_tensors_are_hashed_without_unpickling(tmp_path: Path) -> None:
    import torch

    weights = {"w": torch.arange(4096.0)}
    for name, content in (
        ("one", weights),
        ("two", {"other": weights["w"], "more": torch.ones(5)}),
    ):
        (tmp_path / name).mkdir()
        torch.save(content, tmp_path / name / "model_final.pth")
    one, two = tensor_hashes(tmp_path / "one"), tensor_hashes(tmp_path / "two")
    assert len(one) == 1
    assert one == two


def test_schedules_that_are_the_same_by_right_are_no_sign_in_any_precision(tmp_path: Path) -> None:
    import torch

    schedule = {"alphabar_t": torch.linspace(1, 0, 1001, dtype=torch.float64)}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        weights = {"conv.weight": torch.randn(32, 32, 3, 3)}
        torch.save({**schedule, **weights}, tmp_path / name / "model_final.pth")
    one, two = tensor_hashes(tmp_path / "one"), tensor_hashes(tmp_path / "two")
    assert len(one) == len(two) == 1
    assert one != two


def test_hostile_checkpoints_are_passed_over(tmp_path: Path) -> None:
    checkpoint(tmp_path / "bomb.pth", bytes(10**7), zipfile.ZIP_DEFLATED)
    assert tensor_hashes(tmp_path) == set()
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("archive/data/0", bytes(range(256)) * 64)
    (tmp_path / "cut.pth").write_bytes(broken.getvalue()[:-30])
    assert len(tensor_hashes(tmp_path)) == 1  # as a whole file


def test_a_directory_that_would_fill_memory_is_never_read(tmp_path: Path) -> None:
    file = tmp_path / "many.pth"
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"archive/data/{number}", b"")
    with file.open("rb") as opened:
        assert not is_plain_zip(opened)
    assert len(tensor_hashes(tmp_path)) == 1
    checkpoint(tmp_path / "plain.pth", bytes(5000))
    with (tmp_path / "plain.pth").open("rb") as opened:
        assert is_plain_zip(opened)


def test_independent_solutions_share_no_lines_of_their_own(corpus: dict[str, list[str]]) -> None:
    assert len(corpus) > 5
    several = {name: prints(lines) for name, lines in corpus.items()}
    for pair in alike(several):
        assert pair.likeness >= 0.98  # variants that differ from each other in a line or two


def test_solving_twice_in_the_same_way_is_not_copying(tmp_path: Path) -> None:
    plain = lines_of(solved_template(), tmp_path)
    other = lines_of(apply_variant(solved_template(), "# nothing\n"), tmp_path)
    assert alike({"a": prints(plain[:5]), "b": prints(other[:5])}) == []  # too little code
