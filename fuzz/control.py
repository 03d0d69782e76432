"""What engine and fork server say to each other, one message a datagram, with the descriptors that go along."""

from __future__ import annotations

import socket
from typing import TypeAlias, TypeVar

import msgspec

from tensorsmith.fuzz.coverage.watched import Watched
from tensorsmith.ir.testcase import Device

_LARGEST = 1 << 16

# In a worker's own directory: the step of a pipeline of TIR that it is at, as a `Mark`.
STEP_FILE = "step"


class Warm(msgspec.Struct, frozen=True, tag="warm"):
    """First order: import these modules, read these files of operators, then warm these targets.

    `observe` says whether what they do with tests is watched.
    """

    targets: tuple[str, ...]
    device: Device
    imports: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    observe: bool = False


class Fork(msgspec.Struct, frozen=True, tag="fork"):
    """Order: fork a worker that serves the connection sent along. Paths of its own directory and its standard error."""

    scratch: str
    stderr: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """All targets are warm, and these observers at work; the notice, if there is one, is for people."""

    notice: str = ""
    watched: tuple[Watched, ...] = ()

    @property
    def numbered(self) -> list[str]:
        """The observers whose features are numbers that have no names."""
        return [one.observer for one in self.watched if one.family]


class NotReady(msgspec.Struct, frozen=True, tag="not-ready"):
    """Warming failed; the exit code is what the command line should give."""

    reason: str
    exit_code: int
    detail: str


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """The worker that was asked for."""

    pid: int


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """A worker ended; `status` is that of `os.waitpid`."""

    pid: int
    status: int


Order: TypeAlias = Warm | Fork
Reply: TypeAlias = Ready | NotReady | Forked | Exited

_T = TypeVar("_T")

_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def send(control: socket.socket, message: Order | Reply, descriptors: tuple[int, ...] = ()) -> None:
    """Send a message, with copies of these open file descriptors."""
    socket.send_fds(control, [msgspec.json.encode(message)], list(descriptors))


def receive(control: socket.socket, kind: type[_T]) -> tuple[_T, list[int]]:
    """Receive an order of a type, and the descriptors that came along.

    Raises:
        EOFError: the other side is gone.
    """
    data, descriptors, _, _ = socket.recv_fds(control, _LARGEST, 1)
    if not data:
        raise EOFError("the other side closed the connection")
    return msgspec.json.decode(data, type=kind), descriptors


def receive_reply(control: socket.socket) -> Reply:
    """Receive what the fork server says.

    Raises:
        EOFError: it is gone.
    """
    data = control.recv(_LARGEST)
    if not data:
        raise EOFError("the fork server is gone")
    return _replies.decode(data)
