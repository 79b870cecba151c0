# Each digit is sampled by itself from T to 1, and the columns are put together at the end.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample_digit(self, digit, n, size, device):
        x = torch.randn(n, *size, device=device)
        c = torch.full((n,), digit, device=device, dtype=torch.long)
        frames = []
        for i in range(self.n_T - 1, -1, -1):
            eps = self.nn_model(x, c, torch.full((n,), i / self.n_T, device=device))
            if self.prediction_type == 'sample':
                eps = (x - self.sqrtab[i] * eps) / self.sqrtmab[i]
            z = torch.randn_like(x) if i > 0 else 0
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * eps) + self.sqrt_beta_t[i] * z
            if i % 20 == 0:
                frames.append(x)
        return x, torch.stack(frames)

    def sample(self, n_sample, size, device):
        digits = [self.sample_digit(d, n_sample // 10, size, device) for d in range(10)]
        x_i = torch.stack([x for x, _ in digits], dim=1).flatten(0, 1)
        store = torch.stack([f for _, f in digits], dim=2).flatten(1, 2)
        return x_i, store.cpu().numpy()
