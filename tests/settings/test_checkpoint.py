"""Checkpoints: the right ones in the right folders, every wrong one with its reason, and attacks."""

import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.assignment import SETTINGS
from grader.checks.trained_setting import Context, with_checkpoint
from grader.checks.verdict import Verdict
from grader.kit.guided import guided
from grader.results import State
from grader.sandbox import KernelSession, Sandbox
from grader.settings.checkpoint import Behaviour, Checkpoint, observe, read_checkpoint
from grader.settings.evidence import SettingEvidence, ask_own_schedule, same_weights
from grader.settings.folders import SettingFiles
from reference.guidance import GuidedUnet
from tests.settings.conftest import SOLVED, state_of, with_model

RIGHT = Context(
    losses_right={"epsilon": True, "sample": True},
    samplers_right={"epsilon": True, "sample": True},
    missing_checkpoint=1.0,
)
Both = tuple[KernelSession, KernelSession]


@pytest.fixture(scope="module")
def sessions(clean: KernelSession, own: KernelSession) -> Both:
    return clean, own


def saved(folder: Path, state: object, name: str = "model_final.pth") -> Path:
    path = folder / name
    torch.save(state, path)
    return path


def evidence(sessions: Both, path: Path, folder: str) -> SettingEvidence:
    clean, own = sessions
    checkpoint = read_checkpoint(clean, path, "checkpoint")
    found = SettingFiles(folder, {"checkpoint": path}, ())
    if checkpoint.problem:
        return SettingEvidence(found, checkpoint=checkpoint)
    behaviour = observe(own, path, folder, {})
    return with_own(sessions, SettingEvidence(found, None, None, checkpoint, behaviour), folder)


def with_own(sessions: Both, seen: SettingEvidence, folder: str) -> SettingEvidence:
    assert seen.checkpoint is not None
    betas = seen.checkpoint.schedule.get("beta_t")
    own = ask_own_schedule(sessions[1], folder.split("_")[1], betas) if betas is not None else ()
    return replace(seen, own_betas=own)


def verdict(seen: SettingEvidence, folder: str, context: Context = RIGHT) -> Verdict:
    return with_checkpoint(f"setting_{folder}.checkpoint", folder, seen, context)


@pytest.mark.parametrize("one_more", [False, True], ids=["T", "T+1"])
@pytest.mark.parametrize("T", [200, 400, 1000])
@pytest.mark.parametrize("trained", SETTINGS)
def test_each_model_is_right_in_its_own_folder_alone(
    trained: str, T: int, one_more: bool, sessions: Both, tmp_path: Path
) -> None:
    path = saved(tmp_path, state_of(trained, T, one_more))
    seen = evidence(sessions, path, trained)
    assert seen.behaviour is not None
    assert seen.behaviour.predicts == trained.split("_", maxsplit=1)[0]
    for folder in SETTINGS:
        found = verdict(with_own(sessions, seen, folder), folder)
        if folder == trained:
            assert found.state is State.PASSED, found
            continue
        assert found.state is State.FAILED, (folder, found)
        prediction, schedule = folder.split("_")
        assert ("its network predicts" in found.message) == (prediction not in trained)
        assert ("its schedule is" in found.message) == (schedule not in trained)


@pytest.mark.parametrize("trained", SETTINGS)
def test_a_network_without_guidance_is_read_too(
    trained: str, plain: KernelSession, clean: KernelSession, tmp_path: Path
) -> None:
    state = state_of(trained)
    first = "nn_model.class_mlp.0.weight"
    state[first] = state[first][:, :10].clone()  # no weights for an eleventh class
    seen = evidence((clean, plain), saved(tmp_path, state), trained)
    assert verdict(seen, trained).state is State.PASSED


