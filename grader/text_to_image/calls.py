"""The calls of the pipeline in notebook 2-2, in the order in which the notebook makes them."""

import ast
import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from grader.intake.source import read_cell
from grader.text_to_image.syntax import (
    Function,
    arguments,
    called,
    changed,
    dotted,
    inner_statements,
    keywords_of,
    makes_pipeline,
    own_expressions,
)
from grader.text_to_image.values import (
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
_USUAL_NAME = re.compile(r"(sd|base|my)?_?pipe_?\d*")
_CHANGES = frozenset({"append", "extend", "insert", "update", "pop", "remove", "clear", "reverse"})


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
