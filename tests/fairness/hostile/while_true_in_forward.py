# forward never ends.
# expect: loss=timeout
class DDPM(nn.Module):
    def forward(self, x, c):
        while True:
            x = x * 1.0
