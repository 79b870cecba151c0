"""Result folders and files under other names and in other forms."""

import base64
import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.habits.draft import SETTINGS, Draft
from tests.habits.table import TRAINED, habit

OPEN = dict.fromkeys(TRAINED, "needs_review")


def rename(draft: Draft, new: Callable[[str, str], str]) -> None:
    """Gives each file of a setting another path, by the setting and its name."""
    for path in list(draft.files):
        folder, _, name = path.rpartition("/")
        setting = folder.removeprefix("results_")
        if setting in SETTINGS:
            draft.files[new(setting, name)] = draft.files.pop(path)


def in_folders(names: dict[str, str]) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        rename(draft, lambda setting, name: f"{names[setting]}/{name}")

    return change


NAMES = {
    "short words": ("eps_lin", "eps_cos", "x0_lin", "x0_cosine"),
    "noise and image": ("noise_linear", "noise_cosine", "x_start_linear", "x_start_cosine"),
    "hyphens": ("epsilon-linear", "epsilon-cosine", "sample-linear", "sample-cosine"),
    "blanks": ("epsilon linear", "epsilon cosine", "sample linear", "sample cosine"),
    "capitals": ("EPSILON_LINEAR", "Epsilon_Cosine", "SampleLinear", "SAMPLE-COSINE"),
    "the other order": ("linear_eps", "cosine_eps", "linear_x0", "cosine_x0"),
    "steps": (
        "1000steps_epsilon_linear",
        "1000steps_epsilon_cosine",
        "1000steps_sample_linear",
        "1000steps_sample_cosine",
    ),
    "Korean": ("결과_엡실론_선형", "결과_엡실론_코사인", "결과_샘플_선형", "결과_샘플_코사인"),
    "samples behind": (
        "epsilon_linear_samples",
        "epsilon_cosine_samples",
        "x0_linear_samples",
        "x0_cosine_samples",
    ),
}


@habit("short words")
def short_words(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, (f"results_{n}" for n in NAMES["short words"]), strict=True)))(
        draft
    )


@habit("noise and x_start")
def noise_and_start(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, NAMES["noise and image"], strict=True)))(draft)


@habit("hyphens")
def hyphens(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, (f"results-{n}" for n in NAMES["hyphens"]), strict=True)))(draft)


@habit("blanks")
def blanks(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, (f"results {n}" for n in NAMES["blanks"]), strict=True)))(draft)


@habit("capitals, without an underscore")
def capitals(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, (f"Result_{n}" for n in NAMES["capitals"]), strict=True)))(draft)


@habit("the other order")
def other_order(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, NAMES["the other order"], strict=True)))(draft)


@habit("the number of steps in front")
def steps_in_front(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, NAMES["steps"], strict=True)))(draft)


@habit("Korean words")
def korean_words(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, NAMES["Korean"], strict=True)))(draft)


@habit("samples behind the name")
def samples_behind(draft: Draft) -> None:
    in_folders(dict(zip(SETTINGS, NAMES["samples behind"], strict=True)))(draft)


@habit("one level deeper, in a folder of the student's")
def deeper(draft: Draft) -> None:
    draft.files = {f"{draft.student}/hw2/submit/{n}": c for n, c in draft.files.items()}


@habit("folders in folders: prediction, then schedule")
def folders_in_folders(draft: Draft) -> None:
    rename(draft, lambda s, name: f"results/{s.replace('_', '/')}/{name}")


@habit("no folders: the setting stands in each file's name")
def flat(draft: Draft) -> None:
    def new(setting: str, name: str) -> str:
        stem, _, ending = name.rpartition(".")
        return f"{stem}_{setting}.{ending}"

    rename(draft, new)


@habit("one folder, the setting stands in front of each file's name")
def flat_in_results(draft: Draft) -> None:
    rename(draft, lambda setting, name: f"results/{setting.replace('epsilon', 'eps')}_{name}")


@habit("folders that do not say the setting", says="does not say of which setting", **OPEN)
def numbered_folders(draft: Draft) -> None:
    rename(draft, lambda s, name: f"results{SETTINGS.index(s) + 1}/{name}")


@habit("downloads with numbers, no folders", says="does not say of which setting", **OPEN)
def numbered_downloads(draft: Draft) -> None:
    def new(setting: str, name: str) -> str:
        stem, _, ending = name.rpartition(".")
        return f"{stem} ({SETTINGS.index(setting)}).{ending}"

    rename(draft, new)


@habit("downloads with numbers in their folders")
def numbers_in_folders(draft: Draft) -> None:
    def new(setting: str, name: str) -> str:
        stem, _, ending = name.rpartition(".")
        return f"results_{setting}/{stem} (1).{ending}"

    rename(draft, new)


@habit("a number behind each file's name, and its checkpoints", checkpoints=True)
def numbers_behind(draft: Draft) -> None:
    def new(setting: str, name: str) -> str:
        stem, _, ending = name.rpartition(".")
        return f"results_{setting}/{stem}_1.{ending}"

    rename(draft, new)


@habit("folders of Windows in the names of files")
def windows_folders(draft: Draft) -> None:
    rename(draft, lambda setting, name: f"hw2\\results_{setting}\\{name}")


@habit("copies of Jupyter's and of systems beside the files")
def copies_beside(draft: Draft) -> None:
    for path in list(draft.files):
        folder, _, name = path.rpartition("/")
        if folder:
            draft.files[f"{folder}/.ipynb_checkpoints/{name.replace('.', '-checkpoint.')}"] = b"x"
            draft.files[f"{folder}/._{name}"] = b"\0\5\26\7"
            draft.files[f"{folder}/Thumbs.db"] = b"\xd0\xcf"


