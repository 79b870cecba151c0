"""Who is shown as alike, and who is not."""

import io
import zipfile
from pathlib import Path

import pytest

from grader.batch.likeness import alike
from grader.batch.prints import student_lines, template_lines, tokens_of
from grader.intake import read_notebook
from grader.intake.stored import is_plain_zip, tensor_hashes
from grader.kit.fill import DIFFUSION, read_template
from tests.fairness.grading import solved_template, variant_notebook
from tests.fairness.variant import apply_variant

FAIRNESS = Path(__file__).resolve().parents[1] / "fairness"


def lines_of(notebook: object, folder: Path) -> list[str]:
    import json

    path = folder / "notebook.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return student_lines(read_notebook(path))


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


# what differs from another correct solution in a line or two
TWINS = {
    "entry_0_has_beta_but_alphabar_1",
    "entry_0_has_the_first_beta_twice",
    "time_features_of_part_of_T",
    "time_features_of_the_remaining_steps",
    "time_features_rounded",
    "p_network_in_chunks_of_ten",
    "time_runs_back_for_sample_prediction",
    "v15_predicted_x0_clamped",
    "guidance_by_cosine_weight",
    "guidance_in_an_interval_by_weight",
    "guidance_whose_image_is_clamped",
    "image_through_half_of_tanh",
    "image_through_tanh",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Independent correct solutions: the fairness corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    paths = sorted((FAIRNESS / "correct").glob("*.py"))
    assert {path.stem for path in paths} >= TWINS
    return {p.stem: lines_of(variant_notebook(p), folder) for p in paths if p.stem not in TWINS}


def edited(lines: list[str], number: int) -> list[str]:
    """A copy into which three statements were put, other ones by every copier."""
    out = list(lines)
    for place in (3, len(lines) // 2, len(lines) - 3):
        out.insert(place, f"seen_{number}_{place} = [{number}, print({place})]")
    return out


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


@pytest.mark.parametrize("copiers", [1, 3])
def test_copies_that_were_edited_are_found_however_many_they_are(
    corpus: dict[str, list[str]], copiers: int
) -> None:
    name, source = max(corpus.items(), key=lambda found: "target_table" in found[0])
    others = {k: prints(v) for k, v in corpus.items() if k != name}
    copies = {f"copy {n}": prints(edited(source, n)) for n in range(copiers)}
    found = [
        p
        for p in alike({"source": prints(source)} | copies | others)
        if "copy 0" in vars(p).values()
    ]
    with_source = [pair for pair in found if pair.second == "source"]
    assert len(with_source) == 1
    assert with_source[0].likeness < 0.98
    assert len(with_source[0].lines) >= 4
    assert ("copy 1" in str(with_source[0].evidence)) == (copiers > 1)
    assert {pair.first for pair in found} | {pair.second for pair in found} == {"source", *copies}


def test_few_students_do_not_tell_which_lines_are_anybodys(corpus: dict[str, list[str]]) -> None:
    names = sorted(corpus)[:6]
    assert alike({name: prints(corpus[name]) for name in names}) == []


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
    one, two = (tensor_hashes(tmp_path / name / "model_final.pth") for name in ("one", "two"))
    assert len(one) == 1
    assert one == two


def test_schedules_that_are_the_same_by_right_are_no_sign_in_any_precision(tmp_path: Path) -> None:
    import torch

    schedule = {"alphabar_t": torch.linspace(1, 0, 1001, dtype=torch.float64)}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        weights = {"conv.weight": torch.randn(32, 32, 3, 3)}
        torch.save({**schedule, **weights}, tmp_path / name / "model_final.pth")
    one, two = (tensor_hashes(tmp_path / name / "model_final.pth") for name in ("one", "two"))
    assert len(one) == len(two) == 1
    assert one != two


def test_hostile_checkpoints_are_passed_over(tmp_path: Path) -> None:
    checkpoint(tmp_path / "bomb.pth", bytes(10**7), zipfile.ZIP_DEFLATED)
    assert tensor_hashes(tmp_path / "bomb.pth") == set()
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("archive/data/0", bytes(range(256)) * 64)
    (tmp_path / "cut.pth").write_bytes(broken.getvalue()[:-30])
    assert len(tensor_hashes(tmp_path / "cut.pth")) == 1  # as a whole file


def test_a_directory_that_would_fill_memory_is_never_read(tmp_path: Path) -> None:
    file = tmp_path / "many.pth"
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"archive/data/{number}", b"")
    with file.open("rb") as opened:
        assert not is_plain_zip(opened)
    assert len(tensor_hashes(file)) == 1
    checkpoint(tmp_path / "plain.pth", bytes(5000))
    with (tmp_path / "plain.pth").open("rb") as opened:
        assert is_plain_zip(opened)


def test_independent_solutions_share_no_lines_of_their_own(corpus: dict[str, list[str]]) -> None:
    assert alike({name: prints(lines) for name, lines in corpus.items()}) == []


def test_solving_twice_in_the_same_way_is_not_copying(tmp_path: Path) -> None:
    plain = lines_of(solved_template(), tmp_path)
    other = lines_of(apply_variant(solved_template(), "# nothing\n"), tmp_path)
    assert alike({"a": prints(plain[:5]), "b": prints(other[:5])}) == []  # too little code
