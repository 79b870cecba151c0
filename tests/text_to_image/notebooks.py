"""Notebook 2-2 in the forms that students hand in, each with what it earns."""

import base64
import io
from collections.abc import Callable

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from grader.kit.fill import TEXT_TO_IMAGE, answer, read_template
from grader.results import State

PASSED, FAILED, MISSING, REVIEW = State.PASSED, State.FAILED, State.MISSING, State.NEEDS_REVIEW
ALL = {"prompt": PASSED, "settings": PASSED, "pictures": PASSED}
MADE = "pipe = StableDiffusionPipeline.from_pretrained(model_id).to('cuda')"
CALL = "images = pipe(prompt, num_inference_steps=STEPS).images"


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


def pasted(shown: NotebookNode) -> NotebookNode:
    """A text cell with this picture in it."""
    return new_markdown_cell(f"![](data:image/png;base64,{shown.data['image/png']})")


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
    "all black": (lambda: template(picture(2, level=0)), ALL | {"pictures": REVIEW}),
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
        {**ALL, "pictures": REVIEW},  # the safety checker would have said so
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
    "a picture pasted below the example, which shows none": (
        lambda: notebook(MADE, AS_EXAMPLE, pasted(OWN)),
        dict.fromkeys(ALL, REVIEW),
    ),
    "the example's picture pasted below it": (
        lambda: notebook(MADE, cell(AS_EXAMPLE, EXAMPLE), pasted(EXAMPLE)),
        dict.fromkeys(ALL, FAILED),
    ),
    "no call at all": (lambda: notebook("print('hello')"), dict.fromkeys(ALL, MISSING)),
}
