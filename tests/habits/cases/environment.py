"""What the grader's machine has not, or the grader leaves out, is not the student's fault."""

from nbformat import NotebookNode
from nbformat.v4 import new_output

from tests.habits.cases.costs import cell_with, in_forward, in_sample, put_before, put_below
from tests.habits.draft import Draft
from tests.habits.table import habit

MODEL = {"loss": "needs_review", "sampling": "needs_review"}
LOSS = {"loss": "needs_review"}


def cleared(draft: Draft) -> None:
    notebook = draft.notebook()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    draft.put(notebook)


def based_on(draft: Draft, name: str) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, "class DDPM")
    cell.source = cell.source.replace("class DDPM(nn.Module)", f"class DDPM({name})")
    draft.put(notebook)


def version(notebook: NotebookNode, text: str) -> None:
    notebook.metadata.language_info = {"name": "python", "version": text}


# --- syntax ---------------------------------------------------------------------------------------


@habit("an f-string as Python 3.12 has them, in forward")
def nested_quotes(draft: Draft) -> None:
    in_forward(draft, "names = ['a', 'b']\nassert x.dim() > 1, f'none of {', '.join(names)}'")


@habit("an f-string with a backslash and a comment inside")
def backslash_inside(draft: Draft) -> None:
    in_sample(draft, 'note = f"{"\\n".join(["a", f"{n_sample:>{4}}"])}"')


@habit("f-strings of Python 3.12 in the schedules' cell, with a magic")
def strings_in_the_schedules(draft: Draft) -> None:
    put_before(draft, "def beta_schedule", "%matplotlib inline\nd = {'k': 1}\nprint(f'{d['k']}')")


@habit("a type alias of Python 3.12 inside DDPM", **MODEL, says="Python 3.12")
def type_alias(draft: Draft) -> None:
    in_forward(draft, "type Images = torch.Tensor")


@habit("a type alias of Python 3.12 beside the schedules, which nothing needs")
def type_alias_beside(draft: Draft) -> None:
    put_before(draft, "def beta_schedule", "type Betas = torch.Tensor")


@habit("generics of Python 3.12 in a helper", beta_schedule="needs_review", says="Python 3.12")
def generics(draft: Draft) -> None:
    put_before(draft, "def beta_schedule", "def same[V](value: V) -> V:\n    return value\n")
    put_below(draft, "def beta_schedule(", "T = same(T)", 4)


@habit("exceptions without brackets, as in Python 3.14", **MODEL, says="Python 3.14")
def exceptions_without_brackets(draft: Draft) -> None:
    in_forward(draft, "try:\n    pass\nexcept ValueError, TypeError:\n    pass")


@habit(
    "a bracket that is never closed in DDPM",
    loss="missing",
    sampling="missing",
    says="syntax error",
)
def never_closed(draft: Draft) -> None:
    in_forward(draft, "t = ((")


@habit(
    "print as a statement, in a notebook of Python 3",
    loss="missing",
    sampling="missing",
    says="syntax error",
)
def print_statement(draft: Draft) -> None:
    in_forward(draft, "print 'loss'")


@habit("print as a statement, where Python 2 ran it", **MODEL, says="Python 2.7")
def print_in_python_2(draft: Draft) -> None:
    in_forward(draft, "print 'loss'")
    notebook = draft.notebook()
    version(notebook, "2.7.18")
    cell_with(notebook, "class DDPM").execution_count = 12
    draft.put(notebook)


# --- names of other versions ----------------------------------------------------------------------


@habit("names that NumPy 2 no longer has")
def numpy_1(draft: Draft) -> None:
    in_forward(draft, "assert np.product([2, 3]) == 6 and np.float_(1) < np.Inf and np.bool8(1)")
    put_below(draft, "def ddpm_schedules(", "assert np.cumproduct([1, 2])[-1] == 2", 4)


