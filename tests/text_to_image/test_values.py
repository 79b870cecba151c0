"""What can be seen of an expression without running it; and that nothing is run."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text_to_image.values import UNKNOWN, Seeded, value_of

NAMES = {"animal": "cat", "n": 4, "words": ["a", "b"], "unseen": UNKNOWN}
NAMES |= {"config.prompt": "a fox"}


def seen(text: str) -> object:
    return value_of(ast.parse(text, mode="eval").body, NAMES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a cat'", "a cat"),
        ("f'a {animal} of {n}'", "a cat of 4"),
        ("'a ' + animal", "a cat"),
        ("'a ' 'cat'", "a cat"),
        ("', '.join(words)", "a, b"),
        ("words[1].strip().upper()", "B"),
        ("['x', animal] * 2", ["x", "cat", "x", "cat"]),
        ("n * 10 + 2", 42),
        ("-n / 2", -2.0),
        ("int('7')", 7),
        ("torch.Generator('cuda').manual_seed(n)", Seeded(4)),
        ("torch.Generator(device=d).manual_seed(1).to('cpu')", Seeded(1)),
        ("{'a': animal}['a']", "cat"),
        ("{'a': animal}.get('b')", UNKNOWN),
        ("dict(a=1).items()", [["a", 1]]),
        ("[f'{w}!' for w in words]", ["a!", "b!"]),
        ("[[w for w in words] for w in words]", UNKNOWN),
        ("list(zip(words, range(2)))", [["a", 0], ["b", 1]]),
        ("enumerate(words)", [[0, "a"], [1, "b"]]),
        ("'{1} {0} {x}'.format(animal, n, x=1)", "4 cat 1"),
        ("'%s of %d' % (animal, n)", "cat of 4"),
        ("'{} {}'.format(animal)", UNKNOWN),
        ("'a-b'.replace('-', ' ')", "a b"),
        ("config.prompt", "a fox"),
        ("range(1, 5, 0)", UNKNOWN),
        ("len(range(10 ** 12))", UNKNOWN),
        ("len(range(1000000000000))", UNKNOWN),
        ("unseen", UNKNOWN),
        ("nowhere", UNKNOWN),
        ("f'{unseen}'", UNKNOWN),
        ("input('prompt: ')", UNKNOWN),
        ("__import__('os').getcwd()", UNKNOWN),
        ("9 ** 9 ** 9", UNKNOWN),
        ("'x' * 10**12", UNKNOWN),
        ("1 / 0", UNKNOWN),
        ("int('x')", UNKNOWN),
        ("1e999", UNKNOWN),
        ("float('nan')", UNKNOWN),
        ("f'{0x" + "f" * 6000 + "}'", UNKNOWN),
        ("words[7]", UNKNOWN),
    ],
)
def test_what_is_seen(text: str, value: object) -> None:
    assert seen(text) == value


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60))
def test_any_text_is_itself(text: str) -> None:
    assert seen(repr(text)) == text
