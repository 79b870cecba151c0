# sample sleeps for years.
# expect: sampling=timeout
import time


class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        time.sleep(10 ** 8)
