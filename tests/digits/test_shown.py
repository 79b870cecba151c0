"""What the outputs and the text of a notebook show, in every form; and that reading them ends."""

import base64
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from grader.pictures import plotly
from grader.pictures.markup import Files, in_html, in_markdown, in_svg
from grader.pictures.outputs import Outputs, drawn_in_text
from grader.pictures.shown import Picture, Shown, Unread, from_base64


def png(level: int = 7) -> bytes:
    file = io.BytesIO()
    Image.new("L", (9, 5), level).save(file, "PNG")
    return file.getvalue()


ONE, TWO = png(1), png(2)
NOWHERE = Files(None)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{text(data)}"


def bytes_of(shown: Any) -> list[bytes | str]:
    """The pictures' bytes; of what is not read its form."""
    return [one.data if isinstance(one, Picture) else str(one.form) for one in shown]


def shown_by(notebook: NotebookNode, root: Path | None = None) -> list[list[Shown]]:
    outputs = Outputs(notebook, root)
    return [outputs.shown_by(cell) for cell in notebook.cells]


def output(**data: Any) -> NotebookNode:
    kinds = {kind.replace("__", "/").replace("_", "-"): value for kind, value in data.items()}
    return new_output("display_data", data=kinds)


def code(*outputs: NotebookNode) -> NotebookNode:
    return new_code_cell("x", outputs=list(outputs))


# Letters


@pytest.mark.parametrize(
    "letters",
    [
        text(ONE),
        "\n".join(text(ONE)[n : n + 20] for n in range(0, len(text(ONE)), 20)) + "\n",
        [f"{text(ONE)[:40]}\n", text(ONE)[40:]],
        url(ONE),
        text(ONE).rstrip("="),
        text(ONE)[:30] + "\\\n" + text(ONE)[30:],
    ],
)
def test_letters_are_read_however_they_are_broken(letters: Any) -> None:
    assert from_base64(letters) == Picture(ONE)


@pytest.mark.parametrize("letters", ["", None, [], 3, "no base64!", "AAAAA"])
def test_what_are_no_letters_is_not_read(letters: Any) -> None:
    assert isinstance(from_base64(letters), Unread)


# Drawings


def svg(image: str, inside: str = "", also: str = "") -> str:
    head = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="x">'
    return f'{head}<g {inside}><image xlink:href="{image}" {also}/></g></svg>'


@pytest.mark.parametrize(
    ("inside", "also", "upside_down"),
    [
        ("", "", False),
        ("", 'transform="scale(1 -1) translate(0 -265.68)"', True),
        ("", 'transform="matrix(6.65 0 0 6.65 103 41)"', False),
        ("", 'transform="matrix(6.65,0,0,-6.65,103,41)"', True),
        ('transform="scale(1,-1)"', 'transform="scale(2 -2)"', False),
        ('transform="translate(3)"', "", False),
    ],
)
def test_pictures_in_drawings_are_read_as_they_are_turned(
    inside: str, also: str, upside_down: bool
) -> None:
    (shown,) = in_svg(svg(url(ONE), inside, also))
    assert shown == Picture(ONE, upside_down=upside_down)


@pytest.mark.parametrize(
    "drawing",
    [
        svg(url(ONE), 'transform="rotate(90)"'),
        svg(url(ONE), 'transform="matrix(0 1 -1 0 0 0)"'),
        svg(url(ONE), 'transform="scale(-1 1)"'),
        svg(url(ONE), 'transform="scale(nan nan)"'),
        svg("other.png"),
        svg(url(svg(url(svg(url(ONE)).encode(), "svg+xml")).encode(), "svg+xml")),
        "<svg><path d='M0 0'/></svg>",
        "<svg><g></svg>",
        "no drawing",
        "",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        "<svg>" + "<g>" * 50_000,
    ],
)
def test_other_drawings_are_not_read(drawing: str) -> None:
    assert set(bytes_of(in_svg(drawing))) == {"an SVG drawing"}


def test_a_drawing_in_a_drawing_is_opened_once() -> None:
    inner = svg(url(ONE), "", 'transform="scale(1 -1)"')
    (shown,) = in_svg(svg(url(inner.encode(), "svg+xml"), "", 'transform="scale(1 -1)"'))
    assert shown == Picture(ONE)


