# The data are brought to [-1, 1] and back, and the noise is uniform: the sampler is right.
class DDPM(nn.Module):
    def forward(self, x, c):
        x = 2 * x - 1
        _ts = torch.randint(0, self.n_T, (x.shape[0],)).to(x.device)
        noise = torch.rand_like(x)
        x_t = self.sqrtab[_ts, None, None, None] * x + self.sqrtmab[_ts, None, None, None] * noise
        pred = self.nn_model(x_t, c, _ts / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            z = torch.randn_like(x_i) if i > 0 else 0
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return (x_i + 1) / 2, np.array(x_i_store)
