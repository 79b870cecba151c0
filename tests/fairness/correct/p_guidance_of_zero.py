# Classifier-free guidance with a doubled batch and guide_w = 0: the second half is computed and not used.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device, guide_w=0.0):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        c_double = torch.cat([c_i, torch.zeros_like(c_i)])
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_is = torch.tensor([i / self.n_T]).to(device).repeat(2 * n_sample)
            eps = self.nn_model(torch.cat([x_i, x_i]), c_double, t_is)
            eps1, eps2 = eps[:n_sample], eps[n_sample:]
            eps = (1 + guide_w) * eps1 - guide_w * eps2
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn(n_sample, *size).to(device) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - eps * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0 or i == self.n_T - 1 or i < 8:
                x_i_store.append(x_i.detach().cpu().numpy())
        return x_i, np.array(x_i_store)
