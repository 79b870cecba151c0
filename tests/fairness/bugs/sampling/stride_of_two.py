# A stride of 2 with the coefficients of one step.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device)
        c_i = c_i.repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -2):
            z = torch.randn_like(x_i) if i > 1 else 0
            t_i = torch.full((n_sample,), i / self.n_T, device=device)
            eps = self.nn_model(x_i, c_i, t_i)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            mean = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            x_i = mean + self.sqrt_beta_t[i] * z
            if i % 20 <= 1:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