def test_a_network_of_lazy_layers_is_read_too(
    clean: KernelSession, sandbox: Sandbox, tmp_path: Path
) -> None:
    notebook = guided(SOLVED, 1.0)
    cell = next(cell for cell in notebook.cells if "class ContextUnet" in cell.source)
    whole = "self.stem = nn.Conv2d(in_channels, n_feat, 3, padding=1)"
    assert whole in cell.source
    cell.source = cell.source.replace(whole, "self.stem = nn.LazyConv2d(n_feat, 3, padding=1)")
    with with_model(notebook, sandbox) as own:
        path = saved(tmp_path, state_of("sample_cosine"))
        seen = evidence((clean, own), path, "sample_cosine")
    assert verdict(seen, "sample_cosine").state is State.PASSED


def test_an_untrained_network_is_not_trained(sessions: Both, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = GuidedUnet(1, 24).state_dict()
    state = state_of("epsilon_linear") | {f"nn_model.{n}": w for n, w in network.items()}
    found = verdict(evidence(sessions, saved(tmp_path, state), "epsilon_linear"), "epsilon_linear")
    assert found.state is State.FAILED
    assert "not trained" in found.message


def test_weights_that_are_not_finite_fail(sessions: Both, tmp_path: Path) -> None:
    state = state_of("sample_cosine")
    state["nn_model.stem.weight"] = torch.full_like(state["nn_model.stem.weight"], torch.nan)
    found = verdict(evidence(sessions, saved(tmp_path, state), "sample_cosine"), "sample_cosine")
    assert found.state is State.FAILED
    assert "not finite" in found.message


@pytest.mark.parametrize("beside", [{"nn_model.mask": (5, 5)}, {"log_variance": (399,)}])
def test_a_buffer_that_is_not_finite_is_no_weight(
    beside: dict[str, tuple[int, ...]], sessions: Both, tmp_path: Path
) -> None:
    """A mask of attention, say, or logarithms of another length than the betas."""
    state = state_of("sample_cosine")
    state |= {name: torch.full(shape, -torch.inf) for name, shape in beside.items()}
    found = verdict(evidence(sessions, saved(tmp_path, state), "sample_cosine"), "sample_cosine")
    assert found.state is State.PASSED


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("trained", ["epsilon_linear", "sample_cosine"])
def test_weights_and_schedule_of_another_precision_are_read(
    trained: str, kind: torch.dtype, sessions: Both, tmp_path: Path
) -> None:
    state = {name: value.to(kind) for name, value in state_of(trained).items()}
    seen = evidence(sessions, saved(tmp_path, state), trained)
    assert verdict(seen, trained).state is State.PASSED
    other = "epsilon_cosine" if trained == "epsilon_linear" else "sample_linear"
    found = verdict(with_own(sessions, seen, other), other)
    assert found.state is State.FAILED


def test_a_schedule_of_another_form_leaves_the_next_checkpoint_as_it_is(
    sessions: Both, tmp_path: Path
) -> None:
    state = state_of("epsilon_linear")
    evidence(sessions, saved(tmp_path, state | {"beta_t": torch.tensor(0.5)}), "epsilon_linear")
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1), (-1,)):
        state["beta_t"] = state["beta_t"].reshape(shape)
        seen = evidence(sessions, saved(tmp_path, state), "epsilon_linear")
        assert verdict(seen, "epsilon_linear").state is State.PASSED


def test_a_first_entry_that_is_not_used_may_be_no_number(sessions: Both, tmp_path: Path) -> None:
    """beta_0 = 0 makes 0 / 0 and the logarithm of 0 beside the entries that everybody keeps."""
    state = state_of("sample_linear", one_more=True)
    beta, alphabar = state["beta_t"].clone(), state["alphabar_t"]
    beta[0] = 0
    state |= {"beta_t": beta, "log_beta": beta.log(), "snr": alphabar / (1 - alphabar)}
    state["snr"][0] = torch.inf
    state["bt_over_sqrtmab"][0] = torch.nan
    path = saved(tmp_path, state)
    clean, _ = sessions
    assert read_checkpoint(clean, path, "checkpoint").finite
    other = saved(tmp_path, state_of("sample_linear"), "other.pth")
    both = [read_checkpoint(clean, p, "checkpoint") for p in (path, other)]
    assert same_weights(*both)
    found = verdict(evidence(sessions, path, "sample_linear"), "sample_linear")
    assert found.state is State.PASSED


