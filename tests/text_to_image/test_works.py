"""Notebook 2-2 in the forms that students hand in: what was asked, what came out, what it earns."""

import base64
import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from grader.checks.text_to_image import damaged, judge
from grader.digits.decode import decoding_session
from grader.kit.fill import TEXT_TO_IMAGE, answer, read_template
from grader.results import State
from grader.sandbox import KernelSession, Limits, choose_sandbox
from grader.text_to_image.calls import read_calls
from grader.text_to_image.sheet import draw_sheet
from grader.text_to_image.values import UNKNOWN
from grader.text_to_image.works import Works, find_works

PASSED, FAILED, MISSING, REVIEW = State.PASSED, State.FAILED, State.MISSING, State.NEEDS_REVIEW
ALL = {"prompt": PASSED, "settings": PASSED, "pictures": PASSED}
MADE = "pipe = StableDiffusionPipeline.from_pretrained(model_id).to('cuda')"
CALL = "images = pipe(prompt, num_inference_steps=STEPS).images"


@pytest.fixture(scope="module")
def session() -> Iterator[KernelSession]:
    with decoding_session(choose_sandbox("bubblewrap"), Limits()) as session:
        yield session


def picture(seed: int, size: int = 512, mime: str = "image/png", level: int = 255) -> NotebookNode:
    """A made-up picture as a cell's output."""
    noise = np.random.default_rng(seed).integers(0, level + 1, (8, 8, 3), dtype=np.uint8)
    page = Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    page.save(buffer, "PNG" if mime == "image/png" else "JPEG")
    return new_output("execute_result", data={mime: base64.b64encode(buffer.getvalue()).decode()})


EXAMPLE, OWN = picture(1), picture(2)


def cell(source: str, *outputs: NotebookNode) -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs))


def notebook(*cells: NotebookNode | str) -> NotebookNode:
    made = [c if isinstance(c, NotebookNode) else cell(c) for c in cells]
    return new_notebook(cells=made)


def template(
    own: NotebookNode | None = OWN, example: NotebookNode | None = EXAMPLE
) -> NotebookNode:
    """The answered template with these pictures under its two grids."""
    answered = answer(read_template(TEXT_TO_IMAGE))
    grids = [c for c in answered.cells if c.source.rstrip().endswith("rows=2, columns=2)")]
    for place, shown in zip(grids, (example, own), strict=True):
        place.outputs = [shown] if shown is not None else []
    return answered


def edited(old: str, new: str) -> NotebookNode:
    changed = template()
    assert sum(old in c.source for c in changed.cells) >= 1
    for c in changed.cells:
        c.source = c.source.replace(old, new)
    return changed


OWN_PROMPT = '"a linocut print of a lighthouse in a storm, two colours"'
THREE = "prompts = ['a red fox', 'a blue whale', 'a green owl']"


AS_EXAMPLE = "prompt = 'a photo of nike air jordan shoes'\nimages = pipe(prompt).images"
FIGURE_TEXT = "<Figure size 432x288 with 1 Axes>"
SMALL_FIGURE = picture(4, 231)
SMALL_FIGURE.data["text/plain"] = FIGURE_TEXT


def in_turns(*turns: int) -> NotebookNode:
    """Own prompt, its picture and the example's words, in cells that were run in these turns."""
    made = notebook(MADE, AS_EXAMPLE, "prompt = 'a red fox'", cell("pipe(prompt).images[0]", OWN))
    made.cells.insert(1, made.cells.pop())
    for code, turn in zip(made.cells, turns, strict=True):
        code.execution_count = turn
    return made


def unfinished() -> NotebookNode:
    changed = template()
    changed.cells.insert(7, cell("prompt = 'half a\nimages = pipe("))
    return changed


