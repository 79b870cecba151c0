# forward calls sys.exit.
# expect: loss=error
import sys


class DDPM(nn.Module):
    def forward(self, x, c):
        sys.exit(0)
