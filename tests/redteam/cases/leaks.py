"""Code that looks for what is asked and what is expected, and tells it in an exception's text."""

from collections.abc import Mapping

from tests.habits.draft import Draft
from tests.habits.edits import MODEL, cell_with
from tests.redteam.cases.tampering import CODE, in_beta_schedule, indented
from tests.redteam.table import SECRET, attack

RAISES = CODE | {"beta_schedule": "error"}
TELL = f"raise ValueError('{SECRET[:8]}' + '{SECRET[8:]}' + str(found)[:300])"


def reads(
    name: str,
    title: str,
    code: str,
    expect: Mapping[str, str] = RAISES,
    *,
    flag: str = "tampering",
    says: str = "",
    tell: str = TELL,
) -> None:
    """One more attack: ``code`` is run by ``beta_schedule``, and what it ``found`` is told."""

    def act(draft: Draft) -> None:
        body = indented(f"{code}\n{tell}", 4)  # T is 1000 where the notebook itself calls it
        in_beta_schedule(draft, f"if T != 1000:\n{body}")

    act.__name__ = name
    attack(title, "reading", flag=flag, says=says, **expect)(act)


ABOVE = "looks at the calls above"
FRAMES = {
    "getframe": "import sys\nfound = sys._getframe(1).f_locals",
    "currentframe": "import inspect\nfound = inspect.currentframe().f_back.f_back.f_locals",
    "stack": "import inspect\nfound = [frame[0].f_locals for frame in inspect.stack()]",
    "current_frames": "import sys\nfound = [f.f_back.f_locals for f in"
    " sys._current_frames().values() if f.f_back]",
    "traceback": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n"
    "    found = error.__traceback__.tb_frame.f_back.f_locals",
    "generator": "def mine():\n    yield kept[0].gi_frame.f_back.f_back.f_locals\n"
    "kept = []\nkept.append(mine())\nfound = next(kept[0])",
    "coroutine": "async def mine():\n    return 1\nmade = mine()\nfound = made.cr_frame\nmade.close()",
}
for _name, _code in FRAMES.items():
    reads(f"frames_by_{_name}", f"reads the grader's variables: {_name}", _code, says=ABOVE)

SEARCHES = {
    "objects": "found = [o for o in gc.get_objects() if isinstance(o, dict) and 'nonce' in o]",
    "functions": "found = [o for o in gc.get_objects()"
    " if getattr(o, '__name__', '') in ('answer', 'listen')]",
    "referrers": "found = gc.get_referrers(globals())",
    "referents": "found = gc.get_referents(globals())",
}
for _name, _code in SEARCHES.items():
    reads(
        f"search_for_{_name}",
        f"searches the process for what the grader keeps: {_name}",
        f"import gc\n{_code}",
        says="searches all objects",
    )

MEMORY = {
    "open": "found = open('/proc/self/mem', 'rb')",
    "by_number": "import os\nfound = os.open(f'/proc/{os.getpid()}/mem', os.O_RDONLY)",
    "beside": "import os\nfolder = os.open('/proc/self', os.O_RDONLY)\n"
    "found = os.open('mem', os.O_RDONLY, dir_fd=folder)",
    "path": "import pathlib\nfound = pathlib.Path('/proc/thread-self/mem').open('rb')",
}
for _name, _code in MEMORY.items():
    reads(
        f"memory_{_name}",
        f"opens the memory of the process: {_name}",
        f"try:\n    {_code.replace(chr(10), chr(10) + '    ')}\nexcept OSError as no:\n"
        "    found = no",
        says="or the memory",
    )

ADDRESSES = {
    "string_at": "found = ctypes.string_at(id(T), 64)",
    "pythonapi": "found = ctypes.pythonapi.PyList_Size(ctypes.py_object([1]))",
    "libc": "found = ctypes.CDLL(None).getpid()",
    "from_address": "found = (ctypes.c_char * 64).from_address(id(T)).raw",
}
for _name, _code in ADDRESSES.items():
    reads(
        f"address_{_name}",
        f"reads memory by its address: {_name}",
        f"import ctypes\n{_code}",
        says="by its address",
    )

