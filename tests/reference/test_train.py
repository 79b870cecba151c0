"""Training end to end, very small: its files, its resumption, its refusals."""

import json
from itertools import pairwise

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file
from tqdm import tqdm

from grader.paths import MNIST_DIR
from reference import pictures, training
from reference.ddpm import DDPM
from reference.train import main
from reference.unet import ContextUnet

update_average = training.update_average
FILES = ["gif_final.gif", "image_final.png", "losses.json", "model_final.pth", "samples_100.png"]
TINY = ["--epochs", "2", "--n-feat", "4", "--n-T", "3", "--batch-size", "32", "--images", "90"]


def run(out, *options):
    return CliRunner().invoke(main, ["--data", str(MNIST_DIR), "--out", str(out), *TINY, *options])


def weights(out, name="results_sample_linear"):
    return torch.load(out / name / "model_final.pth", weights_only=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One setting, trained without a break."""
    out = tmp_path_factory.mktemp("finished")
    result = run(out, "--setting", "sample_linear")
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture
def breaks_in_second_epoch(monkeypatch):
    """Training is interrupted, as by Ctrl-C, in the middle of its second epoch."""

    def interrupted(average, model, steps):
        if steps == 4:
            raise KeyboardInterrupt
        update_average(average, model, steps)

    monkeypatch.setattr(training, "update_average", interrupted)
    return monkeypatch


@pytest.fixture
def plain_animation(monkeypatch):
    """An animation without the forty axes, which take longer to draw than a tiny run to train."""

    def save(path, frames):
        shots = [Image.fromarray((255 * f[0, 0]).clip(0, 255).astype("uint8")) for f in frames]
        shots[0].save(path, save_all=True, append_images=shots[1:])

    monkeypatch.setattr(pictures, "save_final_gif", save)


def test_the_notebooks_files_are_there_and_no_others(finished):
    folder = finished / "results_sample_linear"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in finished.iterdir()] == ["results_sample_linear"]


def test_pictures_have_the_notebooks_sizes(finished):
    folder = finished / "results_sample_linear"
    for name, size in {
        "image_final.png": (302, 242),
        "samples_100.png": (302, 302),
        "gif_final.gif": (800, 300),
    }.items():
        with Image.open(folder / name) as picture:
            assert picture.size == size
    with Image.open(folder / "gif_final.gif") as gif:
        assert gif.n_frames == 2  # T = 3: after the first step, and after the last


def test_the_lower_half_of_the_final_image_shows_real_digits_by_column(finished):
    pixels, labels = training.load_digits(MNIST_DIR, 90)
    real = pictures.real_rows(pixels, labels)
    assert real.shape == (40, 1, 28, 28)
    with Image.open(finished / "results_sample_linear" / "image_final.png") as picture:
        gray = picture.convert("L")
        tile = gray.crop((2 + 30 * 7, 2 + 30 * 5, 30 + 30 * 7, 30 + 30 * 5))
    shown = torch.tensor(list(tile.tobytes())).reshape(28, 28)
    assert torch.equal(shown, (real[17, 0] * 255).round().long())


def test_the_weights_load_into_the_students_interface(finished):
    ddpm = DDPM(ContextUnet(1, n_feat=4), (1e-4, 0.02), 3, "sample", "linear", "cpu")
    ddpm.load_state_dict(weights(finished))


def test_losses_and_options_are_recorded(finished):
    record = json.loads((finished / "results_sample_linear" / "losses.json").read_text())
    assert len(record["losses"]) == 2
    assert record["losses"][1] < record["losses"][0]
    assert record["recipe"]["n_T"] == 3


def test_an_interrupted_run_goes_on_and_ends_the_same(
    finished, tmp_path, plain_animation, breaks_in_second_epoch
):
    assert run(tmp_path, "--setting", "sample_linear").exit_code == 1
    folder = tmp_path / "results_sample_linear"
    assert [path.name for path in folder.iterdir()] == ["unfinished.pth"]

    breaks_in_second_epoch.setattr(training, "update_average", update_average)
    result = run(tmp_path, "--setting", "sample_linear")
    assert result.exit_code == 0, result.output
    assert "goes on after epoch 1" in result.output
    assert sorted(path.name for path in folder.iterdir()) == FILES
    for key, value in weights(finished).items():
        assert torch.equal(weights(tmp_path)[key], value), key


def test_an_interrupted_run_does_not_go_on_with_other_options(tmp_path, breaks_in_second_epoch):
    run(tmp_path, "--setting", "sample_linear")
    result = run(tmp_path, "--setting", "sample_linear", "--seed", "4")
    assert result.exit_code == 1
    assert "seed = 0, not 4" in result.output


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "results_sample_linear" / "unfinished.pth"
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    result = run(tmp_path, "--setting", "sample_linear")
    assert result.exit_code == 1
    assert "unfinished.pth is damaged; delete it" in result.output


def test_finished_settings_are_left_alone(finished):
    path = finished / "results_sample_linear" / "model_final.pth"
    before = path.stat().st_mtime_ns
    result = run(finished, "--setting", "sample_linear")
    assert "already finished" in result.output
    assert path.stat().st_mtime_ns == before
    assert "n_T = 3, not 5" in run(finished, "--setting", "sample_linear", "--n-T", "5").output


def test_without_a_choice_all_four_settings_are_trained(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr("reference.train.train_setting", lambda recipe, *_: trained.append(recipe))
    assert run(tmp_path).exit_code == 0
    assert [recipe.folder for recipe in trained] == [
        "results_epsilon_linear",
        "results_epsilon_cosine",
        "results_sample_linear",
        "results_sample_cosine",
    ]


def test_guided_weights_start_from_plain_ones(finished, tmp_path, plain_animation):
    start = tmp_path / "start"
    start.mkdir()
    plain = {
        name.removeprefix("nn_model."): weight.contiguous()
        for name, weight in weights(finished).items()
        if name.startswith("nn_model.")
    }
    save_file(plain, start / "sample_linear.safetensors")
    options = ["--setting", "sample_linear", "--start-from", str(start), "--guidance", "0.5"]
    result = run(tmp_path, *options, "--lr", "1e-9")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "results_sample_linear" / "losses.json").read_text())
    assert len(record["recipe"]["started_from"]) == 64
    guided = weights(tmp_path)
    for name, weight in plain.items():
        found = guided[f"nn_model.{name}"]
        assert torch.allclose(found[:, :10] if found.shape != weight.shape else found, weight)


def test_other_weights_are_no_start(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "sample_linear.safetensors")
    options = ["--setting", "sample_linear", "--start-from"]
    result = run(tmp_path, *options, str(tmp_path))
    assert result.exit_code == 1
    assert "does not fit this network" in result.output
    (tmp_path / "sample_linear.safetensors").unlink()
    assert "No such file" in run(tmp_path, *options, str(tmp_path)).output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--device", "abacus"], "'abacus' cannot be used here"),
        (["--setting", "epsilon_sigmoid"], "epsilon_sigmoid"),
        (["--epochs", "0"], "0 is not in the range"),
        (["--images", "30"], "fewer than 4 images of digit"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path, options, words):
    result = run(tmp_path, *options)
    assert result.exit_code in (1, 2)
    assert words in result.output
    assert "Traceback" not in result.output


def test_missing_data_are_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no connection")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", refuse)
    result = run(tmp_path, "--data", str(tmp_path))
    assert result.exit_code == 1
    assert "no MNIST under" in result.output
    assert "no connection" in result.output


def test_the_learning_rate_rises_and_falls_to_nothing():
    recipe = training.Recipe("sample", "linear", 5, 4, 3, 32, 1e-3, 0, 640)
    rates = [training.learning_rate(recipe, step) for step in range(recipe.steps)]
    assert recipe.steps == 100
    assert max(rates) == pytest.approx(1e-3)
    assert all(a < b for a, b in pairwise(rates[:5]))
    assert all(a >= b for a, b in pairwise(rates[5:]))
    assert rates[-1] < 1e-5


def test_every_epoch_draws_its_own_noise_and_order():
    recipe = training.Recipe("sample", "linear", 2, 4, 3, 32, 0.0, 0, 64)  # nothing is learned
    digits = training.load_digits(MNIST_DIR, 64)
    progress = training.start_or_resume(MNIST_DIR, recipe, "cpu")
    with tqdm(disable=True) as bar:
        for _ in range(2):
            progress.losses.append(training.train_epoch(progress, recipe, digits, "cpu", bar))
    assert progress.losses[0] != progress.losses[1]
