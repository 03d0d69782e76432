"""A TIR program's encoding: it round-trips, it is canonical, and bad data is one line that names the field."""

import msgspec
import pytest

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir import TirBuffer, TirProgram, TirScalar, decode, encode, integer_range

PROGRAM = TirProgram(
    '{"root": 1}',
    (TirBuffer("A", "int8", (2, 3), -8, 8), TirBuffer("B", "float16", ())),
    (TirScalar("n", "int32"),),
    "x",
)


def changed(**fields: object) -> bytes:
    """The encoding of PROGRAM with fields replaced."""
    data = msgspec.json.decode(encode(PROGRAM))
    return msgspec.json.encode({**data, **fields})


def test_decoding_gives_back_what_was_encoded() -> None:
    again = decode(encode(PROGRAM))
    assert again == msgspec.structs.replace(PROGRAM, json='{"root":1}')
    assert encode(again) == encode(PROGRAM)


def test_white_space_in_the_json_does_not_change_the_encoding() -> None:
    assert encode(PROGRAM) == encode(msgspec.structs.replace(PROGRAM, json='{ "root" :\n1 }'))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "not a TIR program"),
        (changed(buffers=3), r"Expected `array`, got `int` - at `\$.buffers`"),
        (changed(format=99), "field `format`: this tensorsmith reads format 1, the file has 99"),
        (changed(format=99, buffers=3), "the file has 99"),
        (changed(json="{"), "field `json`: not JSON"),
        (changed(buffers=[{"name": "A", "dtype": "int7", "shape": [1]}]), "`A`: unknown dtype `int7`"),
        (changed(buffers=[{"name": "A", "dtype": "int8", "shape": [0]}]), r"`A`: shape \[0\] has a size below 1"),
        (changed(buffers=[{"name": "n", "dtype": "int8", "shape": [1]}]), "`n` is there twice"),
        (changed(buffers=[{"name": "1a", "dtype": "int8", "shape": [1]}]), "`1a` is not a name"),
        (changed(scalars=[{"name": "n", "dtype": "int8", "low": 5, "high": 4}]), r"\[5, 4\] is no range of int8"),
        (changed(scalars=[{"name": "n", "dtype": "uint8", "low": -1}]), r"\[-1, 255\] is no range of uint8"),
        (changed(scalars=[{"name": "n", "dtype": "float32", "low": 0}]), "`low` and `high` are for integers"),
    ],
)
def test_bad_data_is_one_line_that_names_the_file(data: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        decode(data, "a.json")
    assert str(caught.value).startswith("a.json: ")
    assert "\n" not in str(caught.value)


def test_integer_ranges() -> None:
    assert integer_range("int8") == (-128, 127)
    assert integer_range("uint16") == (0, 65535)
    assert integer_range("bool") == (0, 1)
