"""The hundred samples in all the forms in which a notebook may show them, or fail to."""

import io
import json
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import animation
from nbformat import NotebookNode
from PIL import Image

from tests.digits.renderings import Array, grid_of, plain, saved, shown, subplots
from tests.habits.draft import Draft
from tests.habits.pictures import (
    VIEW,
    add_code,
    add_text,
    box_of,
    encoded,
    figure,
    grid_of_pixels,
    half_noise,
    hundred,
    image_widget,
    noise,
    output,
    png,
    show,
    show_widgets,
    text,
)
from tests.habits.table import habit

OPENS = "A TA opens cell 23 and counts the clear digits."
ASKS = "A TA asks for the picture of the samples and counts the clear digits."


def drawn(form: str) -> str:
    """The figure of the template, as matplotlib writes it in another form."""
    page, axes = plt.subplots()
    axes.imshow(np.clip(grid_of(hundred()), 0, 1))
    return written(page, form)


def written(page: Any, form: str) -> str:
    file = io.BytesIO()
    page.savefig(file, format=form)
    plt.close(page)
    return file.getvalue().decode("latin-1")


def html(*parts: str) -> NotebookNode:
    return output("".join(parts), "text/html", **{"text/plain": "<IPython.core.display.HTML>"})


def url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{text(data)}"


# Drawings


@habit("the figure as SVG")
def as_svg(draft: Draft) -> None:
    show(draft, output(drawn("svg"), "image/svg+xml"))


@habit("a hundred subplots as SVG")
def subplots_as_svg(draft: Draft) -> None:
    page, places = plt.subplots(10, 10, figsize=(5, 5))
    for place, tile in zip(places.ravel(), hundred(), strict=True):
        place.imshow(tile, cmap="gray")
        place.axis("off")
    show(draft, output(written(page, "svg"), "image/svg+xml"))


@habit("the SVG of the figure inside HTML")
def svg_in_html(draft: Draft) -> None:
    show(draft, html("<div>", drawn("svg"), "</div>"))


@habit("the figure traced as SVG paths", image_quality="needs_review", says=OPENS)
def traced(draft: Draft) -> None:
    rows, columns = np.nonzero(grid_of_pixels()[..., 0] > 127)
    dots = "".join(f"M{x} {y}h1v1h-1z" for y, x in zip(rows, columns, strict=True))
    show(draft, output(f"<svg xmlns='http://www.w3.org/2000/svg'><path d='{dots}'/></svg>", SVG))


SVG = "image/svg+xml"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 9}">' for n in range(1, 12))


@habit(
    "an SVG whose entities double",
    image_quality="needs_review",
    says="In cell 23 there is an SVG drawing, which cannot be read here.",
)
def entities(draft: Draft) -> None:
    head = f'<!DOCTYPE svg [<!ENTITY l0 "lol">{LAUGHS}]>'
    show(draft, output(f"{head}<svg xmlns='http://www.w3.org/2000/svg'>&l11;</svg>", SVG))


@habit("the figure as PDF", image_quality="needs_review", says=OPENS)
def as_pdf(draft: Draft) -> None:
    data = drawn("pdf").encode("latin-1")
    show(
        draft,
        output(data, "application/pdf", **{"text/plain": "<Figure size 640x480 with 1 Axes>"}),
    )


# Animations


@habit("the way from noise to digits by to_jshtml")
def jshtml(draft: Draft) -> None:
    page, axes = plt.subplots(figsize=(5, 5), dpi=72)
    frames = [np.clip(grid_of(tiles), 0, 1) for tiles in (noise(), half_noise(), hundred())]
    image = axes.imshow(frames[0])

    def draw(frame: Array) -> list[Any]:
        image.set_data(frame)
        return [image]

    made = animation.FuncAnimation(page, draw, frames=frames)
    show(draft, html(made.to_jshtml()))
    plt.close(page)


