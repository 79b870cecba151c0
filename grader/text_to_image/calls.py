"""The calls of the pipeline in notebook 2-2, in the order in which the notebook makes them."""

import ast
import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from grader.intake.source import read_cell
from grader.text_to_image.values import (
    LONGEST,
    UNKNOWN,
    Comprehension,
    Seeded,
    bound,
    turns_of,
    value_of,
)

SETTINGS = frozenset(
    {
        *("num_inference_steps", "guidance_scale", "num_images_per_prompt"),
        *("negative_prompt", "prompt", "generator"),
    }
)
USUAL_STEPS, USUAL_GUIDANCE = 50, 7.5  # of StableDiffusionPipeline, where none are given
MOST_CALLS, MOST_PROMPTS, DEEPEST = 200, 20, 4
MOST_STATEMENTS = 20_000  # gone through, loops counted in
_MAKES = frozenset({"from_pretrained", "from_single_file", "from_pipe"})
_USUAL_NAME = re.compile(r"(sd|base|my)?_?pipe_?\d*")
_CHANGES = frozenset({"append", "extend", "insert", "update", "pop", "remove", "clear", "reverse"})
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Asked:
    """One prompt that the pipeline is given; a value that cannot be seen is ``UNKNOWN``.

    ``cell`` is the cell that makes the call, 1-based.
    """

    cell: int
    prompt: Any
    guidance: Any
    steps: Any
    seed: Any
    negative: Any = None


def read_calls(notebook: NotebookNode, uncalled: bool = False) -> list[Asked]:
    """Every prompt that the notebook gives to a pipeline.

    ``uncalled``: also by functions of which no call can be seen, in the cell that defines them.
    """
    reader = _Reader()
    for number, cell in in_order(notebook):
        if cell.source.strip():
            reader.cell = number
            for piece in read_cell(number, cell.source).pieces:
                with contextlib.suppress(RecursionError):  # what nests so deeply is no prompt
                    reader.statement(piece.node, reader.names, 0)
    if uncalled:
        with contextlib.suppress(RecursionError):
            reader.go_through_uncalled()
    return reader.found


