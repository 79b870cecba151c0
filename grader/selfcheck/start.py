# The first file that runs: `python selfcheck.pyz`. Its syntax is one that old Pythons read, too, so
# that they can say what is wrong with them.
import contextlib
import importlib.util
import io
import locale
import os
import sys
import tempfile
import zipfile

OLDEST = (3, 11)
STOPPED = 130
NEEDED = (
    ("torch", "torch"),
    ("torchvision", "torchvision"),
    ("numpy", "numpy"),
    ("matplotlib", "matplotlib"),
    ("PIL", "pillow"),
    ("nbformat", "nbformat"),
    ("nbclient", "nbclient"),
    ("ipykernel", "ipykernel"),
)
TOO_OLD = {
    "en": "The self-check needs Python %d.%d or newer; this is %d.%d.",
    "ko": "자가 점검에는 Python %d.%d 이상이 필요합니다. 지금은 %d.%d입니다.",
}
MISSING = {
    "en": "The self-check needs what the notebook needs, and this Python lacks: %s\n"
    "Install it with:  %s -m pip install %s",
    "ko": "자가 점검에는 노트북이 쓰는 패키지가 필요합니다. 이 Python에 없는 패키지: %s\n"
    "설치 방법:  %s -m pip install %s",
}


def language() -> str:
    """That of --lang, or of the system."""
    words = sys.argv[1:]
    for place, word in enumerate(words):
        if word.startswith("--lang="):
            return word[len("--lang=") :]
        if word == "--lang" and place + 1 < len(words):
            return words[place + 1]
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    with contextlib.suppress(ValueError):
        names.append(locale.getlocale()[0] or "")
    chosen = next((name for name in names if name), "")
    return "ko" if chosen.lower().startswith("ko") else "en"


def problem(lang: str) -> "str | None":
    """One sentence on why the check cannot run here; None if it can."""
    lang = lang if lang in TOO_OLD else "en"
    if sys.version_info < OLDEST:
        return TOO_OLD[lang] % (OLDEST + tuple(sys.version_info[:2]))
    lacking = [name for module, name in NEEDED if importlib.util.find_spec(module) is None]
    if lacking:
        names = (", ".join(lacking), os.path.basename(sys.executable), " ".join(lacking))
        return MISSING[lang] % names
    return None


def start() -> None:
    lang = language()
    sys.stdout = sys.stdout or io.StringIO()  # None where it was closed before
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    said = problem(lang)
    if said is not None:
        sys.exit(said)
    try:
        code = unpack_and_check(lang)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:  # `| head`: who was reading has read enough
        code = 0
        drop_the_rest()
    except OSError as error:  # a full disk, most often
        print(f"selfcheck.pyz: {error}", file=sys.stderr)
        code = 1
        drop_the_rest()
    sys.exit(code)


def drop_the_rest() -> None:
    """What was printed and cannot be written is not tried again at exit, which would complain."""
    for standard in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), standard)


def unpack_and_check(lang: str) -> int:
    """Unpacks what this file holds, as the kernel needs files, and runs it."""
    with tempfile.TemporaryDirectory(prefix="selfcheck-", ignore_cleanup_errors=True) as folder:
        with zipfile.ZipFile(sys.argv[0]) as packed:
            packed.extractall(folder)
        sys.path[0] = folder
        from grader.selfcheck.command import main

        return main(sys.argv[1:], lang)


if __name__ == "__main__":
    start()
