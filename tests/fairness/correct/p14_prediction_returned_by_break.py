# Variant 14: posterior mean for both types; at the last step the predicted x0 itself, by a break out of the loop.
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        x_i_store = [x_i.cpu().numpy()]
        with torch.no_grad():
            for i in range(self.n_T - 1, -1, -1):
                x0 = self.nn_model(x_i, c_i, torch.full((n_sample,), i / self.n_T).to(device))
                if self.prediction_type == 'epsilon':
                    x0 = (x_i - self.sqrtmab[i] * x0) / self.sqrtab[i]
                if i == 0:
                    x_i = x0
                    x_i_store.append(x_i.cpu().numpy())
                    break
                ab, ab_prev = self.alphabar_t[i], self.alphabar_t[i - 1]
                mean = (torch.sqrt(ab_prev) * self.beta_t[i] * x0
                        + torch.sqrt(self.alpha_t[i]) * (1 - ab_prev) * x_i) / (1 - ab)
                sigma = torch.sqrt((1 - ab_prev) / (1 - ab) * self.beta_t[i])
                x_i = mean + sigma * torch.randn_like(x_i)
                if i % 20 == 0:
                    x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
