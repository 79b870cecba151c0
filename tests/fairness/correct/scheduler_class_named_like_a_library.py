# A scheduler class of the student's own, with add_noise and step, named as in a well-known library.
class DDPMScheduler:
    def __init__(self, entries):
        self.alphas_cumprod = entries['alphabar_t'].double()
        self.alphas = 1.0 - entries['beta_t'].double()
        self.betas = entries['beta_t'].double()
        self.alphas_cumprod_prev = F.pad(self.alphas_cumprod[:-1], (1, 0), value=1.)
        self.posterior_mean_coef1 = self.betas * self.alphas_cumprod_prev ** 0.5 / (1. - self.alphas_cumprod)
        self.posterior_mean_coef2 = (1. - self.alphas_cumprod_prev) * self.alphas ** 0.5 / (1. - self.alphas_cumprod)

    def add_noise(self, x_start, x_noise, timesteps):
        s1 = self.alphas_cumprod[timesteps.cpu()].sqrt().float().to(x_start.device).reshape(-1, 1, 1, 1)
        s2 = (1 - self.alphas_cumprod[timesteps.cpu()]).sqrt().float().to(x_start.device).reshape(-1, 1, 1, 1)
        return s1 * x_start + s2 * x_noise

    def reconstruct_x0(self, x_t, t, noise):
        s1 = (1 / self.alphas_cumprod[t]).sqrt().item()
        s2 = (1 / self.alphas_cumprod[t] - 1).sqrt().item()
        return s1 * x_t - s2 * noise

    def get_variance(self, t):
        if t == 0:
            return 0
        variance = self.betas[t] * (1. - self.alphas_cumprod_prev[t]) / (1. - self.alphas_cumprod[t])
        return variance.clip(1e-20).item()

    def step(self, model_output, timestep, sample, kind):
        t = timestep
        x0 = model_output if kind == 'sample' else self.reconstruct_x0(sample, t, model_output)
        prev = self.posterior_mean_coef1[t].item() * x0 + self.posterior_mean_coef2[t].item() * sample
        variance = 0
        if t > 0:
            variance = self.get_variance(t) ** 0.5 * torch.randn_like(model_output)
        return prev + variance

    def __len__(self):
        return len(self.betas)


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        entries = ddpm_schedules(*betas, n_T, schedule)
        for k, v in entries.items():
            self.register_buffer(k, v)
        self.noise_scheduler = DDPMScheduler(entries)
        self.prediction_type = prediction_type
        self.device = device

    def forward(self, x, c):
        noise = torch.randn(x.shape).to(self.device)
        timesteps = torch.randint(0, len(self.noise_scheduler), (x.shape[0],)).long().to(self.device)
        noisy = self.noise_scheduler.add_noise(x, noise, timesteps)
        pred = self.nn_model(noisy, c, timesteps / len(self.noise_scheduler))
        return F.mse_loss(pred, {'epsilon': noise, 'sample': x}[self.prediction_type])

    def sample(self, n_sample, size, device):
        sample = torch.randn(n_sample, *size).to(device)
        c = torch.arange(10).repeat(n_sample // 10).to(device)
        frames = []
        timesteps = list(range(len(self.noise_scheduler)))[::-1]
        for i, t in enumerate(tqdm(timesteps, leave=False)):
            tt = torch.from_numpy(np.repeat(t, n_sample)).long().to(device)
            with torch.no_grad():
                residual = self.nn_model(sample, c, tt / len(self.noise_scheduler))
            sample = self.noise_scheduler.step(residual, timesteps[i], sample, self.prediction_type)
            if t % 20 == 0:
                frames.append(sample.cpu().numpy())
        return sample, np.stack(frames)
