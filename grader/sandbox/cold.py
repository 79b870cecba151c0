"""The first code in a cold kernel's process: builds its own walls inside bubblewrap's, then becomes
an IPython kernel.

Sent as text (``python -c``) with ``inside.py`` before it. Arguments: the request that ``inside.py``
describes, as JSON, then the kernel's own.
"""

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.sandbox.inside import (
        LIBC,
        Seal,
        build_last_walls,
        call,
        own_files,
        seal_when_told,
        sealed_application,
    )

CLONE_NEWNS = 0x20000

request = json.loads(sys.argv.pop(1))
call(LIBC.unshare(CLONE_NEWNS), "unshare")  # bubblewrap's own mounts are not to be changed here
own_files(request)
ours, theirs = socket.socketpair()
child = os.fork()
if not child:
    ours.close()
    try:
        seal_when_told(request, theirs)
    finally:
        os._exit(0)
theirs.close()
build_last_walls(request)

vars(sys)["modules"]["debugpy"] = None  # nobody here will debug, and its import takes long
import ipykernel.debugger  # noqa: E402, F401 - the walls stand round what is imported, too
from ipykernel.kernelapp import IPKernelApp  # noqa: E402 - the same

del sys.modules["debugpy"]

sealed_application(IPKernelApp, Seal(ours, child)).launch_instance()
