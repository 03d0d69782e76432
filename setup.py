"""The one part that is compiled; all else is in pyproject.toml.

It is optional: without a C compiler tensorsmith installs, and native coverage is off. It is loaded through ctypes, so
it needs no headers of Python, and one wheel serves all its versions.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "tensorsmith.fuzz.coverage.native._breakpoints",
            sources=["fuzz/coverage/native/breakpoints.c"],
            optional=True,
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
