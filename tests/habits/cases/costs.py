"""One defect costs what it touches, and nothing that was judged without it."""

import io
import zipfile
from collections.abc import Callable

from nbformat import NotebookNode

from tests.habits.draft import SETTINGS, Draft
from tests.habits.table import CODE, TRAINED, habit

Change = Callable[[Draft], None]
OPEN = dict.fromkeys(TRAINED, "needs_review")


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.cell_type == "code" and text in c.source)


def put_below(draft: Draft, line: str, text: str, indent: int = 8) -> None:
    """Adds lines below the first line that starts with ``line``, whatever its indent."""
    notebook = draft.notebook()
    cell = cell_with(notebook, line)
    lines = cell.source.split("\n")
    place = next(n for n, found in enumerate(lines) if found.lstrip().startswith(line))
    lines[place + 1 : place + 1] = [" " * indent + added for added in text.split("\n")]
    cell.source = "\n".join(lines)
    draft.put(notebook)


def put_before(draft: Draft, where: str, text: str) -> None:
    """Adds lines at the start of the cell that holds ``where``."""
    notebook = draft.notebook()
    cell = cell_with(notebook, where)
    cell.source = f"{text}\n{cell.source}"
    draft.put(notebook)


def in_forward(draft: Draft, text: str) -> None:
    put_below(draft, "def forward(self, x, c):", text)


def in_sample(draft: Draft, text: str) -> None:
    put_below(draft, "def sample(self, n_sample", text)


def in_constructor(draft: Draft, text: str) -> None:
    put_below(draft, "def __init__(self, nn_model", text)


@habit(
    "forward leaves the process, and there are checkpoints", checkpoints=True, loss="killed", **OPEN
)
def forward_exits(draft: Draft) -> None:
    in_forward(draft, "os._exit(0)")


@habit("forward raises, and there are checkpoints", checkpoints=True, loss="error", **OPEN)
def forward_raises(draft: Draft) -> None:
    in_forward(draft, "raise RuntimeError('out of order')")


@habit("sample leaves the process", checkpoints=True, sampling="killed")
def sample_exits(draft: Draft) -> None:
    in_sample(draft, "os._exit(1)")


@habit("the constructor leaves the process", loss="killed", sampling="killed")
def constructor_exits(draft: Draft) -> None:
    in_constructor(draft, "os._exit(3)")


@habit("a class of the student's is called ProbeError", loss="error", says="ProbeError: no")
def probe_error(draft: Draft) -> None:
    put_before(draft, "class DDPM", "class ProbeError(Exception):\n    pass")
    in_forward(draft, "raise ProbeError('no')")


@habit("the schedules leave the process", beta_schedule="killed")
def schedules_exit(draft: Draft) -> None:
    put_below(draft, "def beta_schedule(", "os._exit(0)", 4)


@habit(
    "what answers the grader's questions is silenced",
    **dict.fromkeys(CODE, "needs_review"),
    says="no answer",
)
def answers_silenced(draft: Draft) -> None:
    silence = "import sys\nsys.audit = lambda *args: None"
    put_below(draft, "def beta_schedule(", silence, 4)


@habit("the last cell waits for input, an endless loop stands in the cells that only show")
def loops_that_do_not_count(draft: Draft) -> None:
    put_before(draft, "num_samples", "while True:\n    print(input('go on?'))")


def damaged(content: bytes) -> Change:
    def change(draft: Draft) -> None:
        draft.files[f"results_{SETTINGS[0]}/model_final.pth"] = content

    return change


def zipped(name: str, size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, bytes(size))
    return file.getvalue()


def cut_inside(content: bytes) -> bytes:
    """The directory at its end stays, a large part before it is gone."""
    return content[: len(content) // 4] + content[len(content) // 2 :]


ONE = {"setting_epsilon_linear": "needs_review"}
WHOLE = zipped("archive/data/0", 2**20)
CONTENTS = {
    "empty": b"",
    "no zip": b"weights" * 9999,
    "half a zip": WHOLE[: len(WHOLE) // 2],
    "a zip without its middle": cut_inside(WHOLE),
    "a zip without its start": WHOLE[1000:],
    "a zip of no tensors": zipped("readme.txt", 10),
    "a header of a wrong size": WHOLE.replace(b"PK\x03\x04", b"PK\x00\x00", 1),
}
for title, content in CONTENTS.items():
    change = damaged(content)
    change.__name__ = f"checkpoint_{title.replace(' ', '_')}"
    habit(f"a checkpoint is {title}", **ONE)(change)  # type: ignore[arg-type]


@habit("a picture of a setting is cut off", setting_sample_cosine="needs_review")
def picture_cut_off(draft: Draft) -> None:
    name = "results_sample_cosine/image_final.png"
    draft.files[name] = draft.files[name][:300]


@habit("an animation is no picture at all", setting_sample_linear="needs_review")
def animation_of_text(draft: Draft) -> None:
    draft.files["results_sample_linear/gif_final.gif"] = b"an animation"


@habit("a sampler that returns images of another size", sampling="failed")
def images_of_another_size(draft: Draft) -> None:
    in_sample(draft, "return torch.zeros(n_sample, 1, 32, 32), np.zeros((2, n_sample, 1, 32, 32))")


@habit("a sampler that is a generator", sampling="failed")
def generator(draft: Draft) -> None:
    in_sample(draft, "yield torch.randn(n_sample, *size)")
