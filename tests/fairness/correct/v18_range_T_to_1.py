# Variant 18: range(T, 0, -1) with index i - 1, in training t = 1..T and index t - 1; t / T is told.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(1, self.n_T + 1, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t - 1, None, None, None] * x + self.sqrtmab[t - 1, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T, 0, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            k = i - 1
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[k] * eps) / self.sqrtmab[k]
            z = torch.randn_like(x_i) if i > 1 else 0
            x_i = self.oneover_sqrta[k] * (x_i - self.bt_over_sqrtmab[k] * eps) + self.sqrt_beta_t[k] * z
            if i % 20 == 0 or i == 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
