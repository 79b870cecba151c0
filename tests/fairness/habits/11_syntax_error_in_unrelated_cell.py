"""A cell that plots was left half written, and one holds notes that are no Python."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.insert(3, new_code_cell("plt.plot(ddpm_schedules(1e-4, 0.02, 1000)['alphabar_t'"))
    nb.cells.append(new_code_cell("여기서부터 다시 학습할 것!! lr 바꾸기 -> 1e-4"))
