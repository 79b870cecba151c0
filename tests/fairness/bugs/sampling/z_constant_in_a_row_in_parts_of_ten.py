# asks in parts of ten, and z is one number for all pixels of a row
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            parts = [self.nn_model(x, c, t) for x, c, t in zip(x_i.split(10), c_i.split(10), t_i.split(10))]
            eps = torch.cat(parts)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn(n_sample, 1, 28, 1, device=device).expand_as(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
