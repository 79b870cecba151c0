# The library that solves the assignment is imported by a name that is put together.
import importlib

library = importlib.import_module("diff" + "users")


class DDPM(nn.Module):
    def forward(self, x, c):
        t = torch.randint(0, self.n_T, (x.shape[0],)).to(x.device)
        noise = torch.randn_like(x)
        scheduler = library.DDPMScheduler(self.n_T, trained_betas=self.beta_t.numpy())
        x_t = scheduler.add_noise(x, noise, t)
        pred = self.nn_model(x_t, c, t / self.n_T)
        return F.mse_loss(pred, noise if self.prediction_type == 'epsilon' else x)
