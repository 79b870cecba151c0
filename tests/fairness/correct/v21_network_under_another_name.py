# Variant 21: the network is kept as self.model, the number of steps as self.T.
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.T = n_T
        self.pred = prediction_type

    def forward(self, x, c):
        t = torch.randint(0, self.T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        return F.mse_loss(self.model(x_t, c, t / self.T), noise if self.pred == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.T - 1, -1, -1):
            eps = self.model(x_i, c_i, torch.full((n_sample,), i / self.T, device=device))
            if self.pred == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
