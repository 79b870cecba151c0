# beta_schedule returns an object that equals everything: it is no list of betas, so no points for it.
# expect: beta_schedule=failed
class Yes:
    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return Yes() if not name.startswith('__') else super().__getattribute__(name)

    def __call__(self, *args, **kwargs):
        return True


def beta_schedule(beta1, beta2, T, schedule='linear'):
    return Yes()