def test_a_network_of_another_width_is_made_anew(sessions: Both, tmp_path: Path) -> None:
    """The four settings need not be of one size; an untrained one shows that it was loaded."""
    network = GuidedUnet(1, 16).state_dict()
    state = {k: v for k, v in state_of("epsilon_linear").items() if not k.startswith("nn_model.")}
    state |= {f"nn_model.{name}": weight for name, weight in network.items()}
    seen = evidence(sessions, saved(tmp_path, state), "epsilon_linear")
    assert seen.behaviour is not None
    assert seen.behaviour.problem == ""


def test_another_architecture_asks_for_a_person(sessions: Both, tmp_path: Path) -> None:
    state = state_of("epsilon_linear")
    state["nn_model.extra.weight"] = torch.zeros(3)
    state["nn_model.stem.weight"] = torch.zeros(24, 1, 5, 5)
    found = verdict(evidence(sessions, saved(tmp_path, state), "epsilon_linear"), "epsilon_linear")
    assert found.state is State.NEEDS_REVIEW
    assert found.fraction == 1


@pytest.mark.parametrize("wrapped", ["network alone", "in a dictionary", "from several devices"])
def test_weights_saved_in_other_ways_are_read(wrapped: str, sessions: Both, tmp_path: Path) -> None:
    state: dict[str, Any] = state_of("sample_linear")
    if wrapped == "network alone":
        state = {k.removeprefix("nn_model."): v for k, v in state.items() if k[:3] == "nn_"}
    elif wrapped == "in a dictionary":
        state = {"epoch": 3, "model": state, "lr": 1e-3}
    else:
        state = {f"module.{name}": value for name, value in state.items()}
    seen = evidence(sessions, saved(tmp_path, state), "sample_linear")
    assert verdict(seen, "sample_linear").state is State.PASSED


def test_a_loss_that_was_wrong_costs_its_own_item_only(sessions: Both, tmp_path: Path) -> None:
    path = saved(tmp_path, state_of("epsilon_linear"))
    wrong = replace(RIGHT, losses_right={"epsilon": True, "sample": False})
    found = verdict(evidence(sessions, path, "sample_linear"), "sample_linear", wrong)
    assert found.state is State.NEEDS_REVIEW
    assert found.fraction == 1


class Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_payload_is_never_run(clean: KernelSession, tmp_path: Path) -> None:
    trap = tmp_path / "run"
    for number, state in enumerate(({"a": Payload(trap)}, Payload(trap))):
        path = saved(tmp_path, state, f"{number}.pth")
        assert "more than tensors" in str(read_checkpoint(clean, path, "payload").problem)
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps(Payload(trap)))
    assert "form" in str(read_checkpoint(clean, plain, "payload").problem)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("claimed", "said"),
    [(1100 * 2**20, "unpacks to more"), (4, "compressed"), (None, "compressed")],
)
def test_a_bomb_is_not_unpacked(
    claimed: int | None, said: str, clean: KernelSession, tmp_path: Path
) -> None:
    """Whether it says how large it is, lies about it, or stays below what is allowed."""
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"")
        archive.writestr("archive/data/0", bytes(64 * 2**20))
        if claimed is not None:
            archive.infolist()[-1].file_size = claimed  # as the directory at the end will say
    assert path.stat().st_size < 2**20
    assert said in str(read_checkpoint(clean, path, "bomb").problem)


