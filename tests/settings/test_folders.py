"""Folders of settings by their right names, by nearly right ones, and by none."""

from pathlib import Path

import pytest

from grader.assignment import SETTINGS
from grader.settings.folders import FILES, find_settings, setting_of


def put(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    return root


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_notebooks_own_names_need_no_note(setting: str, tmp_path: Path) -> None:
    put(tmp_path, *(f"results_{setting}/{name}" for name in FILES.values()))
    (found,) = find_settings(tmp_path).values()
    assert found.setting == setting
    assert {kind: path.name for kind, path in found.files.items()} == FILES
    assert found.notes == ()


@pytest.mark.parametrize(
    "folder",
    [
        "results_eps_linear",
        "Results_Epsilon_Linear",
        "RESULTS_EPSILON_LINEAR",
        "2023-12345/results_epsilon_linear",
        "results/epsilon_linear",
        "results/linear/epsilon",
        "results_linear_epsilon",
        "results_noise_lin",
        "results_eplison_linear",
        "results_espilon_lniear",
        "results_epsilon_linear_samples",
        "results_epsilon_linear (1)",
    ],
)
def test_near_misses_are_understood(folder: str, tmp_path: Path) -> None:
    put(tmp_path, *(f"{folder}/{name}" for name in FILES.values()))
    (found,) = find_settings(tmp_path).values()
    assert found.setting == "epsilon_linear"
    assert set(found.files) == set(FILES)
    named = folder.rpartition("/")[2] != "results_epsilon_linear"
    assert len(found.notes) == (3 if named else 0)
    assert all("was taken for results_epsilon_linear/" in str(note) for note in found.notes)


def test_names_of_windows_and_files_without_final_are_understood(tmp_path: Path) -> None:
    put(tmp_path, "results_sample_cosine\\image_final.png", "results_sample_cosine/model.pth")
    (found,) = find_settings(tmp_path).values()
    assert set(found.files) == {"image", "checkpoint"}
    assert len(found.notes) == 1


def test_of_several_files_the_final_one_counts(tmp_path: Path) -> None:
    names = ("image_ep0.png", "image_final.png", "image_zzz.png", "gif_ep0.gif", "gif_ep5.gif")
    put(tmp_path, *(f"results_sample_linear/{name}" for name in names))
    (found,) = find_settings(tmp_path).values()
    assert {kind: path.name for kind, path in found.files.items()} == {
        "image": "image_final.png",
        "gif": "gif_ep5.gif",
    }


def test_the_right_name_goes_before_a_nearly_right_one(tmp_path: Path) -> None:
    put(tmp_path, "results_eps_linear/image_final.png", "results_epsilon_linear/image_final.png")
    (found,) = find_settings(tmp_path).values()
    assert found.files["image"].parent.name == "results_epsilon_linear"
    assert found.notes == ()


def test_other_folders_are_no_settings(tmp_path: Path) -> None:
    put(tmp_path, "results/image_final.png", "data/sample.png", "stable_diffusion_result/1.png")
    assert find_settings(tmp_path) == {}
    assert setting_of("results_epsilon_sample_linear") is None
    assert setting_of("results_epsilon") is None
    assert setting_of("results_mean_linear") is None


@pytest.mark.parametrize(
    ("folder", "setting"),
    [
        ("results_epsilon_consine", "epsilon_cosine"),
        ("results_smaple_coisne", "sample_cosine"),
        ("results_sampel_lienar", "sample_linear"),
    ],
)
def test_misspelt_words_are_understood(folder: str, setting: str) -> None:
    assert setting_of(folder) == setting
