# The network's argument for t is called level, as of noise.
class ContextUnet(nn.Module):  # whole class
    def __init__(self, in_channels, n_feat=256, n_classes=10):
        super().__init__()
        self.classes = nn.Embedding(n_classes, n_feat)
        self.time = nn.Linear(1, n_feat)
        self.first = nn.Conv2d(in_channels, n_feat, 3, padding=1)
        self.last = nn.Conv2d(n_feat, in_channels, 3, padding=1)

    def forward(self, x, label, level):
        h = self.classes(label) + self.time(level.view(-1, 1))
        return self.last(F.gelu(self.first(x) + h[:, :, None, None]))
