# A generator method yields every state; sample keeps some of them.
class DDPM(nn.Module):
    def steps(self, x, c):
        for i in range(self.n_T)[::-1]:
            out = self.nn_model(x, c, torch.full((len(x),), i / self.n_T, device=x.device))
            if self.prediction_type == 'sample':
                out = (x - self.sqrtab[i] * out) / self.sqrtmab[i]
            x = self.oneover_sqrta[i] * (x - self.bt_over_sqrtmab[i] * out)
            x = x + self.sqrt_beta_t[i] * torch.randn_like(x) if i else x
            yield i, x

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = []
        for i, x_i in self.steps(x_i, c_i):
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