@habit("names that Python 3.12 has")
def python_3_12(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from typing import override\nfrom itertools import batched")
    put_below(draft, "class DDPM(", "@override\ndef extra_repr(self):\n    return ''", 4)
    in_sample(draft, "assert list(batched('abc', 2)) == [('a', 'b'), ('c',)]")


@habit("names that old Pythons had")
def python_3_8(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from collections import Iterable\nfrom fractions import gcd")
    in_sample(draft, "assert isinstance(size, Iterable) and gcd(4, 6) == 2")


@habit(
    "a name of another torch, in a notebook that shows that it ran", **LOSS, says="torch.not_yet"
)
def torch_of_later(draft: Draft) -> None:
    in_forward(draft, "torch.not_yet_there(x)")


@habit("a function that torch took out", **LOSS, says="no longer has")
def torch_of_before(draft: Draft) -> None:
    in_forward(draft, "torch.symeig(x[0, 0])")


@habit("an import of what torchvision no longer has", **LOSS, says="functional_tensor")
def torchvision_of_before(draft: Draft) -> None:
    put_before(
        draft, "class DDPM", "from torchvision.transforms.functional_tensor import rgb_to_grayscale"
    )
    in_forward(draft, "rgb_to_grayscale(x)")


@habit(
    "a misspelt name of torch, in a notebook that never ran",
    loss="error",
    image_quality="needs_review",
)
def misspelt_and_never_run(draft: Draft) -> None:
    in_forward(draft, "torch.linspce(0, 1, 3)")
    cleared(draft)


@habit("a misspelt name of torch, whose error the notebook shows", loss="error")
def misspelt_and_shown(draft: Draft) -> None:
    in_forward(draft, "torch.linspce(0, 1, 3)")
    notebook = draft.notebook()
    said = "module 'torch' has no attribute 'linspce'"
    cell_with(notebook, "ddpm.train()").outputs = [
        new_output("error", ename="AttributeError", evalue=said, traceback=[])
    ]
    draft.put(notebook)


@habit("a name of the student's own that is misspelt", loss="error", says="noisee")
def own_name_misspelt(draft: Draft) -> None:
    in_forward(draft, "noisee + 1")


# --- libraries ------------------------------------------------------------------------------------


@habit("annotations by jaxtyping, checked by beartype")
def jaxtyping(draft: Draft) -> None:
    put_before(
        draft,
        "class DDPM",
        "from jaxtyping import Float, Int, jaxtyped\nfrom beartype import beartype\n"
        "from torch import Tensor\n@jaxtyped(typechecker=beartype)\n"
        'def scaled(x: Float[Tensor, "b c h w"], by: "Int | None" = None) -> Float[Tensor, "..."]:\n'
        "    return x",
    )
    in_forward(draft, "x = scaled(x)")


@habit("a class decorated by typeguard")
def typeguard(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from typeguard import typechecked, check_type\n@typechecked")


@habit("DDPM is a LightningModule")
def lightning(draft: Draft) -> None:
    put_before(draft, "class DDPM", "import lightning as L\nL.seed_everything(1)")
    based_on(draft, "L.LightningModule")
    in_forward(draft, "self.log('seen', 1)")
    notebook = draft.notebook()
    cell = cell_with(notebook, "class DDPM")
    cell.source = cell.source.replace("self.device = device", "self.place = device")
    draft.put(notebook)


@habit("a trainer of Lightning's is asked inside forward", **LOSS, says="lightning")
def lightning_trainer(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from pytorch_lightning import LightningModule, Trainer")
    in_forward(draft, "Trainer(max_epochs=1)")


@habit("a base class of a library that is absent", **MODEL, says="accelerate")
def base_class(draft: Draft) -> None:
    put_before(draft, "class DDPM", "import accelerate")
    based_on(draft, "accelerate.Module")


@habit("a base class built on one of a library that is absent", **MODEL, says="composer")
def base_of_base(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from composer import Model\nclass Base(Model):\n    pass")
    based_on(draft, "Base")


@habit("a default argument of a library that is absent", **MODEL, says="torchmetrics")
def default_argument(draft: Draft) -> None:
    put_before(draft, "class DDPM", "import torchmetrics")
    put_below(draft, "class DDPM(", "def metric(self, kind=torchmetrics.MeanMetric):\n    pass", 4)


@habit("a metric of a library that is absent, in the constructor of the network only")
def metric_in_the_network(draft: Draft) -> None:
    put_before(draft, "class ContextUnet", "import torchmetrics")
    put_below(draft, "class ContextUnet(", "metric = torchmetrics.MeanMetric", 4)


@habit(
    "a library that is absent and needed by one schedule",
    schedule_parameters="needs_review",
    says="fastcore",
)
def needed_by_one_schedule(draft: Draft) -> None:
    put_before(draft, "def ddpm_schedules", "import fastcore.all as fc")
    put_below(draft, "def ddpm_schedules(", "if schedule == 'cosine':\n    fc.L(1)", 4)


@habit("everything of an own module that was not handed in", **LOSS, says="utils")
def star_import(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from utils import *")
    in_forward(draft, "x = normalised(x)")


@habit(
    "schedules imported from another notebook", beta_schedule="needs_review", says="my_schedules"
)
def import_ipynb(draft: Draft) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, "def beta_schedule")
    cell.source = (
        "import import_ipynb\nfrom my_schedules import beta_schedule\n"
        + (cell.source[cell.source.index("def ddpm_schedules") :])
    )
    draft.put(notebook)


@habit("something of Colab's inside sample", sampling="needs_review", says="google")
def colab(draft: Draft) -> None:
    put_before(draft, "class DDPM", "from google.colab import output")
    in_sample(draft, "output.clear()")


@habit(
    "an absent library that nothing graded needs, beside an own mistake", loss="error", says="oops"
)
def absent_and_mistaken(draft: Draft) -> None:
    put_before(draft, "class DDPM", "import wandb")
    in_forward(draft, "raise ValueError('oops')")


# --- what the grader leaves out -------------------------------------------------------------------


@habit("forward reads the data's loader", **LOSS, says="does not run")
def reads_the_loader(draft: Draft) -> None:
    put_before(draft, "class DDPM", "batches = DataLoader(dataset, batch_size=4)")
    in_forward(draft, "x = x.to(next(iter(batches))[0].dtype)")


@habit("a table that a loop over the data fills", **LOSS, says="does not run")
def filled_from_the_data(draft: Draft) -> None:
    put_before(
        draft,
        "class DDPM",
        "MEANS = {}\nfor images, labels in DataLoader(dataset):\n    MEANS[0] = images.mean()",
    )
    in_forward(draft, "x = x - 0 * MEANS[0]")


@habit("an attribute that is set on the model below its class", **LOSS, says="does not run")
def attribute_set_later(draft: Draft) -> None:
    in_forward(draft, "x = x * self.brightness")
    put_before(draft, "num_samples", "ddpm.brightness = 1.0")
