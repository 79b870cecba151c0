"""A kernel that exists on no other machine, and VS Code's metadata."""


def edit(nb):
    nb.metadata = {
        "kernelspec": {"display_name": "dl_2022", "language": "python", "name": "dl_2022"},
        "language_info": {"name": "python", "version": "3.8.18", "file_extension": ".py"},
        "vscode": {"interpreter": {"hash": "0123abcd"}},
        "orig_nbformat": 4,
    }
