# posterior as a product of two Gaussians, by precisions
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        frames = [x.cpu().numpy()]
        for i in range(self.n_T - 1, -1, -1):
            out = self.nn_model(x, c_i, torch.full((n_sample,), i / self.n_T, device=device))
            x0 = out if self.prediction_type == 'sample' else (x - self.sqrtmab[i] * out) / self.sqrtab[i]
            if i == 0:
                x = x0
            else:
                like = self.alpha_t[i] / self.beta_t[i]
                prior = 1 / (1 - self.alphabar_t[i - 1])
                mean = (like * x / self.alpha_t[i].sqrt() + prior * self.sqrtab[i - 1] * x0) / (like + prior)
                x = torch.normal(mean, (1 / (like + prior)).sqrt().expand_as(mean))
            if i % 20 == 0:
                frames.append(x.cpu().numpy())
        return x, np.array(frames)
