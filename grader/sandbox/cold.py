"""The first code in a cold kernel's process: builds its own walls inside bubblewrap's, then becomes
an IPython kernel.

Sent as text (``python -c``) with ``inside.py`` before it. Arguments: the request that ``inside.py``
describes, as JSON, then the kernel's own.
"""

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.sandbox.inside import LIBC, build_last_walls, call, own_files, sealed_application

CLONE_NEWNS = 0x20000

request = json.loads(sys.argv.pop(1))
call(LIBC.unshare(CLONE_NEWNS), "unshare")  # bubblewrap's own mounts are not to be changed here
own_files(request)
seal = build_last_walls(request)

vars(sys)["modules"]["debugpy"] = None  # nobody here will debug, and its import takes long
import ipykernel.debugger  # noqa: E402, F401 - the walls stand round what is imported, too
from ipykernel.kernelapp import IPKernelApp  # noqa: E402 - the same

del sys.modules["debugpy"]

sealed_application(IPKernelApp, seal).launch_instance()
