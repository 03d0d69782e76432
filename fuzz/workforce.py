"""The engine's side of its workers: hiring them from the fork server, watching their limits, hearing of deaths."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Literal

from tensorsmith.fuzz import messages
from tensorsmith.fuzz.control import STEP_FILE, Exited, Fork, Forked, NotReady, Ready, Reply, Warm, receive_reply, send
from tensorsmith.fuzz.messages import Announced, Judged, Message, Order, RunBatch, Started, TriageAlarm
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.ir.testcase import Device
from tensorsmith.targets.isolation import kill_group, tree_rss
from tensorsmith.targets.mark import Mark

MEMORY_POLL_SECONDS = 0.25
# A triage order has its own deadline for reducing; this is what it may take beyond that for confirming and writing:
# some seconds, and the time limit of one test so many times.
TRIAGE_GRACE_SECONDS = 240.0
TRIAGE_GRACE_RUNS = 20
HIRE_ATTEMPTS = 2
# So many lines of what the fork server wrote tell of its death.
LAST_LINES = 3


# Orders that a worker serves.
LIFE = 60


@dataclass
class Worker:
    """A worker as the engine sees it."""

    pid: int
    connection: Connection
    # A directory of its own, which goes with it.
    scratch: Path
    order: Order | None = None
    announced: Announced | None = None
    # On the tests of the order, by position.
    verdicts: dict[int, Judged] = field(default_factory=dict)
    position: int = -1
    stage: str = ""
    since: float = 0.0
    served: int = 0
    # Why the engine killed it, if it did.
    killed: Literal["", "hang", "memory"] = ""
    rss: int = 0

    def rest(self) -> None:
        """It has served its order."""
        self.order, self.announced = None, None
        self.served += 1

    @property
    def is_old(self) -> bool:
        """Whether a fresh one is to replace it: compilers leak."""
        return self.served >= LIFE

    @property
    def stderr(self) -> Path:
        """Where its standard error goes."""
        return _stderr(self.scratch)


@dataclass(frozen=True)
class Heard:
    """A message of a worker."""

    worker: Worker
    message: Message


@dataclass(frozen=True)
class Death:
    """A worker ended: killed by the engine for `cause`, by a signal, or by its own exit.

    `step` is that of a pipeline of TIR that it was at last.
    """

    worker: Worker
    cause: Literal["signal", "hang", "memory", "exit"]
    signal: int
    detail: str
    step: str = ""


@dataclass
class Workforce:
    """All workers of a campaign. `events` is the one place where the engine waits."""

    scratch: Path
    targets: tuple[str, ...]
    device: Device
    imports: tuple[str, ...]
    time_limit: float
    memory_limit: int
    # Paths of files of operators that programs are made of too.
    operators: tuple[str, ...] = ()
    # Whether workers watch what the compilers do.
    observe: bool = False
    workers: dict[int, Worker] = field(default_factory=dict)
    _server: subprocess.Popen[bytes] | None = None
    _control: socket.socket | None = None
    _polled: float = 0.0
    _hired: int = 0
    # Exit status by process id, and workers whose connection is gone but whose status is not known yet.
    _statuses: dict[int, int] = field(default_factory=dict)
    _dying: dict[int, Worker] = field(default_factory=dict)
    # Workers that were let go and have not ended yet: what they leave is removed when nobody writes there any more.
    _leaving: dict[int, Worker] = field(default_factory=dict)

    def start(self) -> Ready:
        """Start the fork server and wait until its targets are warm.

        Raises:
            InvalidInputError: a target is unknown, or a module to import is.
            EnvironmentLacksError: a target cannot run here.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | {
            "TORCHINDUCTOR_CACHE_DIR": str(self.scratch / "warm"),
            # Deprecation notes of eager kernels, many a second.
            "TORCH_CPP_LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore",
            # Counts devices without initializing CUDA, after which no fork could use it.
            "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
            # Index expressions recur from graph to graph; sympy's own default forgets them within one.
            "SYMPY_CACHE_SIZE": "100000",
        }
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tensorsmith.fuzz.fork_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=(self.scratch / "fork_server.stderr").open("wb"),
                env=environment,
            )
        self._control = ours
        send(ours, Warm(self.targets, self.device, self.imports, self.operators, self.observe))
        try:
            reply = receive_reply(ours)
        except EOFError:
            words = (self.scratch / "fork_server.stderr").read_text(errors="replace").strip().split("\n")[-LAST_LINES:]
            said = "; ".join(words) or "it left no message; may an --import exit?"
            raise EnvironmentLacksError(f"the process that loads the compilers died: {said}") from None
        if isinstance(reply, NotReady):
            kind = InvalidInputError if reply.exit_code == 2 else EnvironmentLacksError
            (self.scratch / "fork_server.traceback").write_text(reply.detail)
            raise kind(reply.reason)
        assert isinstance(reply, Ready)
        return reply

    def hire(self) -> Worker:
        """Fork a new worker, after starting the fork server anew if that has died.

        Raises:
            EnvironmentLacksError: it died twice in a row.
        """
        for _ in range(HIRE_ATTEMPTS):
            try:
                return self._fork()
            except (EOFError, ConnectionError):
                self._restart()
        raise EnvironmentLacksError("the process that loads the compilers dies whenever it is to start a worker")

    def _fork(self) -> Worker:
        assert self._control is not None
        self._hired += 1
        scratch = self.scratch / f"worker-{self._hired}"
        scratch.mkdir()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                send(self._control, Fork(str(scratch), str(_stderr(scratch))), (theirs.fileno(),))
            while True:
                reply = receive_reply(self._control)
                if isinstance(reply, Forked):
                    break
                self._exited(reply)
        except (EOFError, ConnectionError):
            ours.close()
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        worker = Worker(reply.pid, Connection(ours.detach()), scratch, since=time.monotonic())
        self.workers[worker.pid] = worker
        return worker

    def give(self, worker: Worker, order: Order) -> None:
        """Send an order to an idle worker. If it is dead, its death is the next event."""
        worker.order = order
        worker.announced = Announced(order.cases, order.origins) if isinstance(order, RunBatch) else None
        worker.verdicts = {}
        worker.position, worker.stage, worker.since = -1, "generate", time.monotonic()
        try:
            worker.connection.send_bytes(messages.encode(order))
        except OSError:
            return

    def dismiss(self, worker: Worker) -> None:
        """Let a worker go, whatever it is doing."""
        self.workers.pop(worker.pid, None)
        worker.connection.close()
        kill_group(worker.pid)
        self._leaving[worker.pid] = worker
        if worker.pid in self._statuses:
            self._gone(worker.pid)

    def events(self, seconds: float) -> Iterator[Heard | Death]:
        """What happens within some seconds: messages, then deaths. Enforces the limits while it waits."""
        assert self._control is not None
        by_connection = {worker.connection: worker for worker in self.workers.values()}
        ready = wait([*by_connection, self._control], seconds)
        for item in ready:
            if isinstance(item, Connection):
                yield from self._hear(by_connection[item])
        if self._control in ready:
            self._hear_server()
        self._enforce()
        yield from self._deaths()

    def close(self) -> None:
        """Kill everything that is left."""
        for worker in list(self.workers.values()):
            self.dismiss(worker)
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            kill_group(self._server.pid)
            self._server.wait()

    def _hear(self, worker: Worker) -> Iterator[Heard]:
        try:
            while worker.connection.poll():
                message = messages.messages.decode(worker.connection.recv_bytes())
                worker.since = time.monotonic()
                if isinstance(message, Started):
                    worker.position, worker.stage = message.position, message.stage
                elif isinstance(message, Announced):
                    worker.announced = message
                yield Heard(worker, message)
        except (EOFError, OSError):
            # It is dying; the fork server will say how.
            worker.connection.close()
            self.workers.pop(worker.pid, None)
            self._dying[worker.pid] = worker

    def _hear_server(self) -> None:
        assert self._control is not None
        try:
            reply = receive_reply(self._control)
        except (EOFError, ConnectionError):
            self._restart()
            return
        self._exited(reply)

    def _restart(self) -> None:
        """The fork server died, and its workers with it: start another; what they were doing counts as killed."""
        assert self._control is not None
        assert self._server is not None
        for worker in self.workers.values():
            worker.connection.close()
        self._dying |= self.workers
        self.workers.clear()
        for pid in self._dying:
            self._statuses.setdefault(pid, signal.SIGKILL)
        for pid in list(self._leaving):
            self._statuses[pid] = signal.SIGKILL
            self._gone(pid)
        self._control.close()
        self._server.wait()
        self.start()

    def _exited(self, reply: Reply) -> None:
        if isinstance(reply, Exited):
            self._statuses[reply.pid] = reply.status
            if reply.pid in self._leaving:
                self._gone(reply.pid)

    def _gone(self, pid: int) -> None:
        """A worker that was let go has ended."""
        del self._statuses[pid]
        shutil.rmtree(self._leaving.pop(pid).scratch, ignore_errors=True)

    def _deaths(self) -> Iterator[Death]:
        for pid, worker in list(self._dying.items()):
            status = self._statuses.pop(pid, None)
            if status is None:
                continue
            del self._dying[pid]
            kill_group(pid)
            yield _death(worker, status)

    def _enforce(self) -> None:
        now = time.monotonic()
        look = now - self._polled > MEMORY_POLL_SECONDS
        if look:
            self._polled = now
        for worker in list(self.workers.values()):
            if worker.order is None or worker.killed:
                continue
            if now - worker.since > self._limit(worker):
                worker.killed = "hang"
                _stop(worker.pid)
            elif look and not isinstance(worker.order, TriageAlarm):
                worker.rss = tree_rss(worker.pid)
                if worker.rss > self.memory_limit:
                    worker.killed = "memory"
                    kill_group(worker.pid)

    def _limit(self, worker: Worker) -> float:
        if isinstance(worker.order, TriageAlarm):
            order = worker.order
            return order.seconds + TRIAGE_GRACE_SECONDS + TRIAGE_GRACE_RUNS * order.time_limit
        return self.time_limit * (2 if worker.position < 0 else 1)


def _stderr(scratch: Path) -> Path:
    return scratch / "stderr"


def _death(worker: Worker, status: int) -> Death:
    try:
        detail = worker.stderr.read_text(errors="replace")[-16384:]
    except OSError:
        detail = ""
    step_file = worker.scratch / STEP_FILE
    step = Mark(step_file).read() if step_file.exists() else ""
    shutil.rmtree(worker.scratch, ignore_errors=True)
    if worker.killed:
        return Death(worker, worker.killed, 0, detail, step)
    if os.WIFSIGNALED(status):
        return Death(worker, "signal", os.WTERMSIG(status), detail, step)
    return Death(worker, "exit", 0, detail, step)


def _stop(pid: int) -> None:
    """Ask for the stack, which faulthandler writes on SIGABRT, and then make sure."""
    try:
        os.kill(pid, signal.SIGABRT)
    except ProcessLookupError:
        return
    time.sleep(0.2)
    kill_group(pid)