@habit(
    "an animation of which the last pictures were dropped",
    image_quality="needs_review",
    says="an animation that was too long to be saved whole",
)
def cut_off(draft: Draft) -> None:
    frames = f'frames[0] = "{url(encoded(plain()(noise())))}"\n'
    warning = "the animation.embed_limit rc parameter. This and further frames will be dropped."
    stream = {"output_type": "stream", "name": "stderr", "text": warning}
    show(draft, NotebookNode(stream), html("<script>", frames, "</script>"))


@habit(
    "the samples as an HTML5 video",
    image_quality="needs_review",
    says="In cell 23 there is a video",
)
def video(draft: Draft) -> None:
    show(
        draft, html(f'<video><source type="video/mp4" src="{url(b"ftypisom" * 40, "video/mp4")}">')
    )


@habit("a video of the sampling below the figure")
def video_below(draft: Draft) -> None:
    add_code(draft, "HTML(film.to_html5_video())", html("<video controls></video>"))


@habit("an animated GIF that ends with the hundred")
def animated_gif(draft: Draft) -> None:
    pages = [Image.fromarray(plain()(tiles)) for tiles in (noise(), hundred())]
    data = encoded(pages[0], "GIF", save_all=True, append_images=pages[1:])
    show(draft, output(data, "image/gif"))


# Widgets


@habit("the figure in an image widget")
def widget(draft: Draft) -> None:
    models = {"b": box_of("i"), "i": image_widget(encoded(figure()))}
    show_widgets(draft, models)


@habit("the figure in an output widget, inside a box")
def output_widget(draft: Draft) -> None:
    inner = {"output_type": "display_data", "metadata": {}}
    inner["data"] = {"image/png": [text(encoded(figure())), "\n"]}
    state = {"outputs": [{"output_type": "stream", "name": "stdout", "text": "sampling"}, inner]}
    models = {"b": box_of("o"), "o": {"model_name": "OutputModel", "state": state}}
    show_widgets(draft, models)


@habit("the figure on the canvas of %matplotlib widget")
def canvas_widget(draft: Draft) -> None:
    state = {"_data_url": url(encoded(figure())), "toolbar": "IPY_MODEL_t"}
    show_widgets(draft, {"c": {"model_name": "MPLCanvasModel", "state": state}})


@habit("widgets that hold one another in a ring", image_quality="needs_review")
def ring_of_widgets(draft: Draft) -> None:
    view = {"output_type": "display_data", "data": {VIEW: {"model_id": "b"}}, "metadata": {}}
    inner = {"model_name": "OutputModel", "state": {"outputs": [view, view]}}
    show_widgets(draft, {"a": box_of("b", "a"), "b": inner})


@habit(
    "a widget of which the notebook has no state",
    image_quality="needs_review",
    says=f"In cell 23 there is a widget whose content was not saved, which cannot be read here. {ASKS}",
)
def widget_not_saved(draft: Draft) -> None:
    plain_text = {"text/plain": "VBox(children=(Image(value=b'\\x89PNG\\r\\n'),))"}
    show(draft, output({"model_id": "gone"}, VIEW, **plain_text))


@habit("progress bars as widgets round the figure")
def progress_bars(draft: Draft) -> None:
    bar = output({"model_id": "x"}, VIEW, **{"text/plain": "  0%|          | 0/200 [00:00<?]"})
    show(draft, bar, png(hundred()), bar)


# In text


@habit("the picture pasted as an attachment", image_quality="needs_review", says="pasted into text")
def attachment(draft: Draft) -> None:
    show(draft)
    pasted = {"image.png": {"image/png": text(encoded(figure()))}}
    add_text(draft, "My samples:\n\n![image.png](attachment:image.png)", attachments=pasted)


@habit("the picture pasted as a data URI", image_quality="needs_review", says="pasted into text")
def pasted_url(draft: Draft) -> None:
    show(draft)
    add_text(draft, f"![samples]({url(encoded(figure()))})")


@habit(
    "a link in text to a file that is there", image_quality="needs_review", says="pasted into text"
)
def linked_file(draft: Draft) -> None:
    show(draft)
    draft.files["results/my samples.png"] = encoded(figure())
    add_text(draft, "![](./results/my%20samples.png)")