def in_order(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """The cells of code with their numbers, 1-based, in the order in which they were run.

    As they stand, where that is not known of all, or two were the nth, as after a restart.
    """
    cells = [(n, c) for n, c in enumerate(notebook.cells, 1) if c.cell_type == "code"]
    turns = {n: c.get("execution_count") for n, c in cells if c.source.strip()}
    if not all(isinstance(turn, int) for turn in turns.values()):
        return cells
    if len(set(turns.values())) < len(turns):
        return cells
    return sorted(cells, key=lambda numbered: turns.get(numbered[0], 0))


@dataclass
class _Reader:
    """Goes through statements as they would run, as far as that can be seen.

    ``functions`` are those by name, methods and lambdas among them, each with its cell.
    """

    cell: int = 0
    names: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, tuple[int, Function]] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    pipelines: set[str] = field(default_factory=set)
    found: list[Asked] = field(default_factory=list)
    gone_through: int = 0

    def statement(self, node: ast.stmt, names: dict[str, Any], depth: int) -> None:
        self.gone_through += 1
        if self.gone_through > MOST_STATEMENTS:
            return
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions[node.name] = self.cell, node
            case ast.ClassDef():
                self.body_of_class(node, names, depth)
            case ast.For() | ast.AsyncFor():
                self.loop(node, names, depth)
            case ast.If() | ast.With() | ast.AsyncWith() | ast.Try() | ast.While():
                self.expressions(own_expressions(node), names, depth)
                if isinstance(node, ast.With | ast.AsyncWith):
                    for item in node.items:
                        self.put(item.optional_vars, UNKNOWN, names)
                for inner in inner_statements(node):
                    self.statement(inner, names, depth)
            case _:
                self.expressions([node], names, depth)
                self.bind(node, names)

    def body_of_class(self, node: ast.ClassDef, names: dict[str, Any], depth: int) -> None:
        inside = dict(names)
        for inner in node.body:
            self.statement(inner, inside, depth)
        own = {name: value for name, value in inside.items() if names.get(name) is not value}
        names.update({f"{node.name}.{name}": value for name, value in own.items()})

    def loop(self, node: ast.For | ast.AsyncFor, names: dict[str, Any], depth: int) -> None:
        self.expressions([node.iter], names, depth)
        turns = turns_of(value_of(node.iter, names))
        for value in [UNKNOWN] if turns is None else turns:
            self.put(node.target, value, names)
            for inner in node.body:
                self.statement(inner, names, depth)

    def bind(self, node: ast.stmt, names: dict[str, Any]) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value, names)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, value, names)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                both = ast.BinOp(ast.Name(name, ast.Load()), op, value)
                names[target.id] = value_of(both, names)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(dict.fromkeys([a.asname or a.name for a in aliases], UNKNOWN))
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call
            ):
                if method in _CHANGES and name in names:
                    names[name] = changed(names[name], call, names)

    def assign(self, target: ast.expr, value: ast.expr, names: dict[str, Any]) -> None:
        match target, value:
            case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
                for one, its in zip(targets, values, strict=True):
                    self.assign(one, its, names)
                return
            case ast.Name(id=name), ast.Lambda():
                self.functions[name] = self.cell, value
                return
        self.put(target, value_of(value, names), names)
        if self.gives_pipeline(value):
            self.pipelines.update(name for name, _ in bound(target, None))

    def put(self, target: ast.expr | None, value: Any, names: dict[str, Any]) -> None:
        """The names of ``target`` become this; what was known of them is forgotten."""
        match target:
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                whole, key = names.get(name), value_of(index, names)
                if isinstance(whole, dict) and isinstance(key, str | int):
                    names[name] = {**whole, key: value}
                else:
                    names[name] = UNKNOWN
            case ast.expr():
                names.update(bound(target, value))

    def gives_pipeline(self, value: ast.expr) -> bool:
        """Whether this makes a pipeline, by itself or by a function of the notebook, or is one."""
        if makes_pipeline(value) or dotted(value) in self.pipelines:
            return True
        _, function = self.functions.get(called(value), (0, None))
        return function is not None and makes_pipeline(function)

    def expressions(self, nodes: Iterable[ast.AST], names: dict[str, Any], depth: int) -> None:
        """Notes the calls that stand in these nodes."""
        for node in nodes:
            match node:
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                    self.comprehension(node, names, depth)
                    continue
                case ast.Assign(value=ast.Lambda()):
                    continue  # gone through when it is called
                case ast.Lambda():
                    inside = {**names, **arguments(node, None, names)}
                    self.expressions([node.body], inside, depth)
                    continue
                case ast.Call() if len(self.found) < MOST_CALLS:
                    self.call(node, names, depth)
                case ast.NamedExpr(target=target, value=value):
                    self.put(target, value_of(value, names), names)
            self.expressions(ast.iter_child_nodes(node), names, depth)

    def comprehension(self, node: Comprehension, names: dict[str, Any], depth: int) -> None:
        """As many turns as the first loop takes; what the others set is not known."""
        first, *others = node.generators
        self.expressions([first.iter], names, depth)
        turns = turns_of(value_of(first.iter, names))
        for value in [UNKNOWN] if turns is None else turns:
            self.gone_through += 1
            if self.gone_through > MOST_STATEMENTS:
                return
            inside = {**names, **dict(bound(first.target, value))}
            for loop in others:
                inside.update(bound(loop.target, UNKNOWN))
            self.expressions([node.elt, *first.ifs, *others], inside, depth)

    def call(self, node: ast.Call, names: dict[str, Any], depth: int) -> None:
        name = called(node)
        if name == "manual_seed":
            if dotted(node.func) == "torch.manual_seed" and node.args:
                names["torch.manual_seed"] = value_of(node.args[0], names)
        elif name in self.functions and depth < DEEPEST:
            self.enter(name, node, names, depth)
        elif dotted(node.func) in self.pipelines or self.looks_like_one(node):
            self.found += self.asked(node, names)

    def enter(self, name: str, call: ast.Call | None, names: dict[str, Any], depth: int) -> None:
        """Goes through a function of the notebook, as this call would."""
        self.entered.add(name)
        _, function = self.functions[name]
        inside = {**names, **arguments(function, call, names)}
        if isinstance(function, ast.Lambda):
            self.expressions([function.body], inside, depth + 1)
            return
        for inner in function.body:
            self.statement(inner, inside, depth + 1)
        for inner in function.body:
            if isinstance(inner, ast.Global):
                names.update({n: inside[n] for n in inner.names if n in inside})

    def go_through_uncalled(self) -> None:
        for name, (cell, _) in list(self.functions.items()):
            if name not in self.entered:
                self.cell = cell
                self.enter(name, None, self.names, 0)

    def looks_like_one(self, node: ast.Call) -> bool:
        """A call with a pipeline's own arguments, whatever the pipeline is called; or its usual
        name."""
        name, given = called(node), {keyword.arg for keyword in node.keywords}
        if name == "dict" or not (node.args or given & {"prompt", "prompt_embeds", None}):
            return False
        if _USUAL_NAME.fullmatch(name.lower()):
            return True
        return len(given & SETTINGS) >= (1 if isinstance(node.func, ast.Name) else 2)

    def asked(self, node: ast.Call, names: Mapping[str, Any]) -> list[Asked]:
        given, usual = keywords_of(node, names)
        prompt = given.get("prompt", UNKNOWN)
        if "prompt" not in given and node.args:
            prompt = value_of(node.args[0], names)
        generator = given.get("generator")
        if isinstance(generator, list):
            generator = generator[0] if generator else None
        seed = generator.seed if isinstance(generator, Seeded) else UNKNOWN
        if generator is None:
            seed = names.get("torch.manual_seed")
        prompts = prompt if isinstance(prompt, list) else [prompt]
        return [
            Asked(
                self.cell,
                one,
                given.get("guidance_scale", USUAL_GUIDANCE if usual else UNKNOWN),
                given.get("num_inference_steps", USUAL_STEPS if usual else UNKNOWN),
                seed,
                given.get("negative_prompt"),
            )
            for one in prompts[:MOST_PROMPTS]
        ]


