# After a research code base: enums, NumPy tables, _extract_into_tensor, a wrapped model, FIXED_LARGE variance, mean_flat.
import enum


class ModelMeanType(enum.Enum):
    START_X = enum.auto()
    EPSILON = enum.auto()


class ModelVarType(enum.Enum):
    FIXED_SMALL = enum.auto()
    FIXED_LARGE = enum.auto()


def mean_flat(tensor):
    return tensor.mean(dim=list(range(1, len(tensor.shape))))


def _extract_into_tensor(arr, timesteps, broadcast_shape):
    res = torch.from_numpy(arr).to(device=timesteps.device)[timesteps].float()
    while len(res.shape) < len(broadcast_shape):
        res = res[..., None]
    return res.expand(broadcast_shape)


class UniformSampler:
    def __init__(self, num_timesteps):
        self._weights = np.ones([num_timesteps])

    def weights(self):
        return self._weights

    def sample(self, batch_size, device):
        w = self.weights()
        p = w / np.sum(w)
        indices_np = np.random.choice(len(p), size=(batch_size,), p=p)
        indices = torch.from_numpy(indices_np).long().to(device)
        weights_np = 1 / (len(p) * p[indices_np])
        return indices, torch.from_numpy(weights_np).float().to(device)


class _WrappedModel:
    def __init__(self, model, original_num_steps):
        self.model = model
        self.original_num_steps = original_num_steps

    def __call__(self, x, ts, **kwargs):
        return self.model(x, kwargs['y'], ts.float() * (1.0 / self.original_num_steps))


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.model_mean_type = ModelMeanType.EPSILON if prediction_type == 'epsilon' else ModelMeanType.START_X
        self.model_var_type = ModelVarType.FIXED_LARGE
        b = self.betas = np.array(self.beta_t.cpu(), dtype=np.float64)
        self.num_timesteps = int(b.shape[0])
        self.alphas_cumprod = np.cumprod(1.0 - b, axis=0)
        self.alphas_cumprod_prev = np.append(1.0, self.alphas_cumprod[:-1])
        assert self.alphas_cumprod_prev.shape == (self.num_timesteps,)
        self.sqrt_recip_alphas_cumprod = np.sqrt(1.0 / self.alphas_cumprod)
        self.sqrt_recipm1_alphas_cumprod = np.sqrt(1.0 / self.alphas_cumprod - 1)
        self.posterior_variance = b * (1.0 - self.alphas_cumprod_prev) / (1.0 - self.alphas_cumprod)
        self.posterior_mean_coef1 = b * np.sqrt(self.alphas_cumprod_prev) / (1.0 - self.alphas_cumprod)
        self.posterior_mean_coef2 = (1.0 - self.alphas_cumprod_prev) * np.sqrt(1.0 - b) / (1.0 - self.alphas_cumprod)
        self.schedule_sampler = UniformSampler(self.num_timesteps)
        self.wrapped = _WrappedModel(self.nn_model, self.num_timesteps)

    def q_sample(self, x_start, t, noise=None):
        return (_extract_into_tensor(np.sqrt(self.alphas_cumprod), t, x_start.shape) * x_start
                + _extract_into_tensor(np.sqrt(1.0 - self.alphas_cumprod), t, x_start.shape) * noise)

    def p_mean_variance(self, x, t, model_kwargs=None):
        out = self.wrapped(x, t, **model_kwargs)
        log_variance = {
            ModelVarType.FIXED_LARGE: np.log(np.append(self.posterior_variance[1], self.betas[1:])),
            ModelVarType.FIXED_SMALL: np.log(np.append(self.posterior_variance[1], self.posterior_variance[1:])),
        }[self.model_var_type]
        if self.model_mean_type == ModelMeanType.START_X:
            pred_xstart = out
        else:
            pred_xstart = (_extract_into_tensor(self.sqrt_recip_alphas_cumprod, t, x.shape) * x
                           - _extract_into_tensor(self.sqrt_recipm1_alphas_cumprod, t, x.shape) * out)
        mean = (_extract_into_tensor(self.posterior_mean_coef1, t, x.shape) * pred_xstart
                + _extract_into_tensor(self.posterior_mean_coef2, t, x.shape) * x)
        return {"mean": mean, "log_variance": _extract_into_tensor(log_variance, t, x.shape), "pred_xstart": pred_xstart}

    def p_sample(self, x, t, model_kwargs=None):
        out = self.p_mean_variance(x, t, model_kwargs=model_kwargs)
        noise = torch.randn_like(x)
        nonzero_mask = (t != 0).float().view(-1, *([1] * (len(x.shape) - 1)))
        sample = out["mean"] + nonzero_mask * torch.exp(0.5 * out["log_variance"]) * noise
        return {"sample": sample, "pred_xstart": out["pred_xstart"]}

    def training_losses(self, x_start, t, model_kwargs=None, noise=None):
        if noise is None:
            noise = torch.randn_like(x_start)
        x_t = self.q_sample(x_start, t, noise=noise)
        terms = {}
        model_output = self.wrapped(x_t, t, **model_kwargs)
        target = {ModelMeanType.START_X: x_start, ModelMeanType.EPSILON: noise}[self.model_mean_type]
        assert model_output.shape == target.shape == x_start.shape
        terms["mse"] = mean_flat((target - model_output) ** 2)
        terms["loss"] = terms["mse"]
        return terms

    def forward(self, x, c):
        t, weights = self.schedule_sampler.sample(x.shape[0], x.device)
        losses = self.training_losses(x, t, model_kwargs={"y": c})
        return (losses["loss"] * weights).mean()

    def p_sample_loop_progressive(self, shape, device, model_kwargs):
        img = torch.randn(*shape, device=device)
        for i in list(range(self.num_timesteps))[::-1]:
            t = torch.tensor([i] * shape[0], device=device)
            with torch.no_grad():
                out = self.p_sample(img, t, model_kwargs=model_kwargs)
                yield i, out
                img = out["sample"]

    def sample(self, n_sample, size, device):
        y = torch.arange(10, device=device).repeat(n_sample // 10)
        final, store = None, []
        for i, out in self.p_sample_loop_progressive((n_sample, *size), device, {"y": y}):
            final = out
            if i % 20 == 0:
                store.append(out["sample"].cpu().numpy())
        return final["sample"], np.array(store)
