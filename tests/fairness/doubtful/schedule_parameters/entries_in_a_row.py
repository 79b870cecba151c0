# ddpm_schedules returns one tensor, an entry a row, which DDPM names.
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    b = beta_schedule(beta1, beta2, T, schedule)
    a = 1 - b
    ab = torch.cumprod(a, 0)
    return torch.stack([b, b.sqrt(), a, ab, ab.sqrt(), a.rsqrt(), (1 - ab).sqrt(), b / (1 - ab).sqrt()])
class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in zip(('beta_t', 'sqrt_beta_t', 'alpha_t', 'alphabar_t', 'sqrtab', 'oneover_sqrta', 'sqrtmab', 'bt_over_sqrtmab'), ddpm_schedules(betas[0], betas[1], n_T, schedule)):
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.schedule = schedule
