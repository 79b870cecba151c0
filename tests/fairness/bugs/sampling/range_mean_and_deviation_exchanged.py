# Mean and deviation exchanged where the result is brought back.
to_network = transforms.Normalize((0.1307,), (0.3081,))
to_image = lambda v: v * 0.1307 + 0.3081


class DDPM(nn.Module):
    def forward(self, x, c):
        x = to_network(x)
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        out = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(out, noise if self.prediction_type == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in reversed(range(self.n_T)):
            out = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            eps = out if self.prediction_type == 'epsilon' else (x - self.sqrtab[i] * out) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(to_image(x).cpu().numpy())
        return to_image(x), np.array(store)
