"""Goes through notebook 2-2's code as it would run, as far as that can be seen."""

import ast
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grader.text_to_image.asked import Asked
from grader.text_to_image.pipelines import asked_of_pipeline, looks_like_one
from grader.text_to_image.syntax import (
    Function,
    arguments,
    called,
    changed,
    dotted,
    inner_statements,
    makes_pipeline,
    own_expressions,
    size,
    truth,
)
from grader.text_to_image.values import (
    MOST_ENTRIES,
    UNKNOWN,
    Comprehension,
    Names,
    below,
    bound,
    turns_of,
    value_of,
)
from grader.text_to_image.ways import asked_otherwise, is_prompt_name, is_steps, may_be_other_way

MOST_CALLS, DEEPEST = 200, 4
MOST_WORK = 100_000  # nodes of the code gone through, loops counted in
_CHANGES = frozenset({"append", "extend", "insert", "update", "pop", "remove", "clear", "reverse"})


@dataclass
class Reader:
    """Goes through statements as they would run, as far as that can be seen.

    ``functions`` are those by name, methods and lambdas among them, each with its cell; ``makers``
    those that give a pipeline. ``otherwise``: whether other ways than pipelines are looked for.
    ``prompts``: what variables that are called so were last set to, with the cell. ``dead``: in how
    many branches that never run it is, ``loops``: in how many loops.
    """

    otherwise: bool = False
    cell: int = 0
    names: Names = field(default_factory=dict)
    functions: dict[str, tuple[int, Function]] = field(default_factory=dict)
    makers: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    pipelines: set[str] = field(default_factory=set)
    prompts: dict[str, tuple[int, Any]] = field(default_factory=dict)
    steps: Any = UNKNOWN
    found: list[Asked] = field(default_factory=list)
    work: int = 0
    dead: int = 0
    loops: int = 0

    def affords(self, *nodes: ast.AST) -> bool:
        """Whether these may still be gone through; they count from now on."""
        if self.work < MOST_WORK:
            self.work += 1 + size(*nodes)
        return self.work < MOST_WORK

    def statement(self, node: ast.stmt, names: Names, depth: int) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions[node.name] = self.cell, node
                if self.affords(node) and makes_pipeline(node):
                    self.makers.add(node.name)
            case ast.ClassDef():
                self.body_of_class(node, names, depth)
            case ast.For() | ast.AsyncFor():
                self.loop(node, names, depth)
            case ast.If() | ast.With() | ast.AsyncWith() | ast.Try() | ast.While():
                self.block(node, names, depth)
            case _ if self.affords(node):
                self.expressions([node], names, depth)
                self.bind(node, names)

    def block(
        self,
        node: ast.If | ast.With | ast.AsyncWith | ast.Try | ast.While,
        names: Names,
        depth: int,
    ) -> None:
        outer = own_expressions(node)
        if not self.affords(*outer):
            return
        self.expressions(outer, names, depth)
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self.put(item.optional_vars, UNKNOWN, names)
        known = self.never_changes(names, depth)
        holds = truth(node.test, known) if isinstance(node, ast.If | ast.While) else None
        self.loops += isinstance(node, ast.While)
        for name, inner in inner_statements(node):
            with self.branch((name, holds) in (("body", False), ("orelse", True))):
                self.statement(inner, names, depth)
        self.loops -= isinstance(node, ast.While)

    def never_changes(self, names: Names, depth: int) -> Names:
        """The names by whose values a condition can be told: none where code runs again."""
        return {} if depth or self.loops else names

    @contextlib.contextmanager
    def branch(self, never: bool) -> Iterator[None]:
        """What is found in here stands where nothing ever runs, if ``never``."""
        self.dead += never
        try:
            yield
        finally:
            self.dead -= never

    def body_of_class(self, node: ast.ClassDef, names: Names, depth: int) -> None:
        own: dict[str, Any] = {}
        inside = below(names, own)
        for inner in node.body:
            self.statement(inner, inside, depth)
        names.update({f"{node.name}.{name}": value for name, value in own.items()})

    def loop(self, node: ast.For | ast.AsyncFor, names: Names, depth: int) -> None:
        if not self.affords(node.iter):
            return
        self.expressions([node.iter], names, depth)
        turns = turns_of(value_of(node.iter, names))
        self.loops += 1
        for value in [UNKNOWN] if turns is None else turns:
            self.put(node.target, value, names)
            for inner in node.body:
                self.statement(inner, names, depth)
        self.loops -= 1

    def bind(self, node: ast.stmt, names: Names) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value, names)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, value, names)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                both = ast.BinOp(ast.Name(name, ast.Load()), op, value)
                self.put(target, value_of(both, names), names)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(dict.fromkeys([a.asname or a.name for a in aliases], UNKNOWN))
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call
            ):
                if method in _CHANGES and name in names:
                    names[name] = changed(names[name], call, names)

    def assign(self, target: ast.expr, value: ast.expr, names: Names) -> None:
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

    def put(self, target: ast.expr | None, value: Any, names: Names) -> None:
        """The names of ``target`` become this; what was known of them is forgotten."""
        match target:
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                whole: Any = names.get(name)
                key = value_of(index, names)
                fits = isinstance(whole, dict) and len(whole) < MOST_ENTRIES
                if fits and isinstance(key, str | int):
                    names[name] = {**whole, key: value}
                else:
                    names[name] = UNKNOWN
                self.note({str(key): value})
            case ast.expr():
                values = dict(bound(target, value))
                names.update(values)
                self.note(values)

    def note(self, values: Mapping[str, Any]) -> None:
        """Keeps what looks like a prompt, or like a number of steps, by its name."""
        for name, value in values.items():
            if is_prompt_name(name):
                self.prompts[name] = self.cell, value
            elif is_steps(name, value):
                self.steps = value

    def gives_pipeline(self, value: ast.expr) -> bool:
        """Whether this makes a pipeline, by itself or by a function of the notebook, or is one."""
        return (
            makes_pipeline(value)
            or dotted(value) in self.pipelines
            or (called(value) in self.makers and called(value) in self.functions)
        )

    def expressions(self, nodes: Iterable[ast.AST], names: Names, depth: int) -> None:
        """Notes the calls that stand in these nodes."""
        for node in nodes:
            match node:
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                    self.comprehension(node, names, depth)
                    continue
                case ast.Assign(value=ast.Lambda()):
                    continue  # gone through when it is called
                case ast.Lambda():
                    inside = below(names, arguments(node, None, names))
                    self.expressions([node.body], inside, depth)
                    continue
                case ast.Call() if len(self.found) < MOST_CALLS:
                    self.call(node, names, depth)
                case ast.NamedExpr(target=target, value=value):
                    self.put(target, value_of(value, names), names)
                case ast.IfExp(test=test, body=body, orelse=orelse):
                    holds = truth(test, self.never_changes(names, depth))
                    self.expressions([test], names, depth)
                    for part, wanted in ((body, True), (orelse, False)):
                        with self.branch(holds is (not wanted)):
                            self.expressions([part], names, depth)
                    continue
                case ast.BoolOp(op=op, values=[first, *others]):
                    self.expressions([first], names, depth)
                    holds = truth(first, self.never_changes(names, depth))
                    with self.branch(holds is isinstance(op, ast.Or)):
                        self.expressions(others, names, depth)
                    continue
            self.expressions(ast.iter_child_nodes(node), names, depth)

    def comprehension(self, node: Comprehension, names: Names, depth: int) -> None:
        """As many turns as the first loop takes; what the others set is not known."""
        first, *others = node.generators
        if not self.affords(first.iter):
            return
        self.expressions([first.iter], names, depth)
        turns = turns_of(value_of(first.iter, names))
        for value in [UNKNOWN] if turns is None else turns:
            if not self.affords(node.elt, *first.ifs, *others):
                return
            inside = below(names, dict(bound(first.target, value)))
            for loop in others:
                inside.update(bound(loop.target, UNKNOWN))
            self.expressions([node.elt, *first.ifs, *others], inside, depth)

    def call(self, node: ast.Call, names: Names, depth: int) -> None:
        """Notes what one call asks for."""
        known = len(self.found)
        self.ask(node, names, depth)
        if self.dead:
            self.found[known:] = [replace(asked, runs=False) for asked in self.found[known:]]

    def ask(self, node: ast.Call, names: Names, depth: int) -> None:
        """What one call asks for; each takes the values of all that stands in it."""
        name = called(node)
        if name in ("manual_seed", "set_timesteps"):
            self.setting(name, node, names)
        elif name in self.functions and depth < DEEPEST:
            if self.affords(node):
                self.enter(name, node, names, depth)
        elif self.is_pipeline(node):
            if self.affords(node):
                self.found += asked_of_pipeline(self.cell, node, names)
        elif self.otherwise and may_be_other_way(node) and self.affords(node):
            self.found += asked_otherwise(self.cell, node, names)

    def is_pipeline(self, node: ast.Call) -> bool:
        """Whether a pipeline is called, by its name or where it is made."""
        made_here = isinstance(node.func, ast.Call) and makes_pipeline(node.func)
        return made_here or dotted(node.func) in self.pipelines or looks_like_one(node)

    def setting(self, name: str, node: ast.Call, names: Names) -> None:
        """The seed of everything, and the steps of a scheduler."""
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not given or not self.affords(given[0]):
            return
        if name == "set_timesteps":
            self.names[name] = value_of(given[0], names)
        elif dotted(node.func) == "torch.manual_seed":
            names["torch.manual_seed"] = value_of(given[0], names)

    def enter(self, name: str, call: ast.Call | None, names: Names, depth: int) -> None:
        """Goes through a function of the notebook, as this call would."""
        self.entered.add(name)
        _, function = self.functions[name]
        values = arguments(function, call, names)
        inside = below(names, values)
        if isinstance(function, ast.Lambda):
            if self.affords(function.body):
                self.expressions([function.body], inside, depth + 1)
            return
        self.note(values)
        for inner in function.body:
            self.statement(inner, inside, depth + 1)
        for inner in function.body:
            if isinstance(inner, ast.Global):
                names.update({n: inside[n] for n in inner.names if n in inside})

    def go_through_uncalled(self) -> None:
        """Enters the functions of which no call was seen, in the cells that define them."""
        for name, (cell, _) in list(self.functions.items()):
            if name not in self.entered:
                self.cell = cell
                self.enter(name, None, self.names, 0)
