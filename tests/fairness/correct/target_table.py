# One loss for both prediction types, the target from a dict; noise level as root of 1 - alphabar here.
class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        alphabar = self.alphabar_t[t].reshape(-1, 1, 1, 1)
        noise = torch.randn_like(x)
        x_t = alphabar.sqrt() * x + (1 - alphabar).sqrt() * noise
        targets = {'epsilon': noise, 'sample': x}
        return F.mse_loss(self.nn_model(x_t, c, t / self.n_T), targets[self.prediction_type])
