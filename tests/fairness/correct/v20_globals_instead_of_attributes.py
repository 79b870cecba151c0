# Variant 20: both methods read the notebook's globals n_T, device, betas, schedule, prediction_type.
class DDPM(nn.Module):
    def forward(self, x, c):
        x, c = x.to(device), c.to(device)
        t = torch.randint(0, n_T, (x.shape[0],)).to(device)
        noise = torch.randn_like(x).to(device)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        pred = self.nn_model(x_t, c, t / n_T)
        if prediction_type == 'epsilon':
            return F.mse_loss(pred, noise)
        return F.mse_loss(pred, x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(n_T - 1, -1, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / n_T, device=device))
            if prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
