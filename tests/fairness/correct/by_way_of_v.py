# The prediction is turned into v, and v into the image and the noise (helpers of a v-model).
def v_from(x_t, out, kind, a, s):
    """a, s: signal and noise rates."""
    if kind == 'epsilon':
        x0 = (x_t - s * out) / a
        return a * out - s * x0
    eps = (x_t - a * out) / s
    return a * eps - s * out


class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        a_all = self.alphabar_t.double().sqrt()
        s_all = (1 - self.alphabar_t.double()).sqrt()
        for i in range(self.n_T)[::-1]:
            out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T).to(device)).double()
            a, s = a_all[i], s_all[i]
            v = v_from(x_i.double(), out, self.prediction_type, a, s)
            x0, eps = a * x_i - s * v, s * x_i + a * v
            mean = (x_i - self.beta_t[i] / s * eps) / self.alpha_t[i].sqrt()
            x_i = mean.float() if i == 0 else (mean + self.sqrt_beta_t[i] * torch.randn_like(x_i)).float()
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