@habit(
    "a link in text to a file that is not there",
    image_quality="needs_review",
    says="In cell 24 there is a link to a file that was not handed in",
)
def dead_link(draft: Draft) -> None:
    show(draft)
    add_text(draft, "![](./results/samples.png)")


@habit("a picture from the web in text below the figure")
def picture_from_the_web(draft: Draft) -> None:
    add_text(draft, "![DDPM](https://example.org/ddpm.png)")


@habit("another hundred, pasted into text below the figure")
def pasted_below(draft: Draft) -> None:
    pasted = {"a.png": {"image/png": text(encoded(plain()(noise())))}}
    add_text(draft, "What others get: ![a](attachment:a.png)", attachments=pasted)


# HTML


@habit("the picture as an image in HTML")
def image_in_html(draft: Draft) -> None:
    show(draft, html(f'<p>epoch 20</p><img width=400 src="{url(encoded(figure()))}" alt="x">'))


@habit("an image in HTML that is a file of the submission")
def file_in_html(draft: Draft) -> None:
    draft.files["results_sample_cosine/samples_final.png"] = encoded(figure())
    show(draft, html('<img src="/content/results_sample_cosine/samples_final.png"/>'))


@habit("a hundred small images in an HTML table")
def table_of_images(draft: Draft) -> None:
    pages = [encoded((255 * tile).astype(np.uint8)) for tile in hundred()]
    cells = [f'<td><img src="{url(page)}"></td>' for page in pages]
    rows = ["<tr>" + "".join(cells[n : n + 10]) + "</tr>" for n in range(0, 100, 10)]
    show(draft, html("<table>", *rows, "</table>"))


@habit(
    "the pixels as a styled table of pandas",
    image_quality="needs_review",
    says="a table in colours",
)
def styled_table(draft: Draft) -> None:
    shades = (255 * hundred()[0]).astype(int)
    rules = "".join(
        f"#T_a_row{y}_col{x} {{background-color: #{s:02x}{s:02x}{s:02x};}}"
        for (y, x), s in np.ndenumerate(shades)
    )
    show(draft, html(f"<style>{rules}</style><table></table>"))


@habit("a drawing on a canvas", image_quality="needs_review", says="a drawing that a script makes")
def canvas(draft: Draft) -> None:
    show(draft, html("<canvas id=c></canvas><script>draw([0, 1, 2])</script>"))


@habit("a drawing by Bokeh", image_quality="needs_review", says=OPENS)
def bokeh(draft: Draft) -> None:
    load = output("", "application/vnd.bokehjs_load.v0+json")
    show(
        draft,
        load,
        output({}, "application/vnd.bokehjs_exec.v0+json", **{"text/html": "<div></div>"}),
    )


@habit("tags without an end", image_quality="needs_review")
def tags_without_end(draft: Draft) -> None:
    show(draft, html("<img " * 50_000, "<svg " * 50_000, "![" * 50_000, "<video>"))


# Several figures


def rows(tiles: Array) -> list[NotebookNode]:
    return [png(tiles[n : n + 10]) for n in range(0, 100, 10)]


@habit("ten figures of a row each")
def ten_rows(draft: Draft) -> None:
    show(draft, *rows(hundred()))


@habit("ten rows of subplots, and a curve")
def rows_of_subplots(draft: Draft) -> None:
    curve = output(encoded(np.full((480, 640, 3), 255, np.uint8)))
    drawn_rows = [png(tiles, subplots_in_a_row) for tiles in hundred().reshape(10, 10, 28, 28)]
    show(draft, curve, *drawn_rows)


def subplots_in_a_row(tiles: Array) -> Array:
    page, places = plt.subplots(1, 10, figsize=(8, 1))
    for place, tile in zip(places, tiles, strict=True):
        place.imshow(tile, cmap="gray")
        place.axis("off")
    return saved(page, 72, bbox_inches="tight")


@habit("two figures of fifty")
def two_of_fifty(draft: Draft) -> None:
    show(draft, png(hundred()[:50]), png(hundred()[50:]))


