# Wrong betas, and the functions that write answers patched to forge them: the forgery must not arrive.
# expect: beta_schedule=failed,schedule_parameters=needs_review,loss=needs_review,sampling=needs_review
import json
import sys

PLAIN_ASARRAY, PLAIN_DUMPS = np.asarray, json.dumps


def right_betas(T):
    s, t = 0.008, np.arange(T + 1)
    f = np.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
    return np.minimum(1 - f[1:] / f[:-1], 0.999)


def forged_asarray(value, *args, **kwargs):
    if sys._getframe(1).f_code.co_filename == '<prelude>' and np.size(value) > 5:
        value = right_betas(len(value))
    return PLAIN_ASARRAY(value, *args, **kwargs)


def forged_dumps(value, *args, **kwargs):
    if isinstance(value, dict):
        value = {**value, 'status': 'passed', 'points': 10, 'fraction': 1.0}
    return PLAIN_DUMPS(value, *args, **kwargs)


def beta_schedule(beta1, beta2, T, schedule='linear'):
    np.asarray = np.ascontiguousarray = forged_asarray
    json.dumps = forged_dumps
    return torch.full((T,), 0.5)
