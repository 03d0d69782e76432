"""A model with parameters that weighs the frames of a signal in place.

tensorsmith reduce docs/examples/frames.py:model --target aot_eager --out reduced
"""

import torch


class Frames(torch.nn.Module):
    """Encodes and decodes the frames of a signal."""

    def __init__(self, size: int, hidden: int):
        super().__init__()
        self.size = size
        self.window = torch.nn.Parameter(torch.hann_window(size) + 0.1)
        self.norm = torch.nn.BatchNorm1d(size)
        self.encode = torch.nn.Linear(size, hidden)
        self.decode = torch.nn.Linear(hidden, size)

    def forward(self, signal):
        weighed = signal.clone()
        frames = weighed.unfold(0, self.size, self.size)
        frames.mul_(self.window)
        code = torch.relu(self.encode(self.norm(frames)))
        return weighed, self.decode(code)


torch.manual_seed(0)
model = Frames(8, 16).eval()


def example_inputs():
    """A signal of 50 samples."""
    return (torch.randn(50),)