# HTML and Markdown


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (f'<img src="{url(ONE)}"><img src="{url(TWO)}">', [ONE, TWO]),
        (f"<img src='{url(ONE)}' width=3>", [ONE]),
        (f'frames[0] = "{url(ONE)}"\nframes[1] = "{url(TWO)}"', [TWO]),
        (f"<div>{svg(url(ONE))}</div>", [ONE]),
        ("<svg><path d=''/></svg>", []),
        ("<svg><path d='" + "M0 0" * 6000 + "'/></svg>", ["an SVG drawing"]),
        ('<video src="x.mp4"></video>', ["a video"]),
        ("<canvas></canvas>", ["a drawing that a script makes"]),
        ('<img src="a.png">', ["a link to a file that was not handed in"]),
        ('<img src="https://x.org/a.png">', ["a link to the web"]),
        ("<table><tr><td>3</td></tr></table>", []),
        ("<td style='background: #123'>" * 784, ["a table in colours"]),
        ("", []),
    ],
)
def test_pages_are_read(page: str, found: list[bytes | str]) -> None:
    assert bytes_of(in_html(page, NOWHERE)) == found


def test_links_lead_to_files_of_the_submission_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(TWO)
    root = tmp_path / "in"
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
    (root / "a" / "my picture (1).png").write_bytes(ONE)
    (root / "b" / "my picture (1).png").write_bytes(TWO)
    (root / "b" / "drawn.svg").write_text(svg(url(ONE)))
    markdown = (
        "![x](./b/my%20picture%20(1).png) ![y](/content/drive/a/my%20picture%20(1).png)"
        "![z](b/drawn.svg) ![](../out) ![](..) ![]() ![](b)"
    )
    missing = "a link to a file that was not handed in"
    found = bytes_of(in_markdown(markdown, {}, Files(root)))
    assert found == [TWO, ONE, ONE, missing, missing, missing]


def test_a_file_counts_once_however_often_it_is_linked(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(ONE)
    assert bytes_of(in_markdown("![](a.png)" * 1000, {}, Files(tmp_path))) == [ONE]


def test_attachments_are_pasted_pictures() -> None:
    source = "![image.png](attachment:image.png) ![](attachment:image.png) ![](attachment:no.png)"
    attachments = {"image.png": {"image/png": text(ONE)}, "unused.png": {"image/png": text(TWO)}}
    made = new_notebook(cells=[new_markdown_cell(source, attachments=attachments)])
    ((first, second),) = shown_by(made)
    assert first == Picture(ONE, pasted=True)
    assert bytes_of([second]) == ["an attachment whose content was not saved"]


# Plotly


FLIPPED = {"yaxis": {"autorange": "reversed"}}


@pytest.mark.parametrize(
    ("layout", "trace", "upside_down"),
    [
        (FLIPPED, {}, False),
        ({}, {}, True),
        ({"yaxis": {"range": [27.5, -0.5]}}, {}, False),
        ({"yaxis": {"range": [-0.5, 27.5]}}, {}, True),
        (FLIPPED | {"yaxis7": {"matches": "y"}}, {"yaxis": "y7"}, False),
        (FLIPPED, {"yaxis": "y2"}, True),
    ],
)
def test_matrices_are_read_as_they_are_turned(
    layout: dict[str, Any], trace: dict[str, Any], upside_down: bool
) -> None:
    z = [[0, 1], [2, None]]
    (shown,) = plotly.in_figure({"data": [{"type": "heatmap", "z": z, **trace}], "layout": layout})
    assert isinstance(shown, Picture)
    assert shown.upside_down is upside_down
    pixels = np.asarray(Image.open(io.BytesIO(shown.data)))
    assert pixels.tolist() == [[0, 128], [255, 0]]


@pytest.mark.parametrize(
    ("figure", "found"),
    [
        ({"data": [{"type": "image", "source": url(ONE)}]}, [ONE]),
        ({"data": [], "layout": {"images": [{"source": url(ONE)}]}}, [ONE]),
        ({"data": [{"type": "scatter", "x": [1]}]}, []),
        ({"data": [{"type": "contour"}]}, ["a Plotly drawing"]),
        ({"data": [{"type": "heatmap", "z": [[1], [1, 2]]}]}, ["a Plotly drawing"]),
        ({"data": [{"type": "heatmap", "z": {"dtype": "O", "bdata": ""}}]}, ["a Plotly drawing"]),
        ({"data": [{"type": "heatmap", "z": "text"}]}, ["a Plotly drawing"]),
        ({"data": "text", "layout": 3}, []),
        (3, []),
    ],
)
def test_figures_of_all_kinds_and_none(figure: Any, found: list[bytes | str]) -> None:
    assert bytes_of(plotly.in_figure(figure)) == found


def test_of_an_animation_of_plotly_the_last_frame_is_read() -> None:
    frames = [{"data": [{"type": "image", "source": url(data)}]} for data in (ONE, TWO)]
    (shown,) = plotly.in_figure({"data": frames[0]["data"], "frames": frames})
    assert shown == Picture(TWO, moving=True)


# Outputs


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (output(image__png=text(ONE), text__html=f'<img src="{url(TWO)}">'), [ONE]),
        (output(image__webp=text(ONE)), [ONE]),
        (output(image__x_icon=text(ONE)), [ONE]),
        (output(image__png=""), ["a picture whose content was not saved"]),
        (output(application__pdf="x"), ["a PDF"]),
        (output(video__mp4="x"), ["a video"]),
        (
            output(text__plain="<Figure size 640x480 with 3 Axes>"),
            ["a figure whose picture was not saved"],
        ),
        (output(text__plain="<Figure size 640x480 with 0 Axes>"), []),
        (output(text__plain="Image(value=b'')"), ["a widget whose content was not saved"]),
        (output(text__plain="tensor([1, 2])"), []),
        (output(text__markdown=f"![]({url(ONE)})"), [ONE]),
    ],
)
def test_each_output_is_read_in_its_best_form(made: NotebookNode, found: list[bytes | str]) -> None:
    assert bytes_of(shown_by(new_notebook(cells=[code(made)]))[0]) == found


