# Variant 10: nn.MSELoss() kept as an attribute; coefficients by view.
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super(DDPM, self).__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.schedule = schedule
        self.loss_mse = nn.MSELoss()

    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],)).to(self.device)
        noise = torch.randn_like(x)
        x_t = self.sqrtab[t].view(-1, 1, 1, 1) * x + self.sqrtmab[t].view(-1, 1, 1, 1) * noise
        if self.prediction_type == 'epsilon':
            loss = self.loss_mse(noise, self.nn_model(x_t, c, t / self.n_T))
        elif self.prediction_type == 'sample':
            loss = self.loss_mse(x, self.nn_model(x_t, c, t / self.n_T))
        return loss
