# Wrong betas, and the functions that read what is asked patched to ask for another function's, which are right.
# expect: beta_schedule=failed,schedule_parameters=needs_review,loss=needs_review,sampling=needs_review
import builtins
import io
import json

PLAIN_OPEN, PLAIN_LOADS = open, json.loads


def right_schedule(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    s, t = 0.008, np.arange(T + 1)
    f = np.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
    return torch.tensor(np.minimum(1 - f[1:] / f[:-1], 0.999), dtype=torch.float32)


def forged_open(path, *args, **kwargs):
    file = PLAIN_OPEN(path, *args, **kwargs)
    if str(path).endswith('request'):
        return io.BytesIO(file.read().replace(b'"beta_schedule"', b'"right_schedule"'))
    return file


def forged_loads(text, *args, **kwargs):
    value = PLAIN_LOADS(text, *args, **kwargs)
    if isinstance(value, dict) and isinstance(value.get('inputs'), dict):
        value['inputs'] = {**value['inputs'], 'function': 'right_schedule'}
    return value


def patched():
    builtins.open = io.open = forged_open
    json.loads = forged_loads


def beta_schedule(beta1, beta2, T, schedule='linear', nothing=(patched(), right_schedule)):
    return torch.full((T,), 0.5)