def makes_pipeline(node: ast.AST) -> bool:
    """``….from_pretrained(…)``, perhaps with ``.to(…)`` behind, of a class called …Pipeline."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr in _MAKES:
            return "Pipeline" in dotted(inner.value).rpartition(".")[2]
    return False


def dotted(node: ast.expr) -> str:
    """``name`` or ``owner.name``; empty for what is neither."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    return ""


def called(node: ast.expr) -> str:
    """The name of the function or method that is called; empty for what is no such call."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def changed(whole: Any, call: ast.Call, names: Mapping[str, Any]) -> Any:
    """What a list is after ``append``, say; UNKNOWN after most other changes."""
    match whole, call:
        case list(), ast.Call(func=ast.Attribute(attr="append"), args=[one]):
            return [*whole, value_of(one, names)][:LONGEST]
        case list(), ast.Call(func=ast.Attribute(attr="extend"), args=[more]):
            added = value_of(more, names)
            return (whole + added)[:LONGEST] if isinstance(added, list) else UNKNOWN
    return UNKNOWN


def keywords_of(call: ast.Call, names: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The keywords of a call, those of ``**dictionaries`` too; and whether all are known."""
    given: dict[str, Any] = {}
    known = True
    for keyword in call.keywords:
        value = value_of(keyword.value, names)
        if keyword.arg:
            given[keyword.arg] = value
        elif isinstance(value, dict):
            given |= {str(name): its for name, its in value.items()}
        else:
            known = False
    return given, known


def arguments(
    function: Function, call: ast.Call | None, names: Mapping[str, Any]
) -> dict[str, Any]:
    """The function's parameters as this call sets them; without one, only those it must have."""
    takes = function.args
    parameters = [a.arg for a in (*takes.posonlyargs, *takes.args)]
    keyword_only = [a.arg for a in takes.kwonlyargs]
    rest = [a.arg for a in (takes.vararg, takes.kwarg) if a is not None]
    values: dict[str, Any] = dict.fromkeys([*parameters, *keyword_only, *rest], UNKNOWN)
    if call is None:
        return values
    late = parameters[len(parameters) - len(takes.defaults) :]
    values |= {n: value_of(d, names) for n, d in zip(late, takes.defaults, strict=True)}
    for name, default in zip(keyword_only, takes.kw_defaults, strict=True):
        values[name] = value_of(default, names)
    if isinstance(call.func, ast.Attribute) and parameters[:1] == ["self"]:
        parameters = parameters[1:]
    values |= {n: value_of(v, names) for n, v in zip(parameters, call.args, strict=False)}
    given, known = keywords_of(call, names)
    if takes.vararg is not None and not any(isinstance(a, ast.Starred) for a in call.args):
        further = call.args[len(parameters) :]
        values[takes.vararg.arg] = [value_of(v, names) for v in further]
    if takes.kwarg is not None and known:
        values[takes.kwarg.arg] = {n: v for n, v in given.items() if n not in values}
    return values | given


def own_expressions(node: ast.stmt) -> list[ast.AST]:
    """What a compound statement evaluates itself."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return [test]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return [item.context_expr for item in items]
    return []


def inner_statements(node: ast.stmt) -> list[ast.stmt]:
    """The statements inside a compound one, all branches."""
    found: list[ast.stmt] = []
    for name in ("body", "handlers", "orelse", "finalbody"):
        for part in getattr(node, name, []):
            found += part.body if isinstance(part, ast.ExceptHandler) else [part]
    return found
