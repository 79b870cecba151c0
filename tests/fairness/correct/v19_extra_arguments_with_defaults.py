# Variant 19: extra constructor and method arguments with defaults.
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type='epsilon', schedule='linear', device='cuda',
                 store_every=20, loss_type='l2'):
        super().__init__()
        assert prediction_type in ('epsilon', 'sample')
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T, self.device = n_T, device
        self.prediction_type, self.schedule = prediction_type, schedule
        self.store_every, self.loss_type = store_every, loss_type

    def forward(self, x, c, t=None, noise=None):
        if t is None:
            t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        if noise is None:
            noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        target = noise if self.prediction_type == 'epsilon' else x
        return F.l1_loss(pred, target) if self.loss_type == 'l1' else F.mse_loss(pred, target)

    @torch.no_grad()
    def sample(self, n_sample, size, device, temperature=1.0, verbose=False):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            if verbose:
                print(f'step {i}', end='\r')
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = temperature * torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % self.store_every == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