def test_a_storage_that_claims_gigabytes_is_refused(clean: KernelSession, tmp_path: Path) -> None:
    wide = torch.zeros(1).expand(5 * 2**30)
    path = saved(tmp_path, {"nn_model.w": wide, "beta_t": torch.zeros(3)})
    assert path.stat().st_size < 10_000
    assert "claim" in str(read_checkpoint(clean, path, "claim").problem)
    honest = io.BytesIO()
    torch.save({"w": torch.zeros(4)}, honest)
    with zipfile.ZipFile(honest) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = next(n for n in members if n.endswith("data.pkl"))
    members[name] = members[name].replace(b"K\x04\x85", b"J\x00\x00\x00\x50\x85")
    forged = tmp_path / "forged.pth"
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_STORED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    assert read_checkpoint(clean, forged, "claim").problem
    assert clean.starts == 1


def test_the_form_of_old_versions_of_torch_is_refused(clean: KernelSession, tmp_path: Path) -> None:
    """It is a series of pickles, whose sizes no list states beforehand."""
    path = tmp_path / "old.pth"
    torch.save({"w": torch.zeros(4)}, path, _use_new_zipfile_serialization=False)
    assert "form" in str(read_checkpoint(clean, path, "old").problem)


def test_dictionaries_in_one_another_take_no_time(clean: KernelSession, tmp_path: Path) -> None:
    """A hundred of them, each holding the next one twice, are 2 ** 100 ways; one holds itself."""
    many: dict[str, Any] = {"w": torch.zeros(4)}
    for _ in range(100):
        many = {"a": many, "b": {"c": many}}
    within: dict[str, Any] = {"w": torch.zeros(4)}
    within["itself"] = within
    assert "no weights" in str(read_checkpoint(clean, saved(tmp_path, many), "many").problem)
    assert read_checkpoint(clean, saved(tmp_path, within), "itself").weights == 4


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "text", "half"])
def test_what_is_damaged_is_said_to_be(
    content: bytes | None, clean: KernelSession, tmp_path: Path
) -> None:
    path = saved(tmp_path, {"w": torch.zeros(4000)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert read_checkpoint(clean, path, "damaged").problem


@pytest.mark.parametrize(("worst", "finite"), [(1.0, True), (torch.nan, False), (torch.inf, False)])
def test_weights_of_eight_bits_are_not_called_damaged(
    worst: float, finite: bool, clean: KernelSession, tmp_path: Path
) -> None:
    weights = torch.tensor([0.5, worst, -2.0]).to(torch.float8_e5m2)
    found = read_checkpoint(clean, saved(tmp_path, {"w": weights}), "small")
    assert not found.problem
    assert found.finite == finite


def test_tensors_without_numbers_are_no_weights(clean: KernelSession, tmp_path: Path) -> None:
    found = read_checkpoint(clean, saved(tmp_path, {"w": torch.zeros(0, 3)}), "empty")
    assert "no weights" in str(found.problem)


def test_the_same_weights_are_known_again(clean: KernelSession, tmp_path: Path) -> None:
    state: Mapping[str, torch.Tensor] = state_of("epsilon_linear")
    nearly = {k: v * 1.0001 if k.startswith("nn_") else v for k, v in state.items()}
    other = state_of("epsilon_cosine")
    read = [
        read_checkpoint(clean, saved(tmp_path, s, f"{i}.pth"), "same")
        for i, s in enumerate((state, state_of("epsilon_linear", T=200), nearly, other))
    ]
    assert same_weights(read[0], read[1])
    assert same_weights(read[0], read[2])
    assert not same_weights(read[0], read[3])
    assert not same_weights(Checkpoint("damaged"), Checkpoint("damaged"))


def test_what_explains_nothing_predicts_nothing() -> None:
    assert Behaviour({"epsilon": 0.1, "sample": -3.0}).predicts is None
    assert Behaviour().predicts is None
    assert Behaviour({"epsilon": -12.0, "sample": 0.6}).predicts == "sample"


def test_fields_are_numbers(clean: KernelSession, tmp_path: Path) -> None:
    found = read_checkpoint(clean, saved(tmp_path, state_of("sample_cosine")), "fields")
    assert found.weights > 200_000
    assert found.sample.shape == (4096,)
    assert np.allclose(found.schedule["beta_t"], state_of("sample_cosine")["beta_t"])
