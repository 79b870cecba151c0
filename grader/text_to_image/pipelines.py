"""Calls of pipelines of diffusers, whatever they are called."""

import ast
import re
from typing import Any

from grader.text_to_image.asked import Asked
from grader.text_to_image.syntax import called, keywords_of
from grader.text_to_image.values import UNKNOWN, Names, Seeded, value_of

SETTINGS = frozenset(
    {
        *("num_inference_steps", "guidance_scale", "num_images_per_prompt"),
        *("negative_prompt", "prompt", "generator"),
    }
)
USUAL_STEPS, USUAL_GUIDANCE = 50, 7.5  # of StableDiffusionPipeline, where none are given
MOST_PROMPTS = 20
_USUAL_NAME = re.compile(r"(sd|base|my)?_?pipe_?\d*")


def looks_like_one(node: ast.Call) -> bool:
    """A call with a pipeline's own arguments, whatever it is called; or with its usual name."""
    name, given = called(node), {keyword.arg for keyword in node.keywords}
    if name == "dict" or not (node.args or given & {"prompt", "prompt_embeds", None}):
        return False
    if _USUAL_NAME.fullmatch(name.lower()):
        return True
    return len(given & SETTINGS) >= (1 if isinstance(node.func, ast.Name) else 2)


def asked_of_pipeline(cell: int, node: ast.Call, names: Names) -> list[Asked]:
    """The prompts of one call, with the settings that they share."""
    given, usual = keywords_of(node, names)
    prompt = given.get("prompt", UNKNOWN)
    if "prompt" not in given and node.args:
        prompt = value_of(node.args[0], names)
    return [
        Asked(
            cell,
            one,
            given.get("guidance_scale", USUAL_GUIDANCE if usual else UNKNOWN),
            given.get("num_inference_steps", USUAL_STEPS if usual else UNKNOWN),
            seed_of(given.get("generator"), names),
            given.get("negative_prompt"),
        )
        for one in (prompt if isinstance(prompt, list) else [prompt])[:MOST_PROMPTS]
    ]


def seed_of(generator: Any, names: Names) -> Any:
    """Of the generator that a call is given; else what ``torch.manual_seed`` was given last."""
    if isinstance(generator, list):
        generator = generator[0] if generator else None
    if generator is None:
        return names.get("torch.manual_seed")
    return generator.seed if isinstance(generator, Seeded) else UNKNOWN
