# The betas are a dictionary in the notebook, and DDPM reads them from it.
betas = {'start': 1e-4, 'end': 0.02}


class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas['start'], betas['end'], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T, self.device, self.prediction_type = n_T, device, prediction_type
