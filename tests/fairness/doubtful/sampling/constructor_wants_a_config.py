# A rewritten DDPM whose constructor wants one config object.
# also: loss
class DDPM(nn.Module):  # whole class
    def __init__(self, config):
        super().__init__()
        self.cfg = config
        self.model = config.model
        self.tables = ddpm_schedules(*config.betas, config.steps, config.schedule)

    def forward(self, x, c):
        t = torch.randint(0, self.cfg.steps, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        a, b = self.tables['sqrtab'][t].view(-1, 1, 1, 1), self.tables['sqrtmab'][t].view(-1, 1, 1, 1)
        pred = self.model(a * x + b * noise, c, t / self.cfg.steps)
        return F.mse_loss(pred, noise if self.cfg.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        S, x_i_store = self.tables, []
        for i in range(self.cfg.steps - 1, -1, -1):
            eps = self.model(x_i, c_i, torch.full((n_sample,), i / self.cfg.steps, device=device))
            if self.cfg.prediction_type == 'sample':
                eps = (x_i - S['sqrtab'][i] * eps) / S['sqrtmab'][i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = S['oneover_sqrta'][i] * (x_i - S['bt_over_sqrtmab'][i] * eps) + S['sqrt_beta_t'][i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
