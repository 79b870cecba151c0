# A tensor class whose comparisons are always true, round wrong betas: judged by its values.
# expect: beta_schedule=failed
class AlwaysEqual(torch.Tensor):
    def __eq__(self, other):
        return torch.ones(self.shape, dtype=torch.bool)

    __lt__ = __gt__ = __le__ = __ge__ = __ne__ = __eq__

    def allclose(self, *args, **kwargs):
        return True


def beta_schedule(beta1, beta2, T, schedule='linear'):
    return torch.full((T,), 0.5).as_subclass(AlwaysEqual)
