# Variant 18: for over a flipped torch.arange zipped with itself one step on; the index is a tensor.
class DDPM(nn.Module):
    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        ab = F.pad(self.alphabar_t, (1, 0), value=1.0)
        times = torch.arange(0, self.n_T + 1).flip(0)
        x_i_store = []
        for t, t_prev in zip(times[:-1], times[1:]):
            out = self.nn_model(x_i, c_i, (t_prev / self.n_T).to(device).repeat(n_sample))
            if self.prediction_type == 'epsilon':
                out = (x_i - (1 - ab[t]).sqrt() * out) / ab[t].sqrt()
            alpha = ab[t] / ab[t_prev]
            beta = 1 - alpha
            mean = ab[t_prev].sqrt() * beta / (1 - ab[t]) * out
            mean = mean + alpha.sqrt() * (1 - ab[t_prev]) / (1 - ab[t]) * x_i
            std = (beta * (1 - ab[t_prev]) / (1 - ab[t])).sqrt()
            x_i = mean + std * torch.randn_like(x_i) if t > 1 else mean
            if t_prev % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
