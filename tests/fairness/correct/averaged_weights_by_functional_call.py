# An average of the weights is kept in a dict and sampled through functional_call once there is one.
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.shadow = {}
        self.n_T, self.device, self.prediction_type, self.schedule = n_T, device, prediction_type, schedule

    @torch.no_grad()
    def remember(self, decay=0.999):
        for k, v in self.nn_model.state_dict().items():
            v = v.detach().clone()
            self.shadow[k] = v if k not in self.shadow or not v.is_floating_point() else decay * self.shadow[k] + (1 - decay) * v

    def ask(self, x, c, t):
        if self.training or not self.shadow:
            return self.nn_model(x, c, t)
        return torch.func.functional_call(self.nn_model, self.shadow, (x, c, t))

    def forward(self, x, c):
        if self.training:
            self.remember()
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.ask(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            eps = self.ask(x_i, c_i, t_i)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
