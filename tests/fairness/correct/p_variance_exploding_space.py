# ancestral sampling of y = x / sqrt(alphabar) in float64, posterior variance
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        ab = self.alphabar_t.double()
        sig2 = torch.cat([torch.zeros(1, dtype=torch.float64, device=ab.device), (1 - ab) / ab])
        y = torch.randn(n_sample, *size).to(device).double() / ab[-1].sqrt()
        c_i = torch.arange(n_sample, device=device) % 10
        x_i_store = []
        for i in reversed(range(self.n_T)):
            x = (y * ab[i].sqrt()).float()
            out = self.nn_model(x, c_i, torch.full((n_sample,), i / self.n_T, device=device)).double()
            s_t, s_p = sig2[i + 1], sig2[i]
            x0 = out if self.prediction_type == 'sample' else y - s_t.sqrt() * out
            y = x0 + (s_p / s_t) * (y - x0) + (s_p * (s_t - s_p) / s_t).sqrt() * torch.randn_like(y)
            if i % 20 == 0:
                x_i_store.append((y * (ab[i - 1].sqrt() if i else 1)).float().cpu().numpy())
        return y.float(), np.array(x_i_store)
