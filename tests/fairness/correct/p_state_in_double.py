# The state is float64 all the way; the network alone is asked in float32.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size, dtype=torch.float64).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x_i.float(), c_i, torch.full((n_sample,), i / self.n_T, device=device)).double()
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i].double() * eps) / self.sqrtmab[i].double()
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = (x_i - self.bt_over_sqrtmab[i] * eps) / self.alpha_t[i].sqrt() + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.float().cpu().numpy())
        return x_i.float(), np.array(x_i_store)
