# T is a type variable; betas a list; t a module-level function.
from typing import TypeVar

T = TypeVar('T')


def same(value: T) -> T:
    assert isinstance(T, TypeVar)
    return value

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, same(t / self.n_T))
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