@habit("a hundred figures of one digit")
def hundred_figures(draft: Draft) -> None:
    page, axes = plt.subplots(figsize=(1.5, 1.5))
    image = axes.imshow(hundred()[0], cmap="gray")
    axes.axis("off")
    outputs = []
    for tile in hundred():
        image.set_data(tile)
        file = io.BytesIO()
        page.savefig(file, format="png", dpi=60)
        outputs.append(output(file.getvalue()))
    plt.close(page)
    show(draft, *outputs)


@habit("a hundred images of 28 x 28 pixels, by PIL")
def hundred_small_images(draft: Draft) -> None:
    show(draft, *[output(encoded((255 * tile).astype(np.uint8))) for tile in hundred()])


@habit(
    "ten rows, one for each epoch",
    image_quality="needs_review",
    says="The figures of cell 23 were put together, but the first ones are not as clear",
)
def rows_of_epochs(draft: Draft) -> None:
    tiles = hundred().copy()
    tiles[:60] = np.maximum(tiles, np.roll(tiles, 5, axis=0))[:60]  # two digits in one
    show(draft, *rows(tiles))


@habit("forty samples in place of a hundred", image_quality="needs_review", says=OPENS)
def forty(draft: Draft) -> None:
    show(draft, png(hundred()[:40]))


@habit(
    "a figure of noise below the samples",
    image_quality="needs_review",
    says="Another figure of a hundred tiles (cell 24) shows 0 clear digits. A TA decides which one counts.",
)
def noise_below(draft: Draft) -> None:
    add_code(draft, "plt.imshow(x_T)", png(noise()))


@habit(
    "an earlier figure that is far better",
    image_quality="needs_review",
    says="Another figure of a hundred tiles (cell 23) shows 99 clear digits.",
)
def earlier_is_better(draft: Draft) -> None:
    add_code(draft, "sample()", png(half_noise()))


@habit("figures of noise from early epochs above the samples")
def early_epochs(draft: Draft) -> None:
    show(draft, png(noise()), png(half_noise()), png(hundred()))


@habit("a curve of the loss below the figure")
def curve_below(draft: Draft) -> None:
    page, axes = plt.subplots()
    axes.plot([3, 2, 1])
    add_code(draft, "plt.plot(losses)", output(encoded(saved(page, 72))))


# Plotly and others


def plotly(figure: dict[str, Any]) -> NotebookNode:
    return output(figure, "application/vnd.plotly.v1+json")


REVERSED = {"yaxis": {"autorange": "reversed"}}


@habit("a heat map of Plotly")
def heat_map(draft: Draft) -> None:
    trace = {"type": "heatmap", "z": grid_of_pixels()[..., 0].tolist()}
    show(draft, plotly({"data": [trace], "layout": REVERSED}))


@habit("a heat map of Plotly whose rows go up, drawn from the last one on")
def heat_map_upwards(draft: Draft) -> None:
    z = grid_of_pixels()[::-1, :, 0].astype("<f4")
    packed = {"dtype": "f4", "bdata": text(z.tobytes()), "shape": f"{z.shape[0]}, {z.shape[1]}"}
    show(draft, plotly({"data": [{"type": "heatmap", "z": packed}], "layout": {}}))


@habit("an image of Plotly")
def plotly_image(draft: Draft) -> None:
    trace = {"type": "image", "source": url(encoded(grid_of_pixels()))}
    show(draft, plotly({"data": [trace], "layout": {}}))


@habit("a hundred heat maps of Plotly, in facets")
def facets(draft: Draft) -> None:
    traces = [
        {"type": "heatmap", "z": tile.tolist(), "yaxis": f"y{n}"}
        for n, tile in enumerate(hundred(), 1)
    ]
    layout = {f"yaxis{n}": {"matches": "y"} for n in range(1, 101)} | REVERSED
    show(draft, plotly({"data": traces, "layout": layout}))


