# Variant 13: posterior log-variance with its first entry taken from the second, exp(0.5 * log), mask by nonzero.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        ab = self.alphabar_t
        ab_prev = torch.cat([torch.ones(1, device=ab.device), ab[:-1]])
        variance = self.beta_t * (1 - ab_prev) / (1 - ab)
        log_variance = torch.log(torch.cat([variance[1:2], variance[1:]]))
        x_i_store = []
        for i in range(self.n_T)[::-1]:
            t = torch.full((n_sample,), i, device=device)
            eps = self.nn_model(x_i, c_i, t / self.n_T)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[i] * eps) / self.sqrtmab[i]
            nonzero = (t != 0).float().view(-1, 1, 1, 1)
            x_i = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * eps)
            x_i = x_i + nonzero * torch.exp(0.5 * log_variance[i]) * torch.randn_like(x_i)
            if i % (self.n_T // 20) == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