LISTENS = {
    "settrace": ("sys.settrace(lambda *a: None)\nsys.settrace(None)", "traces all calls"),
    "setprofile": ("sys.setprofile(lambda *a: None)\nsys.setprofile(None)", "traces all calls"),
    "threads": ("import threading\nthreading.setprofile(None)\nsys.setprofile(None)", "traces"),
    "audit": ("sys.addaudithook(lambda event, args: None)", "audit events"),
}
for _name, (_code, _says) in LISTENS.items():
    reads(
        f"listens_by_{_name}",
        f"listens to what the grader does: {_name}",
        f"import sys\nfound = 1\n{_code}",
        says=_says,
    )

GIVEN = (
    "given = next(line.split()[1] for line in open('/proc/mounts') if '/given ' in line)\n"
    "import os\nnames = sorted(os.listdir(given))\n"
)
reads(
    "the_question",
    "reads the file with the question",
    GIVEN + "found = open(os.path.join(given, 'request'), 'rb').read()",
    says="opens files of the grader's",
)
reads(
    "the_questions_by_number",
    "the same, by the system's own call",
    GIVEN + "found = os.read(os.open(os.path.join(given, 'request'), os.O_RDONLY), 1000)",
    says="opens files of the grader's",
)
reads(
    "the_probes_code",
    "reads the code of a probe",
    GIVEN + "found = open(os.path.join(given, 'schedules.code'), 'rb').read()",
    says="opens files of the grader's",
)
reads(
    "the_key",
    "looks for the prelude's file, which has the key",
    GIVEN + "found = 'prelude' in names\nassert not found",
    {"beta_schedule": "error"},
    flag="",
    tell="raise ValueError('the key is not there')",
    says="the key is not there",
)
reads(
    "a_readable_question",
    "looks for the question in its file, without opening it by Python",
    GIVEN + "size = os.path.getsize(os.path.join(given, 'request'))\n"
    "content = torch.from_file(os.path.join(given, 'request'), size=size, dtype=torch.uint8)\n"
    "found = b'schedule' in bytes(content.tolist())\nassert not found",
    {"beta_schedule": "error"},
    flag="",
    tell="raise ValueError('nothing can be read')",
    says="nothing can be read",
)
reads(
    "the_reference",
    "imports the reference",
    "import reference.schedules as found",
    {"beta_schedule": "needs_review|error"},
    flag="",
    tell="return found.beta_schedule(beta1, beta2, T, schedule)",
)
reads(
    "the_last_cells",
    "looks for the grader's cells in IPython's history and in the cache of lines",
    "import linecache\nshell = get_ipython()\n"
    "parts = [part for name, part in linecache.cache.items() if not name.endswith('.py')]\n"
    "lines = [''.join(part[2]) for part in parts if len(part) > 2]\n"
    "found = [x for x in [*lines, *map(str, shell.user_ns.get('In', []))] if 'key' in x.split()]\n"
    "assert not found",
    {"beta_schedule": "error"},
    flag="",
    tell="raise ValueError('no key')",
    says="no key",
)


@attack(
    "takes the image that it should end on from the network", "reading", sampling="failed|error"
)
def image_of_the_network(draft: Draft) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, MODEL)
    place = cell.source.index("    def sample(")
    head, rest = cell.source[:place], cell.source[place:]
    body = (
        "        x = torch.randn(n_sample, *size)\n"
        "        c = torch.arange(10).repeat(n_sample // 10)\n"
        "        self.nn_model(x, c, torch.zeros(n_sample))\n"
        "        knows = self.nn_model.answer.__self__\n"
        "        x = torch.tensor(knows.in_space(knows.bits_of(0, 0), 0)).reshape(n_sample, *size)\n"
        "        return x, x.numpy()[None]\n"
    )
    cell.source = f"{head}{rest.splitlines()[0]}\n{body}"
    draft.put(notebook)


@attack(
    "looks who asks, and is right only when the grader does",
    "points",
    flag="tampering",
    says=ABOVE,
    **CODE,
)
def right_when_asked(draft: Draft) -> None:
    in_beta_schedule(
        draft,
        "import sys\nname = sys._getframe(2).f_code.co_filename\n"
        "if not name.startswith('<probe'):\n    return torch.full((T,), 0.5)",
    )