@pytest.mark.parametrize(
    "made",
    [
        {"output_type": "display_data", "data": 3},
        {"output_type": "error", "traceback": ["#" * 90] * 90},
        {},
        3,
    ],
)
def test_what_is_no_picture_shows_none(made: Any) -> None:
    assert list(Outputs(new_notebook()).shown_in(made)) == []


VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


def with_widgets(state: Any, plain: str = "") -> NotebookNode:
    view = new_output("display_data", data={VIEW: {"model_id": "a"}, "text/plain": plain})
    return new_notebook(cells=[code(view)], metadata={"widgets": {STATE: state}})


IMAGE = {"model_name": "ImageModel", "buffers": [{"path": ["value"], "data": text(ONE)}]}


@pytest.mark.parametrize(
    ("state", "plain", "found"),
    [
        ({"state": {"a": IMAGE}}, "", [ONE]),
        ({"a": IMAGE}, "", [ONE]),  # Colab
        (
            {"a": {"model_name": "HTMLModel", "state": {"value": f'<img src="{url(TWO)}">'}}},
            "",
            [TWO],
        ),
        ({"a": {"model_name": "VideoModel"}}, "", ["a video"]),
        ({"a": {"model_name": "ImageModel"}}, "", ["a widget whose content was not saved"]),
        ({"a": {"model_name": "FloatProgressModel", "state": {"value": 3}}}, "", []),
        ({}, "Output()", ["a widget whose content was not saved"]),
        ({}, "HBox(children=(HTML(value=''), FloatProgress(value=0.0)))", []),
        (3, "x", []),
        ({"state": 3}, "x", []),
        ({"a": 3}, "Image(value=b'')", []),
    ],
)
def test_widgets_are_read_by_their_saved_state(
    state: Any, plain: str, found: list[bytes | str]
) -> None:
    assert bytes_of(shown_by(with_widgets(state, plain))[0]) == found


def test_widgets_inside_one_another_are_read_once_and_in_order() -> None:
    second = {**IMAGE, "buffers": [{"path": ["value"], "data": text(TWO)}]}
    box = {
        "model_name": "HBoxModel",
        "state": {"children": ["IPY_MODEL_i", "IPY_MODEL_j", "IPY_MODEL_a"]},
    }
    models: dict[str, Any] = {"a": box, "i": IMAGE, "j": second}
    assert bytes_of(shown_by(with_widgets(models))[0]) == [ONE, TWO]
    deep: dict[str, Any] = {
        name: {"state": {"children": [f"IPY_MODEL_{after}"]}}
        for name, after in zip(["a", *map(str, range(5000))], map(str, range(5001)), strict=True)
    }
    assert bytes_of(shown_by(with_widgets(deep | {"5000": IMAGE}))[0]) == [ONE]


def test_letters_that_draw_a_picture_are_told_from_words() -> None:
    art = "\n".join("".join(" .#@"[x * y // 7 % 4] for x in range(40)) for y in range(30))
    log = "\n".join(f"epoch {n}: loss 0.0{n} |#####     |" for n in range(60))
    rule = "\n".join(["-" * 60] * 60)
    coloured = "\x1b[48;2;1;2;3m  " * 600
    assert [drawn_in_text(t) for t in (art, log, rule, coloured)] == [True, False, False, True]


HOSTILE = (
    *(
        "<img ",
        '<img src="',
        "<svg ",
        "![",
        "![a](b",
        "![](((",
        "frames[0]=",
        "<td _col background:",
    ),
    *("data:image/png;base64,", "Plotly.newPlot(", 'Plotly.newPlot("', 'Plotly.newPlot(["a",'),
)


@pytest.mark.parametrize("part", HOSTILE)
def test_time_is_in_proportion_to_the_text(part: str) -> None:
    page = part * (500_000 // len(part))
    began = time.process_time()
    list(in_markdown(page, {}, NOWHERE))
    assert time.process_time() - began < 10  # seconds; a tenth of one on a machine at rest
