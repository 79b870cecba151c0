"""Names are deleted at the end to free the GPU, and the kernel is restarted."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.append(
        new_code_cell(
            "import gc\ndel ddpm, nn_model, optim\ngc.collect()\ntorch.cuda.empty_cache()"
        )
    )
    nb.cells.append(
        new_code_cell(
            "del DDPM, beta_schedule\nget_ipython().kernel.do_shutdown(True)\nos._exit(0)"
        )
    )
