"""The fork server: one process that imports the compilers and warms them up, and then forks workers in milliseconds.

It runs as `python -m tensorsmith.fuzz.fork_server` and talks to the engine over a socket. It has one thread, so that
what it forks is sound. It reports how each worker ended, and ends with the engine, its workers with it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import select
import signal
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from tensorsmith.fuzz.control import Exited, Fork, Forked, NotReady, Ready, Reply, Warm, receive, send

REAP_SECONDS = 0.05


def import_plugin(name: str) -> None:
    """Import what registers a user's own backends, once: a module name, or the path of a Python file.

    Raises:
        ImportError: there is no such module or file.
    """
    if not name.endswith(".py"):
        importlib.import_module(name)
        return
    path = Path(name).resolve()
    if getattr(sys.modules.get(path.stem), "__file__", None) == str(path):
        return
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.exists():
        raise ImportError(f"{name}: no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise


def main() -> None:
    """Serve until the engine goes away. The one argument is the number of the inherited socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    control = socket.socket(fileno=int(sys.argv[1]))
    order, _ = receive(control, Warm)
    reply: Reply
    try:
        reply = _warm(order)
    except Exception as error:
        reply = NotReady(str(error) or type(error).__name__, getattr(error, "exit_code", 3), traceback.format_exc())
    send(control, reply)
    if isinstance(reply, Ready):
        with contextlib.suppress(EOFError, ConnectionError):
            _serve(control)


def _warm(order: Warm) -> Ready:
    from tensorsmith.fuzz.coverage.builds import all_watched
    from tensorsmith.fuzz.coverage.native.watch import arm_libraries, armed_libraries
    from tensorsmith.fuzz.coverage.observers import start_observers, started_observers
    from tensorsmith.generators.in_use import entries_in_use, keep_disagreements, use_operators
    from tensorsmith.generators.operator_file import read_operators
    from tensorsmith.generators.table import table_notice
    from tensorsmith.targets.registry import graph_target, usable_target

    for name in order.imports:
        import_plugin(name)
    for path in order.operators:
        use_operators(read_operators(Path(path)))
    targets = [usable_target(name, order.device) for name in order.targets]
    graphs = [graph_target(target.name) for target in targets if target.programs == "graph"]
    if graphs and all(target.gives == "types" for target in graphs):
        keep_disagreements()
    for target in targets:
        # A compiler that fails on the smallest program can still be fuzzed: that is what its tests will say.
        with contextlib.suppress(Exception):
            target.warm()
    if order.observe:
        start_observers(targets)
    # What workers need, imported once for all of them.
    importlib.import_module("tensorsmith.fuzz.worker")
    if graphs:
        entries_in_use()
    notices = [table_notice() if graphs else ""]
    if order.observe:
        # Last, for what was executed until now is no test's doing.
        notices.append(arm_libraries(targets))
    notice = "; ".join(notice for notice in notices if notice)
    return Ready(notice, all_watched(started_observers(), armed_libraries(), targets))


def _serve(control: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([control], [], [], REAP_SECONDS)
        if ready:
            order, descriptors = receive(control, Fork)
            pid = os.fork()
            if pid == 0:
                _become_worker(control, descriptors[0], order)
            os.close(descriptors[0])
            send(control, Forked(pid))
        for pid, status in _ended():
            send(control, Exited(pid, status))


def _ended() -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found.append((pid, status))


def _become_worker(control: socket.socket, descriptor: int, order: Fork) -> None:
    from tensorsmith.fuzz import worker

    status = 1
    try:
        control.close()
        worker.main(Connection(descriptor), order.scratch, order.stderr)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
