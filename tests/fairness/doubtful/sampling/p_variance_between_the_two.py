# The variance lies halfway between log beta_t and log betatilde_t, as a learned variance may (Nichol & Dhariwal, eq. 15).
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device, v=0.5):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            if i > 0:
                tilde = self.beta_t[i] * (1 - self.alphabar_t[i - 1]) / (1 - self.alphabar_t[i])
                log_variance = v * self.beta_t[i].log() + (1 - v) * tilde.log()
                x_i = x_i + (log_variance / 2).exp() * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
