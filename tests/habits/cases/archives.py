"""Archives of other forms, inside one another, and with members of every kind."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Mapping

from tests.habits.draft import DIFFUSION, SETTINGS, TEXT_TO_IMAGE, Draft, packed_tar_gz, packed_zip
from tests.habits.table import CODE, TRAINED, habit

SETTINGS_OPEN = dict.fromkeys(TRAINED, "needs_review")


def bare_tar(files: dict[str, bytes]) -> bytes:
    return gzip.decompress(packed_tar_gz(files))


def members(*infos: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=form, errors="surrogateescape") as tar:
        for info, content in infos:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def take(draft: Draft, setting: str) -> dict[str, bytes]:
    """The files of a setting by their names; they are no longer in the draft."""
    folder = f"results_{setting}/"
    names = [name for name in draft.files if name.startswith(folder)]
    return {name.removeprefix(folder): draft.files.pop(name) for name in names}


@habit("a zip named .zip", says="is a zip file")
def zip_archive(draft: Draft) -> None:
    draft.name, draft.pack = f"{draft.student}.zip", packed_zip


@habit("a zip named .tar.gz")
def zip_named_tar_gz(draft: Draft) -> None:
    draft.pack = packed_zip


@habit("a .tar.gz named .zip")
def tar_gz_named_zip(draft: Draft) -> None:
    draft.name = f"{draft.student}.zip"


@habit("a bare tar", says="without gzip")
def bare(draft: Draft) -> None:
    draft.name, draft.pack = f"{draft.student}.tar", bare_tar


@habit("a .tar.bz2")
def bzip2(draft: Draft) -> None:
    draft.name = f"{draft.student}.tar.bz2"
    draft.pack = lambda files: bz2.compress(bare_tar(files))


@habit("a .tar.xz")
def xz(draft: Draft) -> None:
    draft.name = f"{draft.student}.tar.xz"
    draft.pack = lambda files: lzma.compress(bare_tar(files), preset=0)


@habit("a .tar.zst")
def zst(draft: Draft) -> None:
    from grader.intake.streams import zstd

    draft.name = f"{draft.student}.tar.zst"
    draft.pack = lambda files: bytes(zstd.compress(bare_tar(files)))


@habit("packed twice by gzip")
def gzip_twice(draft: Draft) -> None:
    draft.pack = lambda files: gzip.compress(packed_tar_gz(files), 1)


@habit("the tarball inside a zip", says="was opened")
def tarball_in_a_zip(draft: Draft) -> None:
    name = draft.name
    draft.pack = lambda files: packed_zip({f"hw/{name}": packed_tar_gz(files)})


@habit("the tarball inside a tarball")
def tarball_in_a_tarball(draft: Draft) -> None:
    draft.pack = lambda files: packed_tar_gz({"Assignment2.tar.gz": packed_tar_gz(files)})


@habit("the four results in one results.zip")
def results_zip(draft: Draft) -> None:
    results = {f"results_{s}/{n}": c for s in SETTINGS for n, c in take(draft, s).items()}
    draft.files["results.zip"] = packed_zip(results)


@habit("a zip for each setting", checkpoints=True)
def zip_for_each(draft: Draft) -> None:
    for setting in SETTINGS:
        draft.files[f"results_{setting}.zip"] = packed_zip(take(draft, setting))


@habit("a results.7z, which the grader cannot open", says="7z", **SETTINGS_OPEN)
def results_7z(draft: Draft) -> None:
    for setting in SETTINGS:
        take(draft, setting)
    draft.files["results.7z"] = b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(4000)


def locked(content: bytes) -> bytes:
    """A zip whose members say that they need a password."""
    found = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = found.find(mark)
        while start >= 0:
            found[start + place] |= 1
            start = found.find(mark, start + 4)
    return bytes(found)


@habit(
    "one setting in a zip with a password",
    says="password",
    setting_sample_linear="needs_review",
)
def zip_with_password(draft: Draft) -> None:
    files = take(draft, "sample_linear")
    draft.files["results_sample_linear.zip"] = locked(packed_zip(files))


@habit("Korean Windows' names in a zip, with Windows' folders")
def windows_zip(draft: Draft) -> None:
    def pack(files: dict[str, bytes]) -> bytes:
        packed = io.BytesIO()
        names = [f"과제2\\{name.replace('/', chr(92))}".encode("cp949") for name in files]
        stand_ins = [f"{n:03}".ljust(len(name), "x") for n, name in enumerate(names)]
        with zipfile.ZipFile(packed, "w") as archive:
            for stand_in, content in zip(stand_ins, files.values(), strict=True):
                archive.writestr(zipfile.ZipInfo(stand_in), content)
        raw = packed.getvalue()
        for stand_in, name in zip(stand_ins, names, strict=True):
            raw = raw.replace(stand_in.encode(), name)
        return raw

    draft.pack = pack


@habit("a Mac's zip with its files beside each")
def mac_zip(draft: Draft) -> None:
    extra = {"__MACOSX/._" + name.rsplit("/")[-1]: b"\0\5\26\7" for name in draft.files}
    beside = {
        name.rpartition("/")[0] + "/._" + name.rpartition("/")[2]: b"\0\5\26\7"
        for name in draft.files
        if "/" in name
    }
    junk = {
        "desktop.ini": b"[.ShellClassInfo]",
        "Thumbs.db": b"\xd0\xcf",
        ".DS_Store": b"\0\0\0\1Bud1",
    }
    draft.pack = lambda files: packed_zip({**extra, **beside, **junk, **files})


@habit("absolute paths", says="below the others")
def absolute(draft: Draft) -> None:
    draft.files = {f"/home/kim/hw2/{name}": content for name, content in draft.files.items()}


@habit("paths that lead out of the folder")
def upwards(draft: Draft) -> None:
    draft.files = {f"../hw2/{name}": content for name, content in draft.files.items()}


@habit("a drive of Windows in every path")
def drive(draft: Draft) -> None:
    draft.files = {f"C:\\Users\\kim\\{n}": c for n, c in draft.files.items()}


@habit("equal files as hard links, and links to files beside them")
def links(draft: Draft) -> None:
    gif = draft.files["results_epsilon_linear/gif_final.gif"]

    def pack(files: dict[str, bytes]) -> bytes:
        plain = [(member(f"all/{n}"), c) for n, c in files.items() if "epsilon_linear/" not in n]
        image = files["results_epsilon_linear/image_final.png"]
        return members(
            (
                member("hw/results_epsilon_linear/gif_final.gif", tarfile.LNKTYPE, "all/first.gif"),
                b"",
            ),
            (
                member(
                    "hw/results_epsilon_linear/image_final.png", tarfile.SYMTYPE, "../../all/a.png"
                ),
                b"",
            ),
            (member("all/first.gif"), gif),
            (member("all/a.png"), image),
            *plain,
        )

    draft.pack = pack


@habit("a folder of results as a link to another folder")
def folder_link(draft: Draft) -> None:
    def pack(files: dict[str, bytes]) -> bytes:
        moved = {n.replace("results_sample_cosine", "final4"): c for n, c in files.items()}
        return members(
            (member("results_sample_cosine", tarfile.SYMTYPE, "./final4"), b""),
            *((member(n), c) for n, c in moved.items()),
        )

    draft.pack = pack


@habit(
    "a picture as a link to a drive that was not handed in",
    says="a link to",
    setting_epsilon_cosine="needs_review",
)
def link_outside(draft: Draft) -> None:
    del draft.files["results_epsilon_cosine/image_final.png"]
    name = "results_epsilon_cosine/image_final.png"
    draft.pack = lambda files: members(
        (member(name, tarfile.SYMTYPE, "/content/drive/MyDrive/image_final.png"), b""),
        *((member(n), c) for n, c in files.items()),
    )


@habit("a link that leads to itself, and a folder that links to its parent")
def link_circle(draft: Draft) -> None:
    draft.pack = lambda files: members(
        (member("a", tarfile.SYMTYPE, "b"), b""),
        (member("b", tarfile.SYMTYPE, "a"), b""),
        (member("results_epsilon_linear/up", tarfile.SYMTYPE, ".."), b""),
        *((member(n), c) for n, c in files.items()),
    )


@habit("no permissions, a date in the future, each file packed twice")
def odd_headers(draft: Draft) -> None:
    def pack(files: dict[str, bytes]) -> bytes:
        found = []
        for content_of in (lambda n: b"old", lambda n: files[n]):
            for name in files:
                info = member(f"./{name}")
                info.mode, info.mtime = 0, 4_000_000_000
                found.append((info, content_of(name)))
        return members(*found, form=tarfile.GNU_FORMAT)

    draft.pack = pack


@habit("long names of both kinds, in Korean")
def long_names(draft: Draft) -> None:
    folder = "/".join(["아주 긴 이름의 폴더 " * 5] * 3)
    draft.files = {f"{folder}/{name}": content for name, content in draft.files.items()}
    draft.pack = lambda files: members(
        *((member(n), c) for n, c in files.items()), form=tarfile.GNU_FORMAT
    )


@habit("names in the code page of Korean Windows in a tarball")
def cp949_names(draft: Draft) -> None:
    folder = "결과물".encode("cp949").decode("utf-8", "surrogateescape")
    draft.pack = lambda files: members(
        *((member(f"{folder}/{n}"), c) for n, c in files.items()), form=tarfile.GNU_FORMAT
    )


@habit("a whole .git and thousands of files that nobody asked for")
def much_junk(draft: Draft) -> None:
    junk = {f"hw/.git/objects/{n:04x}": b"x" for n in range(4000)}
    draft.pack = lambda files: packed_tar_gz({**junk, **files})


@habit("more files than are unpacked, behind the ones that count", says="more than 2000 members")
def many_files(draft: Draft) -> None:
    more = {f"data/{n}.txt": b"x" for n in range(2500)}
    draft.pack = lambda files: packed_tar_gz({**files, **more})


@habit(
    "more files than are unpacked, in front of the results",
    says="more than 2000 members",
    **SETTINGS_OPEN,
)
def many_files_in_front(draft: Draft) -> None:
    more = {f"data/{n}.txt": b"x" for n in range(2500)}

    def pack(files: dict[str, bytes]) -> bytes:
        first: Mapping[str, bytes] = {n: files[n] for n in (DIFFUSION, TEXT_TO_IMAGE)}
        return packed_tar_gz({**first, **more, **files})

    draft.pack = pack


@habit(
    "the upload ended before the results",
    says="cut off",
    text_to_image="passed|needs_review",
    **SETTINGS_OPEN,
)
def upload_ended(draft: Draft) -> None:
    first = {n: draft.files.pop(n) for n in (DIFFUSION, TEXT_TO_IMAGE)}
    draft.files = {**first, **draft.files}
    whole = packed_tar_gz(draft.files)
    kept = len(packed_tar_gz(first))
    draft.pack = lambda files: whole[: kept + 1000]


@habit(
    "the upload ended before the notebooks",
    says="cut off",
    setting_sample_linear="passed|needs_review",  # the last that came
    **dict.fromkeys((*CODE, "image_quality", "text_to_image"), "needs_review"),
)
def upload_ended_early(draft: Draft) -> None:
    results = {n: c for n, c in draft.files.items() if n.startswith("results")}
    kept = len(packed_tar_gz(results))
    draft.pack = lambda files: packed_tar_gz({**results, **files})[: kept + 1000]


@habit("the checksum is wrong", says="damaged", image_quality="passed|needs_review")
def wrong_checksum(draft: Draft) -> None:
    draft.pack = lambda files: packed_tar_gz(files)[:-8] + b"12345678"


@habit("bytes behind the end of the tarball")
def bytes_behind(draft: Draft) -> None:
    draft.pack = lambda files: packed_tar_gz(files) + bytes(10_000)


@habit("one picture in a zip is damaged", says="damaged", setting_sample_cosine="needs_review")
def damaged_in_zip(draft: Draft) -> None:
    name = "results_sample_cosine/gif_final.gif"

    def pack(files: dict[str, bytes]) -> bytes:
        raw = bytearray(packed_zip(files))
        place = raw.index(name.encode()) + len(name) + 5000
        raw[place : place + 50] = bytes(50)
        return bytes(raw)

    draft.pack = pack


@habit("a file with holes")
def sparse(draft: Draft) -> None:
    info = member("holes.bin")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,4",
        "GNU.sparse.size": "1000000",
        "GNU.sparse.name": "holes.bin",
    }
    draft.pack = lambda files: members((info, b"data"), *((member(n), c) for n, c in files.items()))


@habit("an archive that unpacks to far too much beside the work", says="times its own size")
def bomb_inside(draft: Draft) -> None:
    draft.files["data.zip"] = packed_zip({"zeros": bytes(300_000_000)})