def saved_as(draft: Draft, kind: str, ending: str, form: str) -> None:
    """Each setting's picture of this kind saved in another form."""
    for path in [p for p in draft.files if p.endswith(kind)]:
        picture = Image.open(io.BytesIO(draft.files.pop(path)))
        out = io.BytesIO()
        frames = [frame.copy() for frame in frames_of(picture)]
        first, rest = frames[0], frames[1:]
        more = {"save_all": True, "append_images": rest} if rest else {}
        if form == "JPEG":
            more["quality"] = 92
        first.convert("RGB").save(out, form, **more)
        draft.files[path.rsplit(".", 1)[0] + ending] = out.getvalue()


def frames_of(picture: Image.Image) -> list[Image.Image]:
    frames = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        frames.append(picture.convert("RGB"))
    return frames


@habit("image_final.jpg")
def as_jpeg(draft: Draft) -> None:
    saved_as(draft, "image_final.png", ".jpg", "JPEG")


@habit("image_final.webp")
def as_webp(draft: Draft) -> None:
    saved_as(draft, "image_final.png", ".webp", "WEBP")


@habit("image_final.bmp")
def as_bmp(draft: Draft) -> None:
    saved_as(draft, "image_final.png", ".bmp", "BMP")


@habit("gif_final.apng")
def as_apng(draft: Draft) -> None:
    saved_as(draft, "gif_final.gif", ".apng", "PNG")


@habit("gif_final.webp")
def gif_as_webp(draft: Draft) -> None:
    saved_as(draft, "gif_final.gif", ".webp", "WEBP")


@habit("gif_final.html, as matplotlib writes it")
def as_page(draft: Draft) -> None:
    for path in [p for p in draft.files if p.endswith("gif_final.gif")]:
        lines = []
        picture = Image.open(io.BytesIO(draft.files.pop(path)))
        for number, frame in enumerate(frames_of(picture)):
            out = io.BytesIO()
            frame.save(out, "png")
            text = base64.encodebytes(out.getvalue()).decode().replace("\n", "\\\n")
            lines.append(f'  frames[{number}] = "data:image/png;base64,{text}"\n')
        page = f"<script language='javascript'>\n{''.join(lines)}</script>"
        draft.files[path.replace(".gif", ".html")] = page.encode()


def replaced(draft: Draft, name: str, new: str, content: bytes) -> None:
    for path in [p for p in draft.files if p.endswith(name)]:
        del draft.files[path]
        draft.files[path.replace(name, new)] = content


FOR_PEOPLE = {  # forms that only a person can open here, and how such files begin
    "gif_final.mp4": b"\0\0\0\x20ftypisom",
    "gif_final.webm": b"\x1a\x45\xdf\xa3",
    "gif_final.wmv": b"\x30\x26\xb2\x75",
    "image_final.heic": b"\0\0\0\x18ftypheic",
}


def as_other_form(new: str, start: bytes) -> None:
    """Adds the habit of saving a picture or an animation so."""
    name = "gif_final.gif" if new.startswith("gif") else "image_final.png"

    def change(draft: Draft) -> None:
        replaced(draft, name, new, start + bytes(5000))

    change.__name__ = f"as_{new.rpartition('.')[2]}"
    habit(new, says=new, **OPEN)(change)


for _new, _start in FOR_PEOPLE.items():
    as_other_form(_new, _start)


@habit("gif_final.html with a video", says="gif_final.html", **OPEN)
def page_with_video(draft: Draft) -> None:
    page = b'<video><source src="data:video/mp4;base64,AAAAIGZ0eXA="></video>'
    replaced(draft, "gif_final.gif", "gif_final.html", page)


@habit("image_final.svg", says="image_final.svg", **OPEN)
def as_svg(draft: Draft) -> None:
    replaced(
        draft, "image_final.png", "image_final.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    )


@habit("image_final.pdf", says="image_final.pdf", **OPEN)
def as_pdf(draft: Draft) -> None:
    replaced(draft, "image_final.png", "image_final.pdf", b"%PDF-1.7")


@habit("image_final.npy", says="image_final.npy", **OPEN)
def as_array(draft: Draft) -> None:
    out = io.BytesIO()
    np.save(out, np.zeros((80, 1, 28, 28), np.float32))
    replaced(draft, "image_final.png", "image_final.npy", out.getvalue())


@habit("an empty image beside its numbered download")
def empty_beside(draft: Draft) -> None:
    for path in [p for p in draft.files if p.endswith("image_final.png")]:
        draft.files[path.replace(".png", " (1).png")] = draft.files[path]
        draft.files[path] = b""


@habit("checkpoints named .pt", checkpoints=True)
def as_pt(draft: Draft) -> None:
    for path in [p for p in draft.files if p.endswith(".pth")]:
        draft.files[path[:-1]] = draft.files.pop(path)


@habit("checkpoints named .pth.tar", checkpoints=True)
def as_pth_tar(draft: Draft) -> None:
    for path in [p for p in draft.files if p.endswith(".pth")]:
        draft.files[path + ".tar"] = draft.files.pop(path)


@habit("checkpoints named .zip, as what they are", checkpoints=True)
def as_zip(draft: Draft) -> None:
    for path in [p for p in draft.files if p.endswith(".pth")]:
        draft.files[path.replace(".pth", ".zip")] = draft.files.pop(path)


@habit("checkpoints as .safetensors", says="model_final.safetensors", **OPEN)
def as_safetensors(draft: Draft) -> None:
    for setting in SETTINGS:
        draft.files[f"results_{setting}/model_final.safetensors"] = b"\x40" + bytes(500)
