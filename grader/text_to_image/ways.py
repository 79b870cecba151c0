"""Other ways than a pipeline of diffusers in which a notebook has pictures made from a prompt."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from grader.sandbox.text import one_line
from grader.text_to_image.asked import COMMAND, LOOP, Asked, is_trivial
from grader.text_to_image.pipelines import MOST_PROMPTS, USUAL_STEPS
from grader.text_to_image.syntax import called, keywords_of
from grader.text_to_image.values import UNKNOWN, Names, is_number, value_of

DIFFUSES = frozenset({"text_to_image", "txt2img", "text2img", "text2image", "txt2image", "dream"})
MAKES = DIFFUSES | {"generate_image", "generate_images", "imagine", "generate_raw_image"}
ENCODES = frozenset({"encode_prompt", "encode_text", "get_text_embeds", "text_enc"})
SENDS = frozenset({"run", "post", "subscribe", "submit", "predict", "create", "generate", "query"})
PROMPTS = ("prompt", "prompts", "text_prompts", "inputs", "text", "input", "arguments", "json")
"""Names under which a service is given a prompt, or what holds it."""
SENT = (*PROMPTS, "data", "payload", "instances")
STEPS = ("num_inference_steps", "num_steps", "steps", "ddim_steps", "n_steps", "sampling_steps")
DEEPEST = 4  # dictionaries inside one another
_SHELL = re.compile(
    r"^[ \t]*[!%].*?--prompts?(?:[ \t]+|=)(?:\"([^\"\n]*)\"|'([^'\n]*)'|(\S+))", re.M
)
_SHELL_STEPS = re.compile(r"--[\w-]{0,30}steps(?:[ \t]+|=)[\"']?(\d{1,6})")
_VARIABLE = re.compile(r"[\"']?(?:\{(\w+)\}|\$\{?(\w+)\}?)[\"']?")


def may_be_other_way(node: ast.Call) -> bool:
    """Whether ``asked_otherwise`` could find something in the call."""
    name, given = called(node), {keyword.arg for keyword in node.keywords}
    return encodes(name) or name in MAKES | SENDS or bool(given & {"prompt", "prompts"})


def encodes(name: str) -> bool:
    """Whether this turns a prompt into what a network takes."""
    return name.endswith("tokenizer") or name in ENCODES or "compel" in name.lower()


def asked_otherwise(cell: int, node: ast.Call, names: Names) -> list[Asked]:
    """The prompts that this call hands to something that makes pictures, or to a tokenizer."""
    name = called(node)
    given, _ = keywords_of(node, names)
    positional = [value_of(argument, names) for argument in node.args[:2]]
    first = positional[0] if positional else UNKNOWN
    if encodes(name):
        prompt = given.get("prompt", given.get("text", first))
        texts = [t for t in texts_in(prompt) if not (isinstance(t, str) and is_trivial(t))]
        return [Asked(cell, text, UNKNOWN, UNKNOWN, UNKNOWN, way=LOOP) for text in texts]
    if name in MAKES:
        prompt = given.get("prompt", given.get("text", first))
    elif name == "predict" and isinstance(first, str):
        prompt = first
    else:
        sent = {key: value for key, value in given.items() if key in SENT}
        prompt = {"instances": [v for v in positional if isinstance(v, dict)], **sent}
    steps = next(steps_in([given, *positional]), USUAL_STEPS if name in DIFFUSES else UNKNOWN)
    guidance, seed = given.get("guidance_scale", UNKNOWN), given.get("seed", UNKNOWN)
    return [
        Asked(cell, text, guidance, steps, seed, way=way(node))
        for text in list(texts_in(prompt))[:MOST_PROMPTS]
    ]


def way(node: ast.Call) -> str:
    """What is called, in the notebook's own words."""
    return one_line(ast.unparse(node.func))[:60]


def texts_in(value: Any, depth: int = 0) -> Iterator[Any]:
    """The prompts in what a call is given: a text, several, or a dictionary that holds some."""
    match value:
        case str():
            yield value
        case list() if depth < DEEPEST:
            for one in value[:MOST_PROMPTS]:
                yield from texts_in(one, depth + 1)
        case dict() if depth < DEEPEST:
            for name in SENT:
                if name in value:
                    yield from texts_in(value[name], depth + 1)
        case _ if value is UNKNOWN and depth < 2:
            yield UNKNOWN


def steps_in(values: list[Any]) -> Iterator[Any]:
    """The numbers of steps in these dictionaries, and in those inside them, each gone through once:
    one may stand in another many times."""
    seen: set[int] = set()
    waiting = [(value, 0) for value in reversed(values)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, Mapping) and depth < DEEPEST and id(value) not in seen:
            seen.add(id(value))
            yield from (value[name] for name in STEPS if name in value)
            waiting += [(inner, depth + 1) for inner in reversed(list(value.values()))]


def asked_in_shell(cell: int, source: str, names: Names) -> Iterator[Asked]:
    """The prompts of commands such as ``!python txt2img.py --prompt "a red fox"``."""
    for found in _SHELL.finditer(source):
        text: Any = next(filter(None, found.groups()), "")
        if variable := _VARIABLE.fullmatch(text):
            text = names.get(variable.group(1) or variable.group(2), UNKNOWN)
        end = source.find("\n", found.end())
        steps = _SHELL_STEPS.search(found.group() + source[found.end() : end if end >= 0 else None])
        number = int(steps.group(1)) if steps else UNKNOWN
        yield Asked(cell, text, UNKNOWN, number, UNKNOWN, way=COMMAND)


def is_prompt_name(name: str) -> bool:
    """Whether a variable is called as what holds a prompt."""
    small = name.lower()
    return "prompt" in small and "neg" not in small and "embed" not in small


def is_steps(name: str, value: Any) -> bool:
    return "steps" in name.lower() and is_number(value)