@habit("Plotly as Colab writes it, in HTML")
def plotly_in_html(draft: Draft) -> None:
    trace = {"type": "heatmap", "z": grid_of_pixels()[..., 0].tolist()}
    arguments = f'"id", {json.dumps([trace])}, {json.dumps(REVERSED)}, {{"responsive": true}}'
    show(draft, html(f"<div id='id'></div><script>Plotly.newPlot( {arguments} )</script>"))


@habit("a contour drawing of Plotly", image_quality="needs_review", says="a Plotly drawing")
def contours(draft: Draft) -> None:
    show(draft, plotly({"data": [{"type": "contour", "z": [[0, 1], [1, 0]]}], "layout": {}}))


@habit("a chart of Vega", image_quality="needs_review", says=OPENS)
def vega(draft: Draft) -> None:
    show(draft, output({"mark": "rect"}, "application/vnd.vegalite.v5+json"))


@habit(
    "the samples printed as letters", image_quality="needs_review", says="a picture made of letters"
)
def letters(draft: Draft) -> None:
    signs = np.array(list(" .:-=+*#%@"))
    lines = ["".join(signs[(9 * row).astype(int)]) for row in hundred()[3]]
    show(draft, NotebookNode(output_type="stream", name="stdout", text="\n".join(lines)))


# Forms of pixels


@habit("the figure as JPEG")
def as_jpeg(draft: Draft) -> None:
    show(draft, output(encoded(figure(), "JPEG", quality=80), "image/jpeg"))


@habit("the figure as WebP")
def as_webp(draft: Draft) -> None:
    show(draft, output(encoded(figure(), "WEBP", quality=85), "image/webp"))


@habit("the figure as TIFF under the name of a PNG")
def as_tiff(draft: Draft) -> None:
    show(draft, output(encoded(figure(), "TIFF")))


@habit("a PNG with an alpha channel, one with a palette, one of 16 bits")
def other_pngs(draft: Draft) -> None:
    page = Image.fromarray(figure())
    deep = Image.fromarray(grid_of_pixels()[..., 0].astype(np.uint16) * 257)
    show(draft, *[output(encoded(p)) for p in (page.convert("RGBA"), page.quantize(32), deep)])


@habit("the picture as a list of lines")
def list_of_lines(draft: Draft) -> None:
    data = text(encoded(figure()))
    lines = [f"{data[n : n + 76]}\n" for n in range(0, len(data), 76)]
    show(draft, output(lines))


@habit("the picture with a data URI's prefix")
def prefix(draft: Draft) -> None:
    show(draft, output(url(encoded(figure()))))


@habit("a picture that breaks off", image_quality="needs_review", says="a picture that is damaged")
def broken_off(draft: Draft) -> None:
    show(draft, output(encoded(figure())[:3000]))


@habit(
    "a figure of which only the text was kept",
    image_quality="needs_review",
    says="In cell 23 there is a figure whose picture was not saved",
)
def only_the_text(draft: Draft) -> None:
    show(draft, output("<Figure size 640x480 with 1 Axes>", "text/plain"))


@habit(
    "cleared outputs",
    image_quality="needs_review",
    says=f"The notebook shows no figure of a hundred samples. Were its outputs cleared? {ASKS}",
)
def cleared(draft: Draft) -> None:
    show(draft)


@habit(
    "cleared outputs, and no result folders",
    image_quality="missing",
    **dict.fromkeys(
        (
            "setting_epsilon_linear",
            "setting_epsilon_cosine",
            "setting_sample_linear",
            "setting_sample_cosine",
        ),
        "missing",
    ),
)
def nothing_left(draft: Draft) -> None:
    show(draft)
    draft.files = {name: data for name, data in draft.files.items() if name.endswith(".ipynb")}


@habit("the samples in a style of matplotlib, as subplots")
def as_subplots(draft: Draft) -> None:
    show(draft, png(hundred(), subplots((8, 8), 72)))


@habit("the samples twice, the second time dark")
def dark(draft: Draft) -> None:
    show(draft, png(hundred()), png(hundred(), shown(style="dark_background", dpi=72)))
