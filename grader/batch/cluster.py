"""A backend of ``executors``: the workers of a Dask scheduler."""

import contextlib
import logging
import time
import warnings
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from typing import Any
from urllib.parse import urlsplit

from grader.errors import GraderError, UsageError

RECONNECT_SECONDS = 120.0


class Dask:
    """The workers of a Dask scheduler; they may come and go, and the scheduler may start anew."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
            from distributed import client, scheduler
        except ImportError:
            raise UsageError(
                "--scheduler needs Dask: pip install 'ddpm-grader[cluster]'."
            ) from None
        for name in ("distributed", "distributed.client", "tornado.application"):
            # what is lost is done again; what cannot be is one line of ours
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._distributed: Any = distributed
        self._address = address
        self._check_address()
        self._client: Any = None
        self._threads = 0
        self.hopeless: tuple[type[BaseException], ...] = (scheduler.KilledWorker,)
        self.lost: tuple[type[BaseException], ...] = (
            BrokenExecutor,
            CancelledError,
            getattr(client, "ClosedClientError", CancelledError),  # only newer ones have it
            OSError,
            TimeoutError,
        )

    def _check_address(self) -> None:
        """Raises ``UsageError`` for what is no address; Dask itself would say so by tracebacks."""
        try:
            parts = urlsplit(self._address if "://" in self._address else f"//{self._address}")
            complete = bool(parts.hostname and parts.port)
        except ValueError:
            complete = False
        if not complete:
            raise UsageError(f"{self._address!r} is no address like tcp://192.168.0.1:8786.")
        if parts.scheme == "tls":
            known = self._distributed.Security().get_connection_args("client")
            if not known.get("ssl_context"):
                raise UsageError(f"{self._address} needs certificates in Dask's configuration.")

    @property
    def width(self) -> int:
        """One more than threads, so that none waits while a submission travels."""
        with contextlib.suppress(*self.lost):  # the scheduler is gone: the jobs will tell
            self._threads = sum(self._client.nthreads().values())
        return 1 + self._threads

    def start(self) -> Executor:
        """Waits for a scheduler that starts anew. Raises ``GraderError`` if none comes."""
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                self._client = self._distributed.Client(
                    self._address, timeout=5, set_as_default=False
                )
                break
            except (OSError, TimeoutError, ValueError) as error:
                if time.monotonic() > deadline or isinstance(error, ValueError):
                    raise GraderError(
                        f"No Dask scheduler answers at {self._address}; what was graded is kept, "
                        "and the same command goes on."
                    ) from None
                time.sleep(1)
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def stop(self, *, now: bool) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.close(timeout=5)
            self._client = None
