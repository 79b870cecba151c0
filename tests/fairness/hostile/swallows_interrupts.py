# sample never ends and catches everything, KeyboardInterrupt too; SIGINT and SIGTERM are ignored.
# expect: sampling=timeout
import signal


class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
