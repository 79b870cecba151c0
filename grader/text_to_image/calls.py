"""The calls of the pipeline in notebook 2-2, in the order in which the notebook makes them."""

import ast
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from grader.intake.source import read_cell
from grader.text_to_image.values import UNKNOWN, Seeded, value_of

SETTINGS = frozenset(
    {
        *("num_inference_steps", "guidance_scale", "num_images_per_prompt"),
        *("negative_prompt", "prompt", "generator"),
    }
)
USUAL_STEPS, USUAL_GUIDANCE = 50, 7.5  # of StableDiffusionPipeline, where none are given
MOST_CALLS, MOST_TURNS, DEEPEST = 200, 20, 4
MOST_STATEMENTS = 20_000  # gone through, loops counted in


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


def read_calls(notebook: NotebookNode) -> list[Asked]:
    """Every prompt that the notebook gives to a pipeline."""
    reader = _Reader()
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.source.strip():
            reader.cell = number
            for piece in read_cell(number, cell.source).pieces:
                with contextlib.suppress(RecursionError):  # what nests so deeply is no prompt
                    reader.statement(piece.node, reader.names, 0)
    return reader.found


@dataclass
class _Reader:
    """Goes through statements as they would run, as far as that can be seen."""

    cell: int = 0
    names: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    pipelines: set[str] = field(default_factory=set)
    found: list[Asked] = field(default_factory=list)
    gone_through: int = 0

    def statement(self, node: ast.stmt, names: dict[str, Any], depth: int) -> None:
        self.gone_through += 1
        if self.gone_through > MOST_STATEMENTS:
            return
        match node:
            case ast.FunctionDef():
                self.functions[node.name] = node
            case ast.ClassDef():
                pass
            case ast.For():
                self.loop(node, names, depth)
            case ast.If() | ast.With() | ast.Try() | ast.While():
                self.expressions(own_expressions(node), names, depth)
                for inner in inner_statements(node):
                    self.statement(inner, names, depth)
            case _:
                self.expressions([node], names, depth)
                self.bind(node, names)

    def loop(self, node: ast.For, names: dict[str, Any], depth: int) -> None:
        self.expressions([node.iter], names, depth)
        values, pairs = value_of(node.iter, names), False
        if isinstance(node.iter, ast.Call) and getattr(node.iter.func, "id", "") == "enumerate":
            values, pairs = value_of(node.iter.args[0], names) if node.iter.args else UNKNOWN, True
        turns = values[:MOST_TURNS] if isinstance(values, list) else [UNKNOWN]
        for number, value in enumerate(turns):
            match node.target:
                case ast.Name(id=name):
                    names[name] = value
                case ast.Tuple(elts=[ast.Name(id=first), ast.Name(id=second)]):
                    known = isinstance(value, list) and len(value) == 2
                    one, two = (number, value) if pairs else value if known else (UNKNOWN,) * 2
                    names[first], names[second] = one, two
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

    def assign(self, target: ast.expr, value: ast.expr, names: dict[str, Any]) -> None:
        match target, value:
            case ast.Name(id=name), _:
                names[name] = value_of(value, names)
                if makes_pipeline(value) or getattr(value, "id", None) in self.pipelines:
                    self.pipelines.add(name)
            case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
                for one, its in zip(targets, values, strict=True):
                    self.assign(one, its, names)

    def expressions(self, nodes: Iterable[ast.AST], names: dict[str, Any], depth: int) -> None:
        """Notes the calls that stand in these nodes."""
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and len(self.found) < MOST_CALLS:
                    self.call(inner, names, depth)

    def call(self, node: ast.Call, names: dict[str, Any], depth: int) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "manual_seed":
            if getattr(node.func.value, "id", "") == "torch" and node.args:
                names["torch.manual_seed"] = value_of(node.args[0], names)
        elif name in self.functions and depth < DEEPEST:
            function = self.functions[name]
            inside = {**names, **arguments(function, node, names)}
            for inner in function.body:
                self.statement(inner, inside, depth + 1)
        elif name in self.pipelines or self.looks_like_one(node):
            self.found += self.asked(node, names)

    def looks_like_one(self, node: ast.Call) -> bool:
        """A call with a pipeline's own arguments, whatever the pipeline is called."""
        given = {keyword.arg for keyword in node.keywords}
        if not node.args and "prompt" not in given:
            return False
        return len(given & SETTINGS) >= (1 if isinstance(node.func, ast.Name) else 2)

    def asked(self, node: ast.Call, names: Mapping[str, Any]) -> list[Asked]:
        given = {k.arg: value_of(k.value, names) for k in node.keywords if k.arg}
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
                given.get("guidance_scale", USUAL_GUIDANCE),
                given.get("num_inference_steps", USUAL_STEPS),
                seed,
                given.get("negative_prompt"),
            )
            for one in prompts[:MOST_TURNS]
        ]


def makes_pipeline(node: ast.expr) -> bool:
    """``….from_pretrained(…)``, perhaps with ``.to(…)`` behind, of a class called …Pipeline."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr == "from_pretrained":
            return getattr(inner.value, "id", "").endswith("Pipeline")
    return False


def arguments(
    function: ast.FunctionDef, call: ast.Call, names: Mapping[str, Any]
) -> dict[str, Any]:
    """The function's parameters as this call sets them."""
    parameters = [a.arg for a in function.args.args]
    defaults = function.args.defaults
    values = dict.fromkeys(parameters + [a.arg for a in function.args.kwonlyargs], UNKNOWN)
    late = parameters[len(parameters) - len(defaults) :]
    values |= {n: value_of(d, names) for n, d in zip(late, defaults, strict=True)}
    for keyword_only, default in zip(
        function.args.kwonlyargs, function.args.kw_defaults, strict=True
    ):
        values[keyword_only.arg] = value_of(default, names)
    values |= {n: value_of(v, names) for n, v in zip(parameters, call.args, strict=False)}
    return values | {k.arg: value_of(k.value, names) for k in call.keywords if k.arg}


def own_expressions(node: ast.stmt) -> list[ast.AST]:
    """What a compound statement evaluates itself."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return [test]
        case ast.With(items=items):
            return list(items)
    return []


def inner_statements(node: ast.stmt) -> list[ast.stmt]:
    """The statements inside a compound one, all branches."""
    found: list[ast.stmt] = []
    for name in ("body", "handlers", "orelse", "finalbody"):
        for part in getattr(node, name, []):
            found += part.body if isinstance(part, ast.ExceptHandler) else [part]
    return found
