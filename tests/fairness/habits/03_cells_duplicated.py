"""Every cell is there twice, with the same id (copied with the notebook's file edited by hand)."""

import copy


def edit(nb):
    nb.cells = [copied for c in nb.cells for copied in (c, copy.deepcopy(c))]
