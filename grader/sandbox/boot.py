"""The first code in the kernel's process: sets the limits, then becomes an IPython kernel.

Sent as text (``python -c``), because the grader's files are not visible inside the sandbox.
Arguments: the limits as JSON ``{"NOFILE": 1024, ...}``, then the kernel's own.
"""

import contextlib
import json
import os
import sys

try:
    import resource
except ImportError:  # Windows knows no such limits; the watcher still stands
    resource = None  # type: ignore[assignment]  # mypy takes the name for a module only

limits = json.loads(sys.argv.pop(1))
for name, value in limits.items():
    which = getattr(resource, "RLIMIT_" + name, None)
    if resource is None or which is None:
        continue
    hard = resource.getrlimit(which)[1]
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some; the watcher still stands
        resource.setrlimit(which, (bounded, bounded))
os.umask(0o077)
if hasattr(os, "nice"):
    os.nice(5)  # so that the watcher gets its turn however many processes there are

vars(sys)["modules"]["debugpy"] = None  # nobody here will debug, and its import takes long
import ipykernel.debugger  # noqa: E402, F401 - the limits count for what is imported, too
from ipykernel.kernelapp import IPKernelApp  # noqa: E402 - the same

del sys.modules["debugpy"]
IPKernelApp.launch_instance()
