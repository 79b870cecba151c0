"""The four settings, trained on all of MNIST: small weights, and how good they are (MODEL_CARD.md).

``python -m reference.weights TRAINED`` copies them here from the folders of ``reference.train``.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from reference.ddpm import DDPM
from reference.training import Recipe, build

FOLDER = Path(__file__).parent
SETTINGS = ("epsilon_linear", "epsilon_cosine", "sample_linear", "sample_cosine")


def load(setting: str, device: str = "cpu") -> DDPM:
    """The trained model of a setting, ready to sample.

    Raises: FileNotFoundError for a name that is not in ``SETTINGS``.
    """
    path = FOLDER / f"{setting}.safetensors"
    with safe_open(path, framework="pt") as file:
        recipe = Recipe(**json.loads(file.metadata()["recipe"]))
    ddpm = build(recipe, device)
    ddpm.nn_model.load_state_dict(load_file(path, device))
    return ddpm.eval()


def keep(trained: Path, setting: str) -> None:
    """Copies one finished setting here: its weights, its losses and its hundred samples."""
    folder = trained / f"results_{setting}"
    record = json.loads((folder / "losses.json").read_text("utf-8"))
    recipe = Recipe(**record["recipe"])
    state = torch.load(folder / "model_final.pth", map_location="cpu", weights_only=True)
    prefix = "nn_model."
    network = {
        name.removeprefix(prefix): weight.contiguous()
        for name, weight in state.items()
        if name.startswith(prefix)
    }
    facts = {"recipe": json.dumps(asdict(recipe)), "losses": json.dumps(record["losses"])}
    save_file(network, FOLDER / f"{setting}.safetensors", metadata=facts)
    shutil.copy(folder / "samples_100.png", FOLDER / f"{setting}.png")
