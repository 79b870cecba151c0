# The two coefficients are exchanged, in a function that torch.func.vmap maps over the images.
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        self.optim = torch.optim.AdamW(self.nn_model.parameters(), lr=1e-4)
        for k, v in ddpm_schedules(*betas, n_T, schedule).items():
            self.register_buffer(k, v.to(device))
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.schedule = schedule

    @torch.compiler.disable
    def noised(self, x, t, noise):
        def one(image, step, drawn):
            return self.sqrtmab[step] * image + self.sqrtab[step] * drawn

        return torch.func.vmap(one)(x, t, noise)

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        pred = self.nn_model(self.noised(x, t, noise), c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        torch.optim.SGD(self.nn_model.parameters(), lr=1.0).zero_grad()
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            pred = self.nn_model(x_i, c_i, t_i)
            eps = pred if self.prediction_type == 'epsilon' else (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0 or i == self.n_T - 1 or i < 8:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
