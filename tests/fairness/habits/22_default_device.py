"""torch.set_default_device('cuda') and a device chosen by is_available."""


def edit(nb):
    cell = next(c for c in nb.cells if "import os" in c.source)
    cell.source += (
        "\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
        "if torch.cuda.is_available():\n    torch.set_default_tensor_type('torch.cuda.FloatTensor')\n"
        "torch.set_default_device('cuda')\nassert device == 'cuda', 'GPU를 켜세요'"
    )
