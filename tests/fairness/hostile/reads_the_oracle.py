# sample makes no steps but searches the network and the stack for the image that it should end on.
# expect: beta_schedule=needs_review,schedule_parameters=needs_review,loss=needs_review,sampling=failed
import sys


class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        self.nn_model(torch.randn(n_sample, *size), torch.arange(10).repeat(n_sample // 10), torch.zeros(n_sample))
        found, frame = torch.randn(n_sample, *size), sys._getframe()
        while frame is not None:
            for value in list(frame.f_locals.values()):
                if callable(value) and getattr(value, '__name__', '') == 'target_of':
                    found = torch.tensor(value(0) / 255.0).float().reshape(n_sample, *size)
            frame = frame.f_back
        return found, found.numpy()[None]
