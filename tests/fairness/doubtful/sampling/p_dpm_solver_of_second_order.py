# DPM-Solver++ (2M): deterministic, each step uses the predicted x0 of the step before, too.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        lam = torch.log(self.sqrtab / self.sqrtmab)
        x_i_store, old, h_old = [], None, None
        for i in range(self.n_T - 1, -1, -1):
            x0 = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            if self.prediction_type == 'epsilon':
                x0 = (x_i - self.sqrtmab[i] * x0) / self.sqrtab[i]
            if i == 0:
                x_i = x0
            else:
                h, d = lam[i - 1] - lam[i], x0
                if old is not None:
                    r = h_old / h
                    d = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * old
                x_i = self.sqrtmab[i - 1] / self.sqrtmab[i] * x_i - self.sqrtab[i - 1] * torch.expm1(-h) * d
                old, h_old = x0, h
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
