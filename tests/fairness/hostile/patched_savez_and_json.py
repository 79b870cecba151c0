# Wrong betas, and the functions that write answers patched to forge them: the forgery must not arrive.
# expect: beta_schedule=failed
import json

PLAIN_SAVEZ, PLAIN_DUMPS = np.savez, json.dumps


def right_betas(T):
    s, t = 0.008, np.arange(T + 1)
    f = np.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2
    return np.minimum(1 - f[1:] / f[:-1], 0.999)


def forged_savez(file, *args, **arrays):
    arrays = {k: right_betas(len(v)) if np.size(v) > 5 else v for k, v in arrays.items()}
    return PLAIN_SAVEZ(file, *args, **arrays)


def forged_dumps(value, *args, **kwargs):
    if isinstance(value, dict):
        value = {**value, 'status': 'passed', 'points': 10, 'fraction': 1.0}
    return PLAIN_DUMPS(value, *args, **kwargs)


def beta_schedule(beta1, beta2, T, schedule='linear'):
    np.savez = np.savez_compressed = forged_savez
    json.dumps = forged_dumps
    return torch.full((T,), 0.5)
