"""Submissions whose reading would take time or memory without an end."""

import json

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.habits.draft import DIFFUSION, TEXT_TO_IMAGE, Draft
from tests.habits.edits import insert_after
from tests.redteam.table import attack

UNREAD = dict.fromkeys(
    ("beta_schedule", "schedule_parameters", "loss", "sampling", "image_quality"), "needs_review"
)
"""What a notebook 2-1 that cannot be read leaves for a person."""
ALL_OF_CODE = "passed|killed|error|needs_review|skipped|failed|timeout"


def add(draft: Draft, *sources: str, name: str = DIFFUSION) -> None:
    """Code cells at the notebook's end."""
    notebook = draft.notebook(name)
    notebook.cells += [new_code_cell(source) for source in sources]
    draft.put(notebook, name)


def last(draft: Draft, name: str, content: str | bytes) -> None:
    """The file is packed behind all others, so that they count for what may be unpacked."""
    draft.files.pop(name, None)
    draft.files[name] = content.encode() if isinstance(content, str) else content


def shows(draft: Draft, data: dict[str, str], times: int = 1) -> None:
    """Outputs of this kind above the samples of notebook 2-1."""
    notebook = draft.notebook()
    outputs = [new_output("display_data", data) for _ in range(times)]
    notebook.cells.insert(0, new_code_cell("look()", outputs=outputs))
    draft.put(notebook)


# --- intake ---------------------------------------------------------------------------------------


@attack("a cell of a million empty lines", "wearing out", says="too long to be read")
def newlines(draft: Draft) -> None:
    add(draft, "\n" * 1_000_000 + "x = 1")


@attack("a Markdown cell of a million empty lines", "wearing out")
def newlines_in_text(draft: Draft) -> None:
    notebook = draft.notebook()
    notebook.cells.append(new_markdown_cell("\n" * 1_000_000 + "class"))
    draft.put(notebook)


@attack("a million empty cells", "wearing out", says="more than 5000 cells", **UNREAD)
def empty_cells(draft: Draft) -> None:
    last(draft, DIFFUSION, f'{{"cells": [{",".join(["{}"] * 1_000_000)}]}}')


@attack("millions of lists as cells", "wearing out", says="too many parts", **UNREAD)
def lists_as_cells(draft: Draft) -> None:
    last(draft, DIFFUSION, f'{{"cells": [{",".join(["[]"] * 4_000_000)}]}}')


@attack("millions of empty outputs", "wearing out", says="too many parts", **UNREAD)
def empty_outputs(draft: Draft) -> None:
    outputs = ",".join(["{}"] * 2_000_000)
    last(draft, DIFFUSION, f'{{"cells": [{{"cell_type": "code", "outputs": [{outputs}]}}]}}')


@attack("an output of brackets in brackets", "wearing out")
def deep_output(draft: Draft) -> None:
    shows(draft, {"application/json": "@"})
    deep = b"[" * 100_000 + b"]" * 100_000
    draft.files[DIFFUSION] = draft.files[DIFFUSION].replace(b'"@"', deep)


@attack("metadata of brackets in brackets", "wearing out", says="nested too deeply", **UNREAD)
def deep_metadata(draft: Draft) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    content = draft.files[DIFFUSION]
    draft.files[DIFFUSION] = b'{"deep": ' + deep + b", " + content[1:]


@attack("a text of escaped quotes that never ends", "wearing out", says="damaged", **UNREAD)
def endless_text(draft: Draft) -> None:
    last(draft, DIFFUSION, '{"a": "' + '\\"' * 2_000_000)


@attack("a long line of ASCII before bytes of no encoding", "wearing out")
def no_encoding(draft: Draft) -> None:
    content = draft.files[DIFFUSION]
    last(draft, DIFFUSION, content[:-1] + b" " * 3_000_000 + b', "x": "\xff\xfe\xc1"}')


@attack("a number of a million digits", "wearing out")
def long_number(draft: Draft) -> None:
    content = json.loads(draft.files[DIFFUSION])
    content["metadata"]["number"] = "@"
    draft.files[DIFFUSION] = json.dumps(content).replace('"@"', "7" * 1_000_000).encode()


@attack("a hundred copies of a notebook, each of another name", "wearing out")
def many_notebooks(draft: Draft) -> None:
    for number in range(100):
        draft.files[f"copies/{number:03}.ipynb"] = draft.files[DIFFUSION]


# --- planning -------------------------------------------------------------------------------------


