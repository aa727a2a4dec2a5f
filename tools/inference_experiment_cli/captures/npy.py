"""Arrays in NumPy's .npy format, read without NumPy: a pickled array is data of others and is never unpickled."""

import ast
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAGIC: Final = b"\x93NUMPY"
# kind and size of an element -> code of the struct module
KINDS: Final = ("b1", "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
CODES: Final = dict(zip(KINDS, "?efdbhiqBHIQ", strict=True))
BYTES_PER_CHARACTER: Final = 4  # of NumPy's fixed-width text, which is UTF-32


@dataclass(frozen=True)
class Array:
    """The shape of an array and its elements in C order."""

    shape: tuple[int, ...]
    elements: Sequence[Any]

    def nested(self) -> Any:  # noqa: ANN401 - as deep as the shape
        """Return the elements as nested lists; a bare value for an array without dimensions."""
        values: list[Any] = list(self.elements)
        if not self.shape:
            return values[0]
        for width in reversed(self.shape[1:]):
            values = [values[at : at + width] for at in range(0, len(values), width)] if width else []
        return values


def header(content: bytes) -> tuple[dict[str, Any], int]:
    """Return the header of an array and where its data begin. Raises ValueError."""
    width, form = (2, "<H") if content[6:7] == b"\x01" else (4, "<I")
    begin = 8 + width
    try:
        (length,) = struct.unpack(form, content[8:begin])
        found = ast.literal_eval(content[begin : begin + length].decode("latin-1").strip())
    except (struct.error, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("the header of the array is broken") from error
    if isinstance(found, dict) and isinstance(found.get("shape"), tuple):
        return found, begin + length
    raise ValueError("the header of the array is broken")


def read(content: bytes) -> Array:
    """Return an array of numbers, booleans or text. Raises ValueError for any other, and for a broken one."""
    described, begin = header(content)
    shape, kind = described["shape"], str(described.get("descr"))
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        raise ValueError("the shape of the array is broken")
    count = math.prod(shape)
    elements = _elements(content[begin:], kind[:1], kind[1:], count)
    if described.get("fortran_order") and len(shape) > 1:
        elements = _c_order(elements, shape)
    return Array(shape, elements)


def _elements(data: bytes, order: str, kind: str, count: int) -> Sequence[Any]:
    order = "<" if order == "|" else order
    if order not in {"<", ">", "="}:
        raise ValueError("the type of the array is not supported")
    if kind in CODES:
        form = f"{order}{count}{CODES[kind]}"
        size = struct.calcsize(form)
    elif kind[:1] in {"U", "S"} and kind[1:].isdecimal():
        width = int(kind[1:]) * (BYTES_PER_CHARACTER if kind[0] == "U" else 1)
        form, size = "", width * count
    else:
        raise ValueError("the type of the array is not supported")
    if len(data) < size:
        raise ValueError("the array is cut off")
    if form:
        return struct.unpack(form, data[:size])
    encoding = "utf-8" if kind[0] == "S" else "utf-32-be" if order == ">" else "utf-32-le"
    return [data[at : at + width].decode(encoding).rstrip("\0") for at in range(0, size, width)] if width else []


def _c_order(elements: Sequence[Any], shape: tuple[int, ...]) -> list[Any]:
    strides = [math.prod(shape[:axis]) for axis in range(len(shape))]
    ordered = []
    for number in range(len(elements)):
        rest, at = number, 0
        for axis in range(len(shape) - 1, -1, -1):
            rest, index = divmod(rest, shape[axis])
            at += index * strides[axis]
        ordered.append(elements[at])
    return ordered
