"""What a statement has to do with files, folders and the environment, which definitions rely on.

Files count as names, by the last part of their path, and so does the environment.
"""

import ast
import re
from collections.abc import Iterable

from grader.intake.expand import base, line_magic
from grader.intake.namespace import constants, last_called

_WRITES_FILES = {"write_text", "write_bytes", "dump", "save", "savez", "savetxt", "to_csv"}
_FILE = re.compile(r"[^\n]{0,300}\.\w{1,8}\Z")
_PLACEHOLDER = re.compile(r"\{\s*(\w+)|\$\{?(\w+)")
ENVIRONMENT = "os.environ"
FOLDERS = {
    *("makedirs", "mkdir", "exists", "isdir", "is_dir", "join", "dirname", "expanduser", "Path"),
    *("print", "str", "format", "strftime", "localtime", "system", "get_ipython", "basename"),
}


def is_environment(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("environ", "getenv")


def environment_set(nodes: Iterable[ast.AST]) -> set[str]:
    for n in nodes:
        if (
            isinstance(n, ast.Subscript)
            and isinstance(n.ctx, ast.Store)
            and is_environment(n.value)
        ):
            return {ENVIRONMENT}
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute):
            changes = n.func.attr in ("update", "setdefault") and is_environment(n.func.value)
            if changes or n.func.attr == "putenv":
                return {ENVIRONMENT}
    return set()


def only_makes_folders(node: ast.stmt, here: Iterable[ast.AST], argument: str) -> bool:
    if not isinstance(node, ast.Expr | ast.If | ast.For | ast.Try):
        return False
    name, _ = line_magic(node)
    if name in ("!", "mkdir"):
        return name == "mkdir" or argument.split()[:1] == ["mkdir"]
    calls = [n for n in here if isinstance(n, ast.Call)]
    names = {last_called(call) for call in calls}
    lines = [
        text for call in calls if last_called(call) == "system" for text in constants(call.args)
    ]
    made = bool(lines) and all(line.startswith("mkdir ") for line in lines)
    return (made or bool({"makedirs", "mkdir"} & names)) and names <= FOLDERS


def in_placeholders(text: str) -> set[str]:
    """Names in ``{save_dir}`` or ``$save_dir`` of a shell line or a magic."""
    return {a or b for a, b in _PLACEHOLDER.findall(text)}


def writes_file(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if last_called(node) == "open":
        modes = {*constants(node.args[1:2]), *constants(k.value for k in node.keywords)}
        return any(mode.strip("bt+") in ("w", "a", "x") for mode in modes)
    return isinstance(node.func, ast.Attribute) and node.func.attr in _WRITES_FILES


def file_names(nodes: Iterable[ast.AST]) -> set[str]:
    """What looks like a file's name among the strings, without its folders."""
    texts = (t for t in constants(nodes) if len(t) < 400 and _FILE.match(t))
    return {base(text) for text in texts}


def files_read(nodes: Iterable[ast.AST]) -> set[str]:
    """Files that may be opened, or imported as modules."""
    nodes = list(nodes)
    parts: set[str] = set()
    for n in nodes:
        if isinstance(n, ast.Import):
            parts.update(part for alias in n.names for part in alias.name.split("."))
        elif isinstance(n, ast.ImportFrom):
            parts.update((n.module or "").split("."), (alias.name for alias in n.names))
        elif isinstance(n, ast.Call) and last_called(n) in ("__import__", "import_module"):
            parts.update(part for text in constants(n.args[:1]) for part in text.split("."))
    return (
        {f"{part}.py" for part in parts if part}
        | file_names(nodes)
        | ({"__init__.py"} if parts else set())
    )
