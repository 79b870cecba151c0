"""Archives and names that should harm who unpacks them, and texts that should harm who reads them."""

import gzip
import io
import random
import tarfile
import zipfile

from nbformat.v4 import new_code_cell, new_output

from tests.habits.draft import TEXT_TO_IMAGE, Draft, packed_tar_gz, packed_zip
from tests.redteam.cases.bounds import add
from tests.redteam.table import attack

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\u202egnp.exe\r\n\u2066x"
HTML = "<script>fetch('//evil')</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil","ok")'


def packed_with(draft: Draft, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    """A tarball that has these behind the draft's files."""

    def pack(files: dict[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(
            fileobj=packed, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT
        ) as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            for info, content in members:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return packed.getvalue()

    draft.pack = pack


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **pax: str
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.pax_headers = kind, link, pax
    return info, b""


def random_text(size: int) -> str:
    """Text that cannot be packed."""
    return random.Random(size).randbytes(size // 2).hex()


# --- archives -------------------------------------------------------------------------------------


@attack("a hundred headers of nearly a megabyte", "files", flag="unread", says="headers")
def large_headers(draft: Draft) -> None:
    text = random_text(900_000)
    packed_with(draft, *(member(f"x{n}", comment=text) for n in range(40)))


@attack("names of a megabyte", "files", says="unusable path")
def endless_names(draft: Draft) -> None:
    text = random_text(400_000)
    packed_with(draft, *(member(f"{n}/{text}") for n in range(20)))


@attack("a header whose fields are sought again and again", "files", rejected=True)
def sought_again(draft: Draft) -> None:
    info = tarfile.TarInfo("x")
    header = b"3 \n" * 300_000 + b"9 a=b\n"

    def pack(files: dict[str, bytes]) -> bytes:
        plain = gzip.decompress(packed_tar_gz(files)).rstrip(b"\0")
        info.type, info.size = tarfile.XHDTYPE, len(header)
        start = -len(plain) % 512
        tail = info.tobuf(tarfile.USTAR_FORMAT) + header + bytes(-len(header) % 512)
        return gzip.compress(plain + bytes(start) + tail + bytes(1024), 1)

    draft.pack = pack


@attack("a gigabyte of zeros", "files", rejected=True, says="times its own size")
def zeros(draft: Draft) -> None:
    draft.files = {"a": b""}

    def pack(files: dict[str, bytes]) -> bytes:
        packed = io.BytesIO()
        info = tarfile.TarInfo("zeros")
        info.size = 2**28
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
            tar.addfile(info, io.BytesIO(bytes(2**28)))
        return packed.getvalue()

    draft.pack = pack


@attack("a file that claims a terabyte of holes", "files", says="far larger")
def sparse(draft: Draft) -> None:
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    info, _ = member("holes", **pax)
    packed_with(draft, (info, b"1\n0\n0\n".ljust(512, b"\0")))


@attack("archives in archives, ten deep", "files")
def nested_archives(draft: Draft) -> None:
    content = packed_zip({"a.txt": b"x"})
    for number in range(10):
        content = packed_zip({f"{number}.zip": content})
    draft.files["more.zip"] = content


@attack("a zip whose members lie on one another", "files")
def overlapping(draft: Draft) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
        first = archive.infolist()[0]
        for number in range(200):
            again = zipfile.ZipInfo(f"a{number}")
            for part in ("compress_type", "compress_size", "file_size", "CRC", "header_offset"):
                setattr(again, part, getattr(first, part))
            archive.filelist.append(again)
    draft.files["more.zip"] = packed.getvalue()


@attack("links to folders, a thousand times", "files")
def folder_links(draft: Draft) -> None:
    links = (member(f"l{n}", tarfile.SYMTYPE, "results_epsilon_linear") for n in range(400))
    packed_with(draft, *links)


@attack("links in a circle, to /etc and out of the folder", "files")
def odd_links(draft: Draft) -> None:
    targets = {"a": "b", "b": "a", "c": "/etc/passwd", "d": "../../../etc/shadow", "e": "."}
    packed_with(draft, *(member(name, tarfile.SYMTYPE, to) for name, to in targets.items()))


@attack("devices and pipes", "files", says="not a plain file")
def devices(draft: Draft) -> None:
    kinds = {"tty": tarfile.CHRTYPE, "disk": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE}
    packed_with(draft, *(member(name, kind) for name, kind in kinds.items()))


@attack("paths out of the folder", "files")
def upwards(draft: Draft) -> None:
    draft.files |= {"../../evil.txt": b"x", "/tmp/evil.txt": b"x", "C:\\evil.txt": b"x"}


@attack("a file where a folder is", "files")
def file_and_folder(draft: Draft) -> None:
    packed_with(draft, member("results_epsilon_linear"), member("x"), member("x/y/z"))


@attack("names of folders of very many words", "files")
def many_words(draft: Draft) -> None:
    words = "-".join(f"{a}{b}silo" for a in "abcdefgh" for b in "abcdefgh")
    for number in range(250):
        folders = "/".join(f"{words[number % 7 :][:190]}{depth}" for depth in range(12))
        draft.files[f"{folders}/{number}.txt"] = b""


@attack("folders as deep as they may be", "files")
def deep_folders(draft: Draft) -> None:
    draft.files["a/" * 31 + "b.txt"] = b""
    draft.files["a/" * 900 + "b.txt"] = b""


@attack("names in which marks are piled up", "files")
def combining(draft: Draft) -> None:
    marks = "".join(chr(0x300 + n % 70) for n in range(90))
    for number in range(100):
        draft.files[f"{'/'.join(['a' + marks] * 20)}/{number}.txt"] = b""


@attack("names that are no UTF-8, in a result folder", "files")
def korean_bytes(draft: Draft) -> None:
    name = "한글 사진".encode("cp949").decode("utf-8", "surrogateescape")
    packed_with(draft, member(f"results_epsilon_linear/{name}.png"), member("\udcff\udcfe"))


@attack("a checkpoint that is cut off", "files", setting_epsilon_linear="needs_review")
def cut_checkpoint(draft: Draft) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model/data.pkl", b"x")
        archive.writestr("model/data/0", bytes(100_000))
    content = bytearray(packed.getvalue())
    end = content.rindex(b"PK\x05\x06")
    del content[2_000:60_000]  # the directory stays, and tells of more than there is
    assert end > 60_000
    draft.files["results_epsilon_linear/model_final.pth"] = bytes(content)


@attack(
    "a checkpoint with a directory of 50,000 entries", "files", setting_sample_cosine="needs_review"
)
def large_directory(draft: Draft) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(50_000):
            entry = zipfile.ZipInfo(f"model/data/{number}")
            entry.CRC = entry.compress_size = entry.file_size = entry.header_offset = 0
            archive.filelist.append(entry)
        archive._didModify = True
    draft.files["results_sample_cosine/model_final.pth"] = packed.getvalue()


# --- reports --------------------------------------------------------------------------------------


@attack("escapes, new lines and turned text in names of files", "reports")
def names(draft: Draft) -> None:
    text = ESCAPES.replace("/", "")
    draft.files |= {f"{text}/{text}.txt": b"", f"results_epsilon_linear/{text}.png": b""}
    packed_with(
        draft,
        member(text, tarfile.FIFOTYPE),
        member(f"../{text}"),
        member("l", tarfile.SYMTYPE, text),
    )


@attack("HTML and formulas in names of files", "reports")
def html_names(draft: Draft) -> None:
    for text in (HTML.replace("/", ""), FORMULA.replace("/", ""), "@SUM(1)", "-1+1|cmd"):
        draft.files[f"results_epsilon_linear/{text}.txt"] = b""
        draft.files[f"{text}.ipynb"] = b"{}"


@attack("escapes and HTML in what a cell raises", "reports", flag="cell_failed")
def raised(draft: Draft) -> None:
    add(draft, f"n_feat = 8 if True else 0\nraise ValueError({ESCAPES + HTML!r})\nn_T = n_T")
    add(draft, f"device = int({ESCAPES + HTML!r})")


@attack("escapes and HTML in code that is left out", "reports")
def left_out(draft: Draft) -> None:
    add(
        draft,
        f"print({ESCAPES + HTML!r})",
        f"print('''{chr(0x202E)}{HTML}''')",
        f"x = '{chr(0x2066)}'",
    )


@attack("escapes, HTML and a formula in the prompt", "reports")
def prompt(draft: Draft) -> None:
    notebook = draft.notebook(TEXT_TO_IMAGE)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "prompt = " in cell.source:
            cell.source += f"\nprompt += {ESCAPES + HTML + FORMULA!r}"
    draft.put(notebook, TEXT_TO_IMAGE)


@attack("HTML that shows itself in place of a picture", "reports")
def html_output(draft: Draft) -> None:
    notebook = draft.notebook()
    page = f"{HTML}<iframe src='file:///etc/passwd'></iframe>"
    output = new_output("display_data", {"text/html": page, "text/plain": ESCAPES})
    notebook.cells.insert(0, new_code_cell("look()", outputs=[output]))
    draft.put(notebook)


@attack("a name of a notebook that is a formula of HTML", "reports")
def notebook_name(draft: Draft) -> None:
    name = next(n for n in draft.files if "2-1" in n)
    draft.files[f"={HTML.replace('/', '')} 2-1.ipynb"] = draft.files.pop(name)


@attack("a message of the sandbox's own kind in an error", "reports", beta_schedule="error")
def false_message(draft: Draft) -> None:
    source = f"def beta_schedule(beta1, beta2, T, schedule='linear'):\n    raise RuntimeError({ESCAPES + HTML!r})"
    notebook = draft.notebook()
    cell = next(c for c in notebook.cells if "def beta_schedule" in c.source)
    cell.source += f"\n\n{source}"
    draft.put(notebook)
