# The images come back as a NumPy array, which the cells below cannot show or save.
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        store = []
        with torch.no_grad():
            for i in range(self.n_T - 1, -1, -1):
                eps = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T).to(device))
                if self.prediction_type == 'sample':
                    eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
                z = torch.randn_like(x_i) if i > 0 else 0
                x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
                x_i = x_i + self.sqrt_beta_t[i] * z
                if i % 20 == 0:
                    store.append(x_i.cpu().numpy())
        return x_i.cpu().numpy(), np.array(store)