VARIANTS: dict[str, tuple[Callable[[], NotebookNode], dict[str, State]]] = {
    "as the template has it": (template, ALL),
    "own cell before the example": (
        lambda: notebook(
            MADE,
            cell(f"prompt = 'a red fox'\nSTEPS = 30\n{CALL}\nimages[0]", OWN),
            cell(
                "prompt = 'a photo of nike air jordan shoes'\nimages = pipe(prompt).images", EXAMPLE
            ),
        ),
        ALL,
    ),
    "several prompts in a loop": (
        lambda: notebook(
            MADE,
            THREE,
            cell("for p in prompts:\n    display(pipe(p, num_inference_steps=20).images[0])", OWN),
        ),
        ALL,
    ),
    "a list of prompts in one call": (
        lambda: notebook(MADE, THREE, cell("pipe(prompts).images[0]", OWN)),
        ALL,
    ),
    "a function that makes pictures": (
        lambda: notebook(
            MADE,
            "def make(text, steps=25):\n    return pipe(text, num_inference_steps=steps).images",
            cell("make('a red fox')[0]", OWN),
        ),
        ALL,
    ),
    "an f-string": (
        lambda: notebook(
            MADE, "animal = 'fox'", cell("pipe(f'a red {animal} in snow').images[0]", OWN)
        ),
        ALL,
    ),
    "in Korean": (lambda: notebook(MADE, cell("pipe('눈 속의 붉은 여우').images[0]", OWN)), ALL),
    "a negative prompt and keywords": (
        lambda: notebook(
            "import somewhere",
            cell(
                "out = somewhere.pipe(prompt='a red fox', negative_prompt='blur',"
                " guidance_scale=9, num_inference_steps=40, generator=g)",
                OWN,
            ),
        ),
        ALL,
    ),
    "another model": (lambda: edited("stable-diffusion-v1-5/stable-diffusion-v1-5", "x/y"), ALL),
    "under autocast": (
        lambda: notebook(
            MADE, cell("with torch.autocast('cuda'):\n    images = pipe('a red fox').images", OWN)
        ),
        ALL,
    ),
    "a jpeg": (lambda: template(picture(2, mime="image/jpeg")), ALL),
    "a figure of matplotlib, further down": (
        lambda: notebook(
            MADE,
            "images = pipe('a red fox').images",
            "import matplotlib.pyplot as plt",
            cell("plt.imshow(images[0]); plt.show()", picture(3, 300)),
        ),
        ALL,
    ),
    "one of four pictures black": (
        lambda: notebook(
            MADE, cell("pipe('a red fox').images", picture(1, level=0), picture(2), picture(3))
        ),
        ALL,
    ),
    "all black": (lambda: template(picture(2, level=0)), ALL),
    "a cell left unfinished": (unfinished, ALL),
    "outputs cleared": (
        lambda: template(None, None),
        {**ALL, "pictures": MISSING},
    ),
    "the example alone": (
        lambda: edited(OWN_PROMPT, "None"),
        dict.fromkeys(ALL, FAILED),
    ),
    "the example's words once more": (
        lambda: edited(OWN_PROMPT, '"A photo of Nike Air Jordan shoes!"'),
        dict.fromkeys(ALL, FAILED),
    ),
    "the template as it is given out": (
        lambda: read_template(TEXT_TO_IMAGE),
        dict.fromkeys(ALL, FAILED),
    ),
    "a prompt that says nothing": (
        lambda: edited(OWN_PROMPT, '"your prompt here"'),
        {**ALL, "prompt": FAILED},
    ),
    "a prompt typed in": (
        lambda: edited(OWN_PROMPT, "input('prompt? ')"),
        {**ALL, "prompt": REVIEW},
    ),
    "a thousand steps": (
        lambda: edited("NUM_DENOISING_STEPS = 40", "NUM_DENOISING_STEPS = 1000"),
        {**ALL, "settings": FAILED},
    ),
    "no steps": (
        lambda: edited("NUM_DENOISING_STEPS = 40", "NUM_DENOISING_STEPS = 0"),
        {**ALL, "settings": FAILED},
    ),
    "steps that are computed": (
        lambda: edited("NUM_DENOISING_STEPS = 40", "NUM_DENOISING_STEPS = best()"),
        {**ALL, "settings": REVIEW},
    ),
    "the example's picture": (lambda: template(EXAMPLE), {**ALL, "pictures": FAILED}),
    "one colour": (
        lambda: notebook(MADE, cell("pipe('a red fox').images[0]", picture(2, level=1))),
        ALL,  # dark as it is, it counts as the safety checker's
    ),
    "a small picture": (lambda: template(picture(2, 128)), {**ALL, "pictures": FAILED}),
    "a picture that is damaged": (
        lambda: template(new_output("display_data", data={"image/png": "AAAA"})),
        {**ALL, "pictures": REVIEW},
    ),
    "the own prompt in the last cell, run before it was used": (lambda: in_turns(1, 4, 2, 3), ALL),
    "two sessions, of which the cells tell no order": (
        lambda: in_turns(1, 4, 2, 2),
        {**ALL, "prompt": REVIEW},
    ),
    "a dictionary of settings": (
        lambda: notebook(
            MADE,
            "config = {'prompt': 'a red fox', 'num_inference_steps': 30}",
            cell("pipe(**config).images[0]", OWN),
        ),
        ALL,
    ),
    "a dictionary with too many steps": (
        lambda: notebook(
            MADE,
            "config = dict(prompt='a red fox', num_inference_steps=1000)",
            cell("pipe(**config).images[0]", OWN),
        ),
        {**ALL, "settings": FAILED},
    ),
    "a class": (
        lambda: notebook(
            MADE,
            "class Maker:\n    steps = 20\n    def make(self, text, **more):\n"
            "        return self.pipe(text, **more).images",
            cell("Maker(pipe).make('a red fox', num_inference_steps=Maker.steps)[0]", OWN),
        ),
        ALL,
    ),
    "a function that is mapped": (
        lambda: notebook(
            MADE,
            THREE,
            "def make(text):\n    return pipe(text).images[0]",
            cell("list(map(make, prompts))", OWN),
        ),
        {**ALL, "prompt": REVIEW},
    ),
    "prompts that were appended": (
        lambda: notebook(
            MADE,
            "prompts = []\nprompts.append('a red fox')",
            cell("for p in prompts:\n    display(pipe(p).images[0])", OWN),
        ),
        ALL,
    ),
    "a pipeline that a function loads": (
        lambda: notebook(
            "def load():\n    return diffusers.AutoPipelineForText2Image.from_pretrained(x)",
            "model = load()",
            cell("model('a red fox').images[0]", OWN),
        ),
        ALL,
    ),
    "two letters of Korean": (lambda: notebook(MADE, cell("pipe('여우').images[0]", OWN)), ALL),
    "two letters of Latin": (
        lambda: notebook(MADE, cell("pipe('xy').images[0]", OWN)),
        {**ALL, "prompt": FAILED},
    ),
    "a figure at the resolution of old Colab": (
        lambda: notebook(MADE, cell("plt.imshow(pipe('a red fox').images[0])", SMALL_FIGURE)),
        {**ALL, "pictures": REVIEW},
    ),
    "both called before either is shown": (
        lambda: notebook(MADE, "own = pipe('a red fox').images", AS_EXAMPLE, cell("own[0]", OWN)),
        {**ALL, "pictures": REVIEW},
    ),
    "the example's picture before the example": (
        lambda: notebook(
            MADE, cell("pipe('a red fox').images[0]", EXAMPLE), cell(AS_EXAMPLE, EXAMPLE)
        ),
        {**ALL, "pictures": FAILED},
    ),
    "a link to a picture": (
        lambda: template(new_output("display_data", data={"text/html": "<img src='own.png'>"})),
        {**ALL, "pictures": REVIEW},
    ),
    "another form of picture": (
        lambda: template(new_output("display_data", data={"image/webp": "UklGRg=="})),
        {**ALL, "pictures": REVIEW},
    ),
    "a picture in a widget": (
        lambda: template(new_output("display_data", data={"text/plain": "Image(value=b'')"})),
        {**ALL, "pictures": REVIEW},
    ),
    "no call at all": (lambda: notebook("print('hello')"), dict.fromkeys(ALL, MISSING)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_earns_what_it_should(name: str, session: KernelSession) -> None:
    make, wanted = VARIANTS[name]
    verdicts, flags = judge(find_works(session, make()))
    assert {v.check.split(".")[1]: v.state for v in verdicts} == wanted, verdicts
    assert all(v.fraction == (v.state in (PASSED, REVIEW)) or "read" in v.message for v in verdicts)
    assert any(flag.id == "safety_checker_black" for flag in flags) == (
        name in ("all black", "one of four pictures black", "one colour")
    )


@pytest.mark.parametrize(
    "binds",
    [
        "ims = [pipe(prompt).images for prompt in prompts]",
        "for prompt, steps, seed in zip(prompts, (9, 9, 9), (1, 2, 3)):\n    pipe(prompt)",
        "for n, (prompt, s) in enumerate([(p, 1) for p in prompts]):\n    pipe(prompt)",
        "make = lambda prompt: pipe(prompt)\nfor p in prompts:\n    make(p)",
        "def make(*several):\n    [pipe(prompt) for prompt in several]\nmake(*prompts)",
        "def make(*several):\n    [pipe(prompt) for prompt in several]\nmake(prompts[0])",
        "prompt, steps = prompts[0], 9\npipe(prompt)",
        "prompt, steps = ask()\npipe(prompt)",
        "with ask() as prompt:\n    pipe(prompt)",
        "from somewhere import prompt\npipe(prompt)",
        "def choose():\n    global prompt\n    prompt = prompts[0]\nchoose()\npipe(prompt)",
        "pipe(prompt := prompts[0])\npipe(prompt)",
        "if (prompt := input()):\n    pipe(prompt)",
        "for n in range(len(prompts)):\n    prompt = '{} {}'.format(prompts[n], n)\n    pipe(prompt)",
        "prompt = 'a %s' % prompts[0]\npipe(prompt)",
    ],
)
def test_a_name_that_is_set_anew_is_not_the_examples(binds: str) -> None:
    example, *own = read_calls(notebook(MADE, AS_EXAMPLE, THREE, binds))
    assert example.prompt == "a photo of nike air jordan shoes"
    assert own
    assert all(asked.prompt != example.prompt for asked in own)


def test_what_was_asked_is_read() -> None:
    (example, own) = read_calls(template())
    assert example.prompt == "a photo of nike air jordan shoes"
    assert (own.guidance, own.steps, own.seed) == (8.0, 40, 2023)
    loop = VARIANTS["several prompts in a loop"][0]()
    assert [a.prompt for a in read_calls(loop)] == ["a red fox", "a blue whale", "a green owl"]
    (made,) = read_calls(VARIANTS["a function that makes pictures"][0]())
    assert (made.prompt, made.steps, made.cell) == ("a red fox", 25, 3)
    (typed,) = (a for a in read_calls(VARIANTS["a prompt typed in"][0]()) if a.cell > 8)
    assert typed.prompt is UNKNOWN
    seeded = notebook(MADE, "torch.manual_seed(7)", "pipe('a red fox')")
    assert [a.seed for a in read_calls(seeded)] == [7]


def test_calls_without_end_are_no_trap() -> None:
    recursive = "def f(p):\n    pipe(p)\n    f(p)\n    f(p)\nf('a red fox')"
    assert 1 <= len(read_calls(notebook(MADE, recursive))) <= 200
    wide = "for a in x:\n" + "".join(f"{'  ' * n}for b{n} in y:\n" for n in range(1, 15))
    assert read_calls(notebook(MADE, f"{wide}{'  ' * 15}pipe(a)"))
    many = "x = [1] * 16\n" + "".join(f"{'  ' * n}for b{n} in x:\n" for n in range(15))
    assert read_calls(notebook(MADE, f"{many}{'  ' * 16}y = 1", "pipe('a red fox')")) == []
    deep = "pipe('a' + " + "(" * 90 + "'b'" + ")" * 90 + ")"
    assert len(read_calls(notebook(MADE, deep, "pipe(" + "'a' + " * 5000 + "'b')"))) <= 2


def test_a_missing_and_a_damaged_notebook() -> None:
    assert {v.state for v in judge(None)[0]} == {MISSING}
    assert {v.state for v in damaged("The notebook x is damaged.")} == {REVIEW}


def test_the_sheet_shows_text_as_text(session: KernelSession) -> None:
    hostile = "'<b>\\x1b[31m여우 ' + 'long ' * 3 + '" + "w" * 300 + "'"
    works: Works = find_works(
        session, notebook(MADE, cell(f"pipe({hostile}).images[0]", OWN, picture(3)))
    )
    page = draw_sheet(works)
    assert page.size[0] == 1080
    assert page.size[1] > 504
