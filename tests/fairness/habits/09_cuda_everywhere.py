"""`.cuda()`, device='cuda:0', torch.cuda calls and tensor types in definitions and elsewhere."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "import os" in c.source)
    cell.source += (
        "\nos.environ['CUDA_VISIBLE_DEVICES'] = '0'\ndevice = torch.device('cuda:0')\n"
        "torch.backends.cudnn.deterministic = True\ntorch.cuda.manual_seed_all(0)\n"
        "print(torch.cuda.get_device_name(0))"
    )
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    cell.source = (
        cell.source.replace(
            "noise = torch.randn_like(x)",
            "x, c = x.cuda(), c.cuda()\n        noise = torch.randn_like(x).to('cuda:0')",
        )
        .replace("self.nn_model = nn_model.to(device)", "self.nn_model = nn_model.cuda()")
        .replace("torch.zeros_like(x_i)", "torch.zeros(x_i.shape, device='cuda')")
    )
    nb.cells.append(new_code_cell("assert torch.cuda.is_available()\nprobe = torch.ones(3).cuda()"))
