"""Grades the diffusion-model assignment."""

import os

# Before numpy is imported: our matrices are small, and OpenBLAS' further threads wait by spinning.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
