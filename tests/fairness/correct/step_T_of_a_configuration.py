# T and betas are read from a dataclass.
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    n_T: int = 400
    beta_start: float = 1e-4
    beta_end: float = 0.02


cfg = Config()

class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, cfg.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / cfg.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(cfg.n_T - 1, -1, -1):
            t = torch.full((n_sample,), i, device=device)
            pred = self.nn_model(x_i, c_i, t / cfg.n_T)
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - pred * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
