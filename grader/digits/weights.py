"""Reads float32 weights from a safetensors file.

The library does it, too; but the judge also runs where students do, and notebooks need no such
library.
"""

import json
from pathlib import Path

import numpy as np

from grader.arrays import Array


def read_safetensors(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors by name, and the file's metadata.

    Raises ``ValueError`` for a tensor of another type.
    """
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    weights = {}
    for name, about in header.items():
        if about["dtype"] != "F32":
            raise ValueError(f"{name} is {about['dtype']}, where F32 is expected")
        first, end = about["data_offsets"]
        values = np.frombuffer(data[start + first : start + end], "<f4")
        weights[name] = values.reshape(about["shape"]).astype(np.float32)
    return weights, metadata