@attack("an f-string of 100,000 fields", "wearing out", says="too long to be read")
def many_fields(draft: Draft) -> None:
    add(draft, "x = 1", 'y = f"' + "{x}" * 100_000 + '"')


@attack("an f-string of as many fields as are read", "wearing out")
def fewer_fields(draft: Draft) -> None:
    add(draft, "x = 1", *(['y = f"' + "{x}" * 2_900 + '"'] * 10))


@attack("4,000 names in strings for eval", "wearing out")
def many_evals(draft: Draft) -> None:
    lines = "".join(f"    eval('a{n} + b{n}')\n" for n in range(4_000))
    add(draft, f"def look():\n{lines}", f"def look_again():\n{lines}")


@attack("calls of thousands of functions of one name", "wearing out")
def one_name(draft: Draft) -> None:
    define = "def look(x):\n    global a, b, c\n    a = b = c = x\n"
    add(draft, define * 1_500, "look(1)\n" * 1_500)


@attack("a cell of 3,000 magics", "wearing out")
def many_magics(draft: Draft) -> None:
    add(draft, "%time x = 1\n" * 3_000, "!ls\n" * 3_000)


@attack("brackets in brackets as code", "wearing out")
def deep_code(draft: Draft) -> None:
    add(draft, "(" * 60_000, "x = " + "[" * 90 + "]" * 90, "x = " + "-" * 100_000 + "1")


@attack("blocks in blocks that train", "wearing out")
def deep_blocks(draft: Draft) -> None:
    lines = ["    " * depth + "if n_T:" for depth in range(90)]
    lines += ["    " * 90 + "x = ddpm.sample(1, 2)"] * 200
    add(draft, "\n".join(lines))


@attack("a chain of 1,500 classes, each built on the one before", "wearing out")
def class_chain(draft: Draft) -> None:
    first = "class C0:\n    def __init_subclass__(cls): pass\n"
    classes = (
        f"class C{n + 1}(C{n}):\n    def __init_subclass__(cls): pass\n" for n in range(1500)
    )
    add(draft, first + "".join(classes))


@attack("code in strings in strings", "wearing out")
def nested_exec(draft: Draft) -> None:
    source = "x = 1"
    for _ in range(12):
        source = f"exec({source!r})"
    add(draft, source)


@attack("a broken cell, 300 times", "wearing out")
def many_broken(draft: Draft) -> None:
    add(draft, *(f"def broken{n}(:\n    return 1\n\nx = 1" for n in range(300)))


# --- notebook 2-2 ---------------------------------------------------------------------------------


@attack("lists that double, in an f-string of notebook 2-2", "wearing out")
def doubling_lists(draft: Draft) -> None:
    doubled = "a = [a, a]\n" * 40
    add(draft, f'a = ["x"]\n{doubled}t = f"{{a}}" + str(a)\nlook(t)', name=TEXT_TO_IMAGE)


@attack("texts that double in notebook 2-2", "wearing out")
def doubling_texts(draft: Draft) -> None:
    doubled = "a = a + a\nb = f'{b}{b}'\nc = c.replace('x', 'xx')\n" * 40
    add(draft, f"a = b = c = 'x'\n{doubled}look(a, b, c)", name=TEXT_TO_IMAGE)


@attack("lambdas that call one another in notebook 2-2", "wearing out")
def nested_lambdas(draft: Draft) -> None:
    calls = ", ".join(["f(x)"] * 200)
    lines = [
        f"{name} = lambda x: [{calls.replace('f', of)}]" for name, of in ("fg", "gh", "hi", "ij")
    ]
    deep = "(lambda x: " * 30 + "x" + ")" * 30
    add(draft, "\n".join([*lines, "j = f", f"f({deep})"]), name=TEXT_TO_IMAGE)


@attack("dictionaries that stand in one another 200 times, sent to a service", "wearing out")
def nested_dictionaries(draft: Draft) -> None:
    entries = ", ".join(f"'k{n}': d" for n in range(200))
    source = "d = {'a': 1}\n" + f"d = {{{entries}}}\n" * 5 + "client.post(d, json=d, data=d)"
    add(draft, source, name=TEXT_TO_IMAGE)


@attack("loops in loops in notebook 2-2", "wearing out")
def nested_loops(draft: Draft) -> None:
    lines = ["    " * depth + f"for i{depth} in range(100):" for depth in range(18)]
    add(draft, "\n".join([*lines, "    " * 18 + "look(i1)"]), name=TEXT_TO_IMAGE)


# --- what is shown --------------------------------------------------------------------------------


