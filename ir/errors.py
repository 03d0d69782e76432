"""The errors that a user sees: one line that names the input and, where there is one, the remedy."""

from __future__ import annotations


class TensorsmithError(Exception):
    """Base of every error that is the user's to mend; the command line prints it as one line and exits with 2."""

    exit_code = 2


class InvalidInputError(TensorsmithError):
    """A file, an argument or a directory is not what it should be."""


class GraphError(TensorsmithError):
    """A graph does not type-check, or an edit would make it ill-formed."""


class EnvironmentLacksError(TensorsmithError):
    """This machine cannot do what was asked: no such target, no compiler, no device."""

    exit_code = 3
