# x_0 is predicted from the pure noise in one go; no reverse steps.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        i = self.n_T - 1
        out = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T, device=device))
        if self.prediction_type == 'epsilon':
            out = (x_i - self.sqrtmab[i] * out) / self.sqrtab[i]
        return out, np.array([x_i.cpu().numpy(), out.cpu().numpy()])
