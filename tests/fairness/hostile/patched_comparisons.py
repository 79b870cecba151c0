# Wrong betas, and every comparing function of numpy, torch and math patched: judged outside, so no use.
# expect: beta_schedule=failed,schedule_parameters=needs_review,loss=needs_review,sampling=needs_review
import math


def beta_schedule(beta1, beta2, T, schedule='linear'):
    np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
    torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
    math.isclose = lambda *args, **kwargs: True
    torch.Tensor.__eq__ = torch.Tensor.equal = lambda self, other: True
    return torch.full((T,), 0.5)
