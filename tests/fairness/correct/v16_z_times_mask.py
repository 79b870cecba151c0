# Variant 16: z multiplied by a mask that is 0 at the last step; coefficients by tensors of t.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i in range(self.n_T - 1, -1, -1):
            t = torch.full((n_sample,), i, device=device, dtype=torch.long)
            nonzero_mask = (t != 0).float().view(-1, 1, 1, 1)
            eps = self.nn_model(x_i, c_i, t / self.n_T)
            if self.prediction_type == 'sample':
                eps = (x_i - self.sqrtab[t].view(-1, 1, 1, 1) * eps) / self.sqrtmab[t].view(-1, 1, 1, 1)
            mean = self.oneover_sqrta[t].view(-1, 1, 1, 1) * (x_i - self.bt_over_sqrtmab[t].view(-1, 1, 1, 1) * eps)
            x_i = mean + nonzero_mask * self.sqrt_beta_t[t].view(-1, 1, 1, 1) * torch.randn_like(x_i)
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
