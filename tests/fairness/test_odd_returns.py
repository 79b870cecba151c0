"""Whatever a student's function returns, it is theirs: no fault of the grader's comes of it, which
is what ``grade_notebook`` sees to.
"""

import textwrap
from pathlib import Path

import pytest

from tests.fairness.grading import grade_notebook, items_of, solved_template
from tests.fairness.variant import apply_variant

SAMPLE = {
    "images of another size": "torch.zeros(n_sample, 1, 32, 32), np.zeros((3, n_sample, 1, 32, 32))",
    "fewer images": "x[:7], np.array([x.numpy()])",
    "no images": "torch.zeros(0, 1, 28, 28), np.zeros(0)",
    "numpy": "x.numpy(), np.array([x.numpy()])",
    "a list of images": "list(x)",
    "a list of lists": "[[x, x], [x]]",
    "an empty tuple": "()",
    "one image in a tuple": "(x,)",
    "a dictionary": "{'images': x, 'store': [x]}",
    "None": "None",
    "a pair of Nones": "None, None",
    "a generator": "(image for image in x)",
    "a string": "'done'",
    "bytes": "(x * 255).to(torch.uint8), np.array([x.numpy()])",
    "complex numbers": "x.to(torch.complex64), np.array([x.numpy()])",
    "no device": "torch.zeros(n_sample, 1, 28, 28, device='meta'), None",
    "a sparse tensor": "x.to_sparse(), np.array([x.numpy()])",
    "half precision": "x.half(), np.array([x.numpy()])",
    "not a number": "x * float('nan'), np.array([x.numpy()])",
    "a class": "torch.Tensor",
    "a store of strings": "x, ['a', 'b']",
    "a store of frames of many sizes": "x, [np.zeros((i, 3)) for i in range(9)]",
    "a store that is a generator": "x, (x for _ in range(3))",
    "a store of complex numbers": "x, np.zeros((3, n_sample, 1, 28, 28), complex)",
    "a store of one number": "x, 5",
    "an object that raises": "Raises(), Raises()",
}
FORWARD = {
    "None": "None",
    "a number": "1.0",
    "a string": "'loss'",
    "an empty tensor": "out.sum() * torch.zeros(0, requires_grad=True)",
    "a complex number": "out.sum().to(torch.complex64)",
    "a loss without a device": "torch.zeros((), device='meta', requires_grad=True)",
    "integers": "out.sum().long()",
    "a generator": "(o for o in out)",
    "an empty list": "[]",
    "an endless nesting": "loop",
    "an object that raises": "Raises()",
    "a sparse tensor": "out.sum().reshape(1).to_sparse()",
    "images": "out",
}
SCHEDULES = {
    "a generator": "(b for b in range(T))",
    "a string": "'betas'",
    "complex numbers": "torch.zeros(T, dtype=torch.complex64)",
    "no device": "torch.zeros(T, device='meta')",
    "a sparse tensor": "torch.zeros(T).to_sparse()",
    "a matrix": "torch.zeros(T, T)",
    "one number": "0.1",
    "a thousand times too many": "torch.zeros(1000 * T)",
    "strings": "np.array(['a'] * T)",
    "a dictionary of itself": "loop",
    "an object that raises": "Raises()",
    "a class": "torch.Tensor",
}
HELPERS = """
    loop = []
    loop.append(loop)

    class Raises:
        def __getattr__(self, name):
            raise RuntimeError("no " + name)

        def __iter__(self):
            raise RuntimeError("not to be iterated")

        def __array__(self, *args, **kwargs):
            raise RuntimeError("no array")

"""
SAMPLES = """
    class DDPM(nn.Module):
        def sample(self, n_sample, size, device):
            x = torch.randn(n_sample, *size)
            c = torch.arange(10).repeat(n_sample // 10)
            for i in range(self.n_T - 1, -1, -1):
                x = x - 0.01 * self.nn_model(x, c, torch.full((n_sample,), i / self.n_T)).detach()
            return {}
"""
LOSSES = """
    class DDPM(nn.Module):
        def forward(self, x, c):
            out = self.nn_model(x, c, torch.zeros(len(x)))
            return {}
"""
BETAS = """
    def beta_schedule(beta1, beta2, T, schedule='linear'):
        return {}
"""
ENTRIES = """
    def ddpm_schedules(beta1, beta2, T, schedule='linear'):
        return {}
"""
CASES = [
    pytest.param(place, returned, item, id=f"{item}: {name}")
    for item, place, forms in (
        ("sampling", SAMPLES, SAMPLE),
        ("loss", LOSSES, FORWARD),
        ("beta_schedule", BETAS, SCHEDULES),
        ("schedule_parameters", ENTRIES, SCHEDULES),
    )
    for name, returned in forms.items()
]


@pytest.mark.parametrize(("place", "returned", "item"), CASES)
def test_odd_results_are_the_students(place: str, returned: str, item: str, tmp_path: Path) -> None:
    source = textwrap.dedent(HELPERS) + textwrap.dedent(place).format(returned)
    judged = items_of(grade_notebook(apply_variant(solved_template(), source), tmp_path))[item]
    assert judged["status"] != "passed"
    if judged["status"] != "needs_review":
        assert judged["points"] == 0
