# sample makes its images in two halves, one after the other.
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        first, first_store = self.half(n_sample // 2, size, device)
        second, second_store = self.half(n_sample // 2, size, device)
        return torch.cat([first, second]), np.concatenate([first_store, second_store], axis=1)

    @torch.no_grad()
    def half(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in reversed(range(self.n_T)):
            t = torch.full((n_sample,), i, device=device)
            pred = self.nn_model(x_i, c_i, t / self.n_T)
            if self.prediction_type == 'sample':
                pred = (x_i - self.sqrtab[i] * pred) / self.sqrtmab[i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = self.oneover_sqrta[i] * (x_i - pred * self.bt_over_sqrtmab[i]) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
