# t and noise from torch.distributions; forward noised by a nested function.
from torch.distributions import Categorical, Normal


class DDPM(nn.Module):
    def forward(self, x, c):
        t = Categorical(torch.ones(self.n_T)).sample((x.shape[0],)).to(x.device)
        noise = Normal(0.0, 1.0).sample(x.shape).to(x.device)

        def coefficient(v):
            return v.index_select(0, t)[(...,) + (None,) * 3]

        x_t = torch.addcmul(coefficient(self.sqrtab) * x, coefficient(self.sqrtmab), noise)
        pred = self.nn_model(x_t, c, t.float().div(self.n_T))
        return (pred - (noise if self.prediction_type == 'epsilon' else x)).square().mean()
