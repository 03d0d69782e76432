"""What goes wrong with a campaign directory."""

from __future__ import annotations

from tensorsmith.ir.errors import TensorsmithError


class StoreError(TensorsmithError):
    """A campaign cannot be read or written: a full disk, a read-only file, another engine at work."""
