# Variant 21: the schedule is kept in a frozen dataclass instead of buffers.
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    beta_t: torch.Tensor
    sqrt_beta_t: torch.Tensor
    alpha_t: torch.Tensor
    alphabar_t: torch.Tensor
    sqrtab: torch.Tensor
    oneover_sqrta: torch.Tensor
    sqrtmab: torch.Tensor
    bt_over_sqrtmab: torch.Tensor

    def noised(self, x, t, noise):
        return self.sqrtab[t].view(-1, 1, 1, 1) * x + self.sqrtmab[t].view(-1, 1, 1, 1) * noise

    def mean(self, x_t, i, eps):
        return self.oneover_sqrta[i] * (x_t - self.bt_over_sqrtmab[i] * eps)


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        entries = ddpm_schedules(betas[0], betas[1], n_T, schedule)
        self.process = Schedule(**{k: v.to(device) for k, v in entries.items()})
        self.n_T, self.device, self.prediction_type, self.schedule = n_T, device, prediction_type, schedule

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        pred = self.nn_model(self.process.noised(x, t, noise), c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.process.sqrtab[i] * eps) / self.process.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.process.mean(x_i, i, eps) + self.process.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