@attack("a page with 50,000 links to the same files", "wearing out")
def many_links(draft: Draft) -> None:
    for number in range(300):
        draft.files[f"d{number}/a.png"] = b""
    shows(draft, {"text/html": "".join(f'<img src="{n}/a.png">' for n in range(50_000))})


@attack("Markdown of brackets that do not close", "wearing out")
def open_brackets(draft: Draft) -> None:
    notebook = draft.notebook()
    notebook.cells.insert(0, new_markdown_cell("![](" * 50_000 + "![" * 50_000 + "(" * 50_000))
    draft.put(notebook)


@attack("a page of tags that do not close", "wearing out")
def open_tags(draft: Draft) -> None:
    shows(
        draft, {"text/html": "<img src='" * 50_000 + '<svg "' * 50_000 + "data:image/png;" * 50_000}
    )


@attack("a drawing of 200,000 elements, and one of entities", "wearing out")
def large_drawing(draft: Draft) -> None:
    shows(draft, {"image/svg+xml": "<svg>" + "<g/>" * 200_000 + "</svg>"})
    bomb = '<!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    shows(draft, {"image/svg+xml": bomb})


@attack("a heat map of a million numbers", "wearing out")
def heat_map(draft: Draft) -> None:
    shows(draft, {"application/vnd.plotly.v1+json": "@"})
    rows = b"[" + b",".join([b"0"] * 1_000) + b"]"
    figure = b'{"data": [{"type": "heatmap", "z": [' + b",".join([rows] * 1_000) + b"]}]}"
    last(draft, DIFFUSION, draft.files[DIFFUSION].replace(b'"@"', figure))


@attack("widgets that hold one another", "wearing out")
def circular_widgets(draft: Draft) -> None:
    view = "application/vnd.jupyter.widget-view+json"
    notebook = draft.notebook()
    children = [f"IPY_MODEL_{n}" for n in range(300)]
    model = {"model_name": "VBoxModel", "state": {"children": children}}
    state = {"state": {str(n): model for n in range(300)}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    shown = [new_output("display_data", {view: {"model_id": "0"}}) for _ in range(100)]
    notebook.cells.insert(0, new_code_cell("look()", outputs=shown))
    draft.put(notebook)


@attack("an output of 200,000 lines of signs", "wearing out")
def signs(draft: Draft) -> None:
    notebook = draft.notebook()
    text = "\n".join(["# " * 20, "a"] * 100_000)
    notebook.cells.insert(0, new_code_cell("look()", outputs=[new_output("stream", text=text)]))
    draft.put(notebook)


# --- what kernels send ----------------------------------------------------------------------------

SEND = "get_ipython().kernel.iopub_socket.send_multipart"
HEAD = "[b'kernel.x.stream', b'<IDS|MSG>', b'', b'{}', b'{}', b'{}'"


def when_called(draft: Draft, source: str) -> None:
    """Runs this whenever the grader asks for betas."""
    wrapped = f"""own_schedule = beta_schedule
def beta_schedule(beta1, beta2, T, schedule='linear'):
    {source}
    return own_schedule(beta1, beta2, T, schedule)"""
    insert_after(draft, "def beta_schedule", wrapped)


OTHERS = dict.fromkeys(("schedule_parameters", "loss", "sampling"), ALL_OF_CODE)


@attack("a message of 60 MB of JSON", "wearing out", beta_schedule="killed|needs_review", **OTHERS)
def long_message(draft: Draft) -> None:
    when_called(draft, f"{SEND}({HEAD}, b'[' + b'{{}},' * 20_000_000 + b'0]'])")


@attack(
    "a message of a hundred parts of 50 MB",
    "wearing out",
    beta_schedule="killed|needs_review|timeout",
    **OTHERS,
)
def message_of_parts(draft: Draft) -> None:
    when_called(draft, f"{SEND}({HEAD}, b'{{}}', *[bytes(50 * 2**20)] * 100])")


@attack(
    "the network is asked 30 times a step", "wearing out", sampling="needs_review|failed|timeout"
)
def asked_often(draft: Draft) -> None:
    source = """own_forward = None
def ask_often(self, *given):
    result = self.nn_model(*given)
    for n in range(29):
        self.nn_model(given[0] + n, *given[1:])
    return result
DDPM.ask_often = ask_often"""
    notebook = draft.notebook()
    cell = next(c for c in notebook.cells if "class DDPM" in c.source)
    head, tail = cell.source.split("def sample", 1)
    cell.source = f"{head}def sample{tail.replace('self.nn_model(', 'self.ask_often(')}\n\n{source}"
    draft.put(notebook)
