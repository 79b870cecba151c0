# A rewritten DDPM whose constructor needs the finished schedule and a number of channels.
# also: sampling
class DDPM(nn.Module):  # whole class
    def __init__(self, net, tables, channels, image_size, objective, num_timesteps, p_drop):
        super().__init__()
        self.net, self.tables, self.T = net, tables, num_timesteps
        self.channels, self.image_size, self.objective = channels, image_size, objective

    def forward(self, x, c):
        t = torch.randint(0, self.T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        a, s = self.tables['sqrtab'][t, None, None, None], self.tables['sqrtmab'][t, None, None, None]
        prediction = self.net(a * x + s * noise, c, t / self.T)
        return F.mse_loss(prediction, noise if self.objective == 'epsilon' else x)

    @torch.no_grad()
    def sample(self, n_sample, size, device):
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device).repeat(n_sample // 10)
        S, x_i_store = self.tables, []
        for i in range(self.T - 1, -1, -1):
            eps = self.net(x_i, c_i, torch.full((n_sample,), i / self.T, device=device))
            if self.objective == 'sample':
                eps = (x_i - S['sqrtab'][i] * eps) / S['sqrtmab'][i]
            z = torch.randn_like(x_i) if i > 0 else 0
            x_i = S['oneover_sqrta'][i] * (x_i - S['bt_over_sqrtmab'][i] * eps) + S['sqrt_beta_t'][i] * z
            if i % 20 == 0:
                x_i_store.append(x_i.cpu().numpy())
        return x_i, np.array(x_i_store)
