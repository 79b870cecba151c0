# A port of a well-known repository: enums, entries extracted into tensors, times rescaled to 1000.
import enum


class ModelMeanType(enum.Enum):
    PREVIOUS_X = enum.auto()
    START_X = enum.auto()
    EPSILON = enum.auto()


def mean_flat(tensor):
    return tensor.mean(dim=list(range(1, len(tensor.shape))))


def _extract(arr, timesteps, broadcast_shape):
    res = torch.from_numpy(np.asarray(arr)).to(device=timesteps.device)[timesteps].float()
    while len(res.shape) < len(broadcast_shape):
        res = res[..., None]
    return res.expand(broadcast_shape)


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.mean_type = ModelMeanType.EPSILON if prediction_type == 'epsilon' else ModelMeanType.START_X
        ab = self.alphabar_t.double().cpu().numpy()
        ab_prev = np.append(1.0, ab[:-1])
        b = self.beta_t.double().cpu().numpy()
        self.posterior_variance = b * (1 - ab_prev) / (1 - ab)
        self.log_var = np.log(np.append(self.posterior_variance[1], self.posterior_variance[1:]))
        self.coef1 = b * np.sqrt(ab_prev) / (1 - ab)
        self.coef2 = (1 - ab_prev) * np.sqrt(1 - b) / (1 - ab)
        self.recip = np.sqrt(1 / ab)
        self.recipm1 = np.sqrt(1 / ab - 1)
        self.n_T, self.device, self.prediction_type, self.schedule = n_T, device, prediction_type, schedule

    def _scale_timesteps(self, t):
        return t.float() * (1000.0 / self.n_T)

    def q_sample(self, x_start, t, noise):
        return (_extract(self.sqrtab.cpu().numpy(), t, x_start.shape) * x_start
                + _extract(self.sqrtmab.cpu().numpy(), t, x_start.shape) * noise)

    def forward(self, x, c):
        t = torch.from_numpy(np.random.choice(self.n_T, size=(len(x),), p=np.ones(self.n_T) / self.n_T)).long().to(x.device)
        noise = torch.randn_like(x)
        out = self.nn_model(self.q_sample(x, t, noise), c, self._scale_timesteps(t))
        target = {ModelMeanType.START_X: x, ModelMeanType.EPSILON: noise}[self.mean_type]
        return mean_flat((target - out) ** 2).mean()

    def p_mean_variance(self, x, c, t):
        out = self.nn_model(x, c, self._scale_timesteps(t))
        if self.mean_type == ModelMeanType.START_X:
            x0 = out
        else:
            x0 = _extract(self.recip, t, x.shape) * x - _extract(self.recipm1, t, x.shape) * out
        mean = _extract(self.coef1, t, x.shape) * x0 + _extract(self.coef2, t, x.shape) * x
        return mean, _extract(self.log_var, t, x.shape)

    def sample(self, n_sample, size, device):
        img = torch.randn(n_sample, *size, device=device)
        c = torch.arange(10, device=device).repeat(n_sample // 10)
        store = []
        for i in list(range(self.n_T))[::-1]:
            t = torch.tensor([i] * n_sample, device=device)
            with torch.no_grad():
                mean, log_variance = self.p_mean_variance(img, c, t)
                mask = (t != 0).float().view(-1, 1, 1, 1)
                img = mean + mask * torch.exp(0.5 * log_variance) * torch.randn_like(img)
            if i % 20 == 0:
                store.append(img.cpu().numpy())
        return img, np.array(store)
