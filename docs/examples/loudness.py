"""Features of a recording: a program that works, and gives other numbers when it is compiled.

tensorsmith reduce docs/examples/loudness.py:features --target aot_eager --out reduced
python docs/examples/loudness.py loudness.pt2
tensorsmith reduce loudness.pt2 --target aot_eager --out reduced
"""

import sys

import torch

FRAME = 8
CLIPPED_AT = 2.5


def example_inputs():
    """Two channels of 100 samples, and the gains of four bands."""
    g = torch.Generator().manual_seed(0)
    left = torch.randn(100, generator=g)
    right = 0.5 * left + torch.randn(100, generator=g)
    return left, right, torch.linspace(0.5, 1.5, 4)


def features(left, right, gains):
    """A summary in eight numbers, the weights of the bands, and the signal itself."""
    # One channel, without its mean, no louder than 1.
    mono = (left + right) * 0.5
    mono = mono - mono.mean()
    peak = mono.abs().max()
    mono = mono / peak.clamp(min=1e-6)

    # What was cut off when it was recorded.
    loudest = torch.maximum(left.abs(), right.abs())
    clipped = (loudest > CLIPPED_AT).float().mean()

    # How wide the stereo picture is.
    side = (left - right) * 0.5
    width = side.square().mean().sqrt() / mono.square().mean().sqrt()

    # Higher frequencies are raised by a filter of first order.
    ahead = mono[1:]
    behind = mono[:-1]
    raised = ahead - 0.95 * behind

    # Frames fade in and out; the rest at the end, which fills no frame, stays as it is.
    window = torch.hann_window(FRAME)
    faded = raised.clone()
    frames = faded.unfold(0, FRAME, FRAME)
    frames.mul_(window)

    # Energy by frame, and how evenly it is spread.
    energy = frames.square().sum(dim=1)
    total = energy.sum()
    share = energy / (total + 1e-6)
    entropy = -(share * (share + 1e-6).log()).sum()

    # How often the signal crosses zero.
    signs = torch.sign(raised)
    crossings = (signs[1:] * signs[:-1] < 0).float().mean()

    # Four bands: their energy in decibels, each with a gain of its own.
    spread = faded[:96].reshape(4, 24)
    power = spread.square().mean(dim=1)
    decibels = 10 * torch.log10(power + 1e-6)
    bands = decibels * gains
    balance = torch.softmax(bands, dim=0)
    tilt = (balance * torch.arange(4.0)).sum()

    # Where it begins: the first frame that is not quiet.
    quiet = energy.median() * 0.1
    begins = (energy > quiet).int().argmax()
    since = torch.arange(energy.shape[0]) - begins
    decay = torch.exp(-since.clamp(min=0) / 4.0)
    attack = (energy * decay).sum() / (total + 1e-6)

    # How like the next each frame is.
    norms = energy.sqrt() + 1e-6
    alike = (frames[1:] * frames[:-1]).sum(dim=1) / (norms[1:] * norms[:-1])

    # The loudest frame, beside the others.
    crest = energy.max() / (energy.mean() + 1e-6)
    summary = torch.stack([clipped, width, entropy, crossings, tilt, attack, alike.mean(), crest])
    return summary, balance, faded


class Model(torch.nn.Module):
    """The same, for torch.export, which takes modules only."""

    def forward(self, left, right, gains):
        return features(left, right, gains)


if __name__ == "__main__":
    torch.export.save(torch.export.export(Model(), example_inputs()), sys.argv[1])
