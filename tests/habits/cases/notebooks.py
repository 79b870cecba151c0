"""Notebooks that were damaged, saved otherwise, or written as one or several."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.habits.draft import DIFFUSION, TEXT_TO_IMAGE, Draft
from tests.habits.table import CODE, habit

OPEN = dict.fromkeys((*CODE, "image_quality"), "needs_review")
"""What asks a TA where notebook 2-1 cannot be read."""


def korean(draft: Draft) -> str:
    """Notebook 2-1 with a comment that is no ASCII, as Jupyter writes it."""
    notebook = draft.notebook()
    for cell in notebook.cells:
        if "class DDPM" in cell.source:
            cell.source = f"# 노이즈를 예측하는 모델: 손실과 샘플링\n{cell.source}"
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def bytes_of(draft: Draft) -> bytes:
    return korean(draft).encode()


@habit("a comma too many behind the last line of a cell")
def extra_comma(draft: Draft) -> None:
    draft.files[DIFFUSION] = (
        bytes_of(draft).replace(b'"\n  ]', b'",\n  ]').replace(b"\n  }\n ],", b"\n  },\n ],", 1)
    )


@habit("a comma is missing between two cells", says="A missing comma was added.")
def missing_comma(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft).replace(b"\n  },\n  {", b"\n  }\n  {", 1)


@habit("lines behind the last brace")
def lines_behind(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft) + b"\n}\n]\nsaved by me\n"


@habit("an end of an older, longer version behind the new one")
def older_end(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft) + b'"nbformat": 4,\n "nbformat_minor": 0\n}\n'


@habit("zero bytes behind the end, as after a crash")
def zeros_behind(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft) + bytes(4096)


@habit("zero bytes among the text")
def zeros_inside(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft).replace(b"noise", b"noi\0se", 5)


@habit("nothing but zero bytes", says="it holds nothing", **OPEN)
def all_zeros(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes(100_000)


@habit("an empty file", says="it is empty", **OPEN)
def empty(draft: Draft) -> None:
    draft.files[DIFFUSION] = b""


@habit("line ends and tabs stand inside texts as they are")
def control_characters(draft: Draft) -> None:
    draft.files[DIFFUSION] = json.dumps(draft.notebook()).replace("\\n", "\n").encode()


@habit("git's marks of a merge round a line of the code", says="marks of a merge", **OPEN)
def merge(draft: Draft) -> None:
    text = korean(draft)
    place = text.index('   "source"', text.index("class DDPM") - 4000)
    end = text.index("\n", place) + 1
    line = text[place:end]
    draft.files[DIFFUSION] = (
        f"{text[:place]}<<<<<<< HEAD\n{line}=======\n{line.replace('DDPM', 'XXXX')}"
        f">>>>>>> 1a2b3c4 (my laptop)\n{text[end:]}"
    ).encode()


@habit("marks of a merge inside a cell's code", says="marks of a merge", **OPEN)
def merge_in_a_cell(draft: Draft) -> None:
    notebook = draft.notebook()
    for cell in notebook.cells:
        if "class DDPM" in cell.source:
            cell.source = (
                f"<<<<<<< local\n{cell.source}\n=======\nclass DDPM:\n    pass\n>>>>>>> remote\n"
            )
    draft.put(notebook)


@habit("marks of a merge at the end, where metadata differ", says="marks of a merge", **OPEN)
def merge_of_metadata(draft: Draft) -> None:
    text = korean(draft).replace(
        ' "nbformat": 4', '<<<<<<< HEAD\n "x": 1,\n=======\n "x": 2,\n>>>>>>> main\n "nbformat": 4'
    )
    draft.files[DIFFUSION] = text.replace("\n", "\r\n").encode()


@habit("the file ends in the samples' picture", image_quality="needs_review", says="is missing")
def cut_off_in_the_picture(draft: Draft) -> None:
    data = bytes_of(draft)
    draft.files[DIFFUSION] = data[: data.rindex(b'"image/png"') + 5000]


@habit(
    "the file ends before the model",
    **{**OPEN, "beta_schedule": "passed", "schedule_parameters": "passed"},
)
def cut_off_before_the_model(draft: Draft) -> None:
    text = korean(draft)
    draft.files[DIFFUSION] = text[: text.index("class DDPM") + 200].encode()


@habit("the file ends in its metadata")
def cut_off_in_the_metadata(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft)[:-40]


@habit("Korean Windows' code page")
def cp949(draft: Draft) -> None:
    draft.files[DIFFUSION] = korean(draft).encode("cp949", "replace")


@habit("Western Windows' code page")
def cp1252(draft: Draft) -> None:
    text = korean(draft).replace(
        "노이즈를 예측하는 모델: 손실과 샘플링", "modèle du bruit – «prédit»"
    )
    draft.files[DIFFUSION] = text.encode("cp1252", "replace")


@habit("UTF-16 with its mark")
def utf16(draft: Draft) -> None:
    draft.files[DIFFUSION] = korean(draft).encode("utf-16")


@habit("UTF-16 without a mark")
def utf16_without_mark(draft: Draft) -> None:
    draft.files[DIFFUSION] = korean(draft).encode("utf-16-le")


@habit("UTF-16, big end first, without a mark")
def utf16_be(draft: Draft) -> None:
    draft.files[DIFFUSION] = korean(draft).encode("utf-16-be")


@habit("UTF-32")
def utf32(draft: Draft) -> None:
    draft.files[DIFFUSION] = korean(draft).encode("utf-32")


@habit("UTF-8 with a mark, and both kinds of line ends")
def utf8_with_mark(draft: Draft) -> None:
    text = korean(draft)
    half = len(text) // 2
    mixed = text[:half].replace("\n", "\r\n") + text[half:]
    draft.files[DIFFUSION] = b"\xef\xbb\xbf" + mixed.encode()


@habit("some bytes of UTF-8 are broken")
def broken_utf8(draft: Draft) -> None:
    draft.files[DIFFUSION] = bytes_of(draft).replace("손실".encode(), b"\xec\x86 \x8b\xa4", 1)


def with_output(draft: Draft, output: dict[str, Any], times: int) -> None:
    """The notebook with this output many times, in front of the model."""
    notebook = json.loads(json.dumps(draft.notebook()))
    cell = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 1,
        "source": "show()",
        "id": "x",
    }
    notebook["cells"].insert(2, {**cell, "outputs": [output] * times})
    draft.files[DIFFUSION] = json.dumps(notebook).encode()


@habit("80 MB of printed lines")
def many_lines(draft: Draft) -> None:
    lines = [f"epoch {n}: loss 0.0{n % 1000:03}\n" for n in range(20_000)]
    with_output(draft, {"output_type": "stream", "name": "stdout", "text": lines}, 140)


@habit("90 MB of pictures in front of the samples", says="outputs of")
def many_pictures(draft: Draft) -> None:
    picture = base64.b64encode(bytes(1_500_000)).decode()
    data = {"image/png": picture, "text/plain": "<Figure size 640x480 with 1 Axes>"}
    with_output(draft, {"output_type": "display_data", "metadata": {}, "data": data}, 45)


@habit("one animation of 80 MB")
def huge_animation(draft: Draft) -> None:
    page = "<script>" + "x" * 80_000_000 + "</script>"
    data = {"text/html": page}
    with_output(draft, {"output_type": "display_data", "metadata": {}, "data": data}, 1)


@habit("an output that is nested very deeply")
def deep_output(draft: Draft) -> None:
    with_output(draft, {"output_type": "display_data", "metadata": {}, "data": "DEEP"}, 1)
    deep = b'{"application/json": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    draft.files[DIFFUSION] = draft.files[DIFFUSION].replace(b'"DEEP"', deep)


@habit("a file that is nested very deeply", says="nested too deeply", **OPEN)
def deep_file(draft: Draft) -> None:
    draft.files[DIFFUSION] = b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def cell_html(draft: Draft) -> bytes:
    code = "".join(f"<pre>{c.source}</pre>" for c in draft.notebook().cells)
    return f"<!DOCTYPE html>\n<html><head><title>Assignment2-1</title></head>{code}</html>".encode()


@habit("a web page saved as the notebook", says="it is a web page", **OPEN)
def web_page(draft: Draft) -> None:
    draft.files[DIFFUSION] = cell_html(draft)


@habit("the notebook saved as HTML alone", says="cannot be read", **OPEN)
def html_alone(draft: Draft) -> None:
    draft.files[DIFFUSION.replace(".ipynb", ".html")] = cell_html(draft)
    del draft.files[DIFFUSION]


@habit("the notebook printed as PDF alone", says="it is no notebook", **OPEN)
def pdf_alone(draft: Draft) -> None:
    draft.files[DIFFUSION.replace(".ipynb", ".pdf")] = b"%PDF-1.7\n..."
    del draft.files[DIFFUSION]


@habit("a page that asks to log in, saved as the notebook", says="it is a web page", **OPEN)
def log_in(draft: Draft) -> None:
    draft.files[DIFFUSION] = b"<html><title>Sign in - Google Accounts</title></html>"


@habit("a pointer of Git LFS", says="Git LFS", **OPEN)
def lfs(draft: Draft) -> None:
    draft.files[DIFFUSION] = (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 5120000\n"
    )


@habit("a shortcut to Google Drive", says="cloud drive", **OPEN)
def drive(draft: Draft) -> None:
    draft.files[DIFFUSION] = b'{"":"WARNING!","doc_id":"1AbC","resource_key":"","email":"a@b.kr"}'


@habit("a placeholder of iCloud", says="cloud drive", **OPEN)
def icloud(draft: Draft) -> None:
    draft.files[f".{DIFFUSION}.icloud"] = b"bplist00\xd4\x01\x02"
    del draft.files[DIFFUSION]


@habit("JSON of another kind", says="it holds no cells", **OPEN)
def other_json(draft: Draft) -> None:
    draft.files[DIFFUSION] = json.dumps({"paragraphs": [{"text": "%python class DDPM"}]}).encode()


@habit("a list instead of a notebook", says="it holds no cells", **OPEN)
def a_list(draft: Draft) -> None:
    draft.files[DIFFUSION] = b"[1, 2, 3]"


@habit("cells as an object")
def cells_as_object(draft: Draft) -> None:
    notebook = json.loads(json.dumps(draft.notebook()))
    notebook["cells"] = {str(n): cell for n, cell in enumerate(notebook["cells"])}
    draft.files[DIFFUSION] = json.dumps(notebook).encode()


@habit("what a server of notebooks hands out")
def of_a_server(draft: Draft) -> None:
    content = json.loads(json.dumps(draft.notebook()))
    about = {"name": DIFFUSION, "type": "notebook", "format": "json", "content": content}
    draft.files[DIFFUSION] = json.dumps(about).encode()


@habit("notebook format 3")
def format_3(draft: Draft) -> None:
    cells = []
    for cell in json.loads(json.dumps(draft.notebook()))["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": {}}
        if cell["cell_type"] == "code":
            old |= {"input": cell["source"], "language": "python", "prompt_number": 1}
            old["outputs"] = [
                {"output_type": "display_data", "png": out["data"]["image/png"], "metadata": {}}
                for out in cell["outputs"]
                if "image/png" in out.get("data", {})
            ]
        else:
            old["source"] = cell["source"]
        cells.append(old)
    sheets = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    draft.files[DIFFUSION] = json.dumps(sheets).encode()


@habit("notebook format 5, keys twice, and numbers that are none")
def format_5(draft: Draft) -> None:
    notebook = json.loads(json.dumps(draft.notebook()))
    notebook |= {"nbformat": 5, "metadata": {"x": float("nan"), "y": float("inf")}}
    text = json.dumps(notebook).replace('{"cells"', '{"cells": [], "nbformat": 4, "cells"', 1)
    draft.files[DIFFUSION] = text.encode()


@habit("a number of ten thousand digits")
def long_number(draft: Draft) -> None:
    notebook = json.loads(json.dumps(draft.notebook()))
    notebook["metadata"]["n"] = "NUMBER"
    text = json.dumps(notebook).replace('"NUMBER"', "9" * 10_000)
    draft.files[DIFFUSION] = text.encode()


def renamed(ending: str) -> Callable[[Draft], None]:
    def rename(draft: Draft) -> None:
        draft.files[DIFFUSION + ending] = draft.files.pop(DIFFUSION)

    return rename


@habit("the notebook's name ends in .txt")
def named_txt(draft: Draft) -> None:
    renamed(".txt")(draft)


@habit("the notebook was downloaded twice and has a number behind its name")
def named_with_number(draft: Draft) -> None:
    renamed(" (1)")(draft)


@habit("the notebook is saved as .json")
def named_json(draft: Draft) -> None:
    draft.files[DIFFUSION.replace(".ipynb", ".json")] = draft.files.pop(DIFFUSION)


@habit("the notebook has no ending at all")
def named_without_ending(draft: Draft) -> None:
    draft.files[DIFFUSION.replace(".ipynb", "")] = draft.files.pop(DIFFUSION)


@habit("the notebook is packed by gzip")
def gzipped(draft: Draft) -> None:
    draft.files[f"{DIFFUSION}.gz"] = gzip.compress(draft.files.pop(DIFFUSION))


@habit("the notebook is packed by gzip under its own name")
def gzipped_unsaid(draft: Draft) -> None:
    draft.files[DIFFUSION] = gzip.compress(draft.files[DIFFUSION])


@habit("the notebook stands in a zip")
def zipped(draft: Draft) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DIFFUSION, draft.files.pop(DIFFUSION))
    draft.files["notebook.zip"] = packed.getvalue()


def as_script(draft: Draft) -> bytes:
    """As Jupyter exports it."""
    cells = [
        f"# In[{n}]:\n\n\n{c.source}\n"
        for n, c in enumerate(draft.notebook().cells)
        if c.cell_type == "code" and not c.source.lstrip().startswith(("!", "%"))
    ]
    return "\n".join(["#!/usr/bin/env python", "# coding: utf-8", *cells]).encode()


@habit("notebook 2-1 as a Python file", image_quality="needs_review")
def python_file(draft: Draft) -> None:
    draft.files[DIFFUSION.replace(".ipynb", ".py")] = as_script(draft)
    del draft.files[DIFFUSION]


@habit("a damaged notebook beside its Python file", image_quality="needs_review")
def damaged_beside_script(draft: Draft) -> None:
    draft.files["assignment.py"] = as_script(draft)
    draft.files[DIFFUSION] = b"{"


@habit("an empty notebook beside the copy that Jupyter kept", says="a copy", **OPEN)
def kept_copy(draft: Draft) -> None:
    name = f".ipynb_checkpoints/{DIFFUSION.replace('.ipynb', '-checkpoint.ipynb')}"
    draft.files[name] = draft.files[DIFFUSION]
    draft.files[DIFFUSION] = b""


@habit("a damaged notebook under a name that says nothing", **OPEN)
def damaged_without_a_name(draft: Draft) -> None:
    draft.files["final.ipynb"] = draft.files.pop(DIFFUSION).replace(b'"', b"'")


@habit("notebook 2-2 is damaged", text_to_image="needs_review", says="cannot be read")
def damaged_2_2(draft: Draft) -> None:
    draft.files[TEXT_TO_IMAGE] = draft.files[TEXT_TO_IMAGE].replace(b'"', b"'")


@habit("notebook 2-2 is empty", text_to_image="needs_review", says="it is empty")
def empty_2_2(draft: Draft) -> None:
    draft.files[TEXT_TO_IMAGE] = b""


@habit("notebook 2-2 is in UTF-16")
def utf16_2_2(draft: Draft) -> None:
    draft.files[TEXT_TO_IMAGE] = draft.files[TEXT_TO_IMAGE].decode().encode("utf-16")


@habit("both parts in one notebook", says="holds notebook 2-")
def one_notebook(draft: Draft) -> None:
    notebook = draft.notebook()
    notebook.cells += draft.notebook(TEXT_TO_IMAGE).cells
    del draft.files[DIFFUSION], draft.files[TEXT_TO_IMAGE]
    draft.put(notebook, "Assignment2.ipynb")


@habit("both parts in one notebook, the second one first")
def one_notebook_turned(draft: Draft) -> None:
    notebook = draft.notebook(TEXT_TO_IMAGE)
    notebook.cells += draft.notebook().cells
    del draft.files[DIFFUSION], draft.files[TEXT_TO_IMAGE]
    draft.put(notebook, "hw2.ipynb")


@habit("both parts in one notebook beside the empty template of the second")
def one_notebook_and_a_template(draft: Draft) -> None:
    notebook, template = draft.notebook(), draft.notebook(TEXT_TO_IMAGE)
    notebook.cells += draft.notebook(TEXT_TO_IMAGE).cells
    for cell in template.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    draft.put(notebook, "Assignment2.ipynb")
    draft.put(template, TEXT_TO_IMAGE)
    del draft.files[DIFFUSION]


def split(draft: Draft, first: str, second: str) -> None:
    """The schedules in one notebook, everything else in another."""
    one, two = draft.notebook(), draft.notebook()
    one.cells = [
        c for c in one.cells if "def beta_schedule" in c.source or "import torch" in c.source
    ]
    two.cells = [c for c in two.cells if "def beta_schedule" not in c.source]
    del draft.files[DIFFUSION]
    draft.put(one, first)
    draft.put(two, second)


@habit("schedules in one notebook, the model in another", says="are those of")
def two_notebooks(draft: Draft) -> None:
    split(draft, "schedules.ipynb", "ddpm.ipynb")


@habit("schedules in a Python file of the student's own")
def own_module(draft: Draft) -> None:
    split(draft, "schedules.ipynb", DIFFUSION)
    cells = draft.notebook("schedules.ipynb").cells
    del draft.files["schedules.ipynb"]
    draft.files["schedules.py"] = "\n\n".join(cell.source for cell in cells).encode()


@habit("the samples are shown in a notebook of their own")
def samples_elsewhere(draft: Draft) -> None:
    one, two = draft.notebook(), draft.notebook()
    for cell in one.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    two.cells = [
        {**c, "source": "prediction_type, n_feat = 'epsilon', 128\nshow(x_gen)"}
        for c in two.cells
        if any("image/png" in o.get("data", {}) for o in c.get("outputs", []))
    ]
    draft.put(one)
    draft.put(two, "sampling.ipynb")


def small_png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "png")
    return file.getvalue()


@habit("a file whose name is no UTF-8 and turns the text round")
def strange_names(draft: Draft) -> None:
    draft.files["\udcb0\udca1 \u202egnp.exe"] = small_png()
    draft.files["tab\there\x1b[31m.png"] = small_png()
