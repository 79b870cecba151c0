# Variant 16: the noise of all steps is drawn before the loop in one tensor, whose entry for the last step is 0.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(n_sample).to(device) % 10
        z = torch.randn(self.n_T, n_sample, *size)
        z[0] = 0
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            x_i += self.sqrt_beta_t[i] * z[i].to(device)
            if i % 100 == 0:
                x_i_store.append(x_i.cpu().numpy().copy())
        return x_i, np.array(x_i_store)
