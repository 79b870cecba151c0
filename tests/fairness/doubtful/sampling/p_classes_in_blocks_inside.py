# classes in blocks inside the loop, put into the usual order for what is returned and stored
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        m = n_sample // 10
        x = torch.randn(n_sample, *size).to(device)
        c = torch.arange(10, device=device).repeat_interleave(m)
        order = lambda v: v.reshape(10, m, *size).transpose(0, 1).reshape(n_sample, *size)
        store = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x, c, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else 0
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                store.append(order(x).cpu().numpy())
        return order(x), np.array(store)
