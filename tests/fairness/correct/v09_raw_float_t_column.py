# Variant 9: the network gets t as a raw float of shape (B, 1).
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0], 1)).to(x.device)
        noise = torch.randn_like(x)
        a = self.sqrtab[t].unsqueeze(-1).unsqueeze(-1)
        b = self.sqrtmab[t].unsqueeze(-1).unsqueeze(-1)
        prediction = self.nn_model(a * x + b * noise, c, t.float())
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(self.n_T)):
            t = torch.ones(n_sample, 1, device=device) * i
            eps = self.nn_model(x_i, c_i, t)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
