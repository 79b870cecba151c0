# The global betas is a tensor of two numbers, whose item is taken.
betas = torch.tensor([1e-4, 0.02])

class DDPM(nn.Module):
    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):
        super().__init__()
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0].item(), betas[1].item(), n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T, self.device, self.prediction_type = n_T, device, prediction_type
