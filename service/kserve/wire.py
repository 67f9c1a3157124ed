"""How many fields a `ModelInferRequest` has, counted before it is parsed.

Protocol Buffers' encoding: a message is fields, each a tag, `number << 3 | wire type`, and a value.
Two bytes of an empty message inside become hundreds in memory, so 20 MB of them would be gigabytes.
"""

from service.errors import BodyTooLarge, MalformedBody

MAX_FIELDS = 128
MAX_TYPED_BYTES = 8 * 2**20
"""Of all but raw contents; Python's objects take twenty times their room."""

_RAW_INPUT_CONTENTS = 7
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


def check_fields(message: bytes) -> None:
    """Bound what parsing a message can cost.

    Raises:
        MalformedBody: it is no message, or has more fields than a request needs.
        BodyTooLarge: it has more than MAX_TYPED_BYTES beside its raw contents.
    """
    position = fields = typed = 0
    while position < len(message):
        start = position
        tag, position = _varint(message, position)
        position = _end_of_value(message, position, tag & 7)
        fields += 1
        if fields > MAX_FIELDS:
            raise MalformedBody(f"the message has more than {MAX_FIELDS} fields")
        if tag >> 3 != _RAW_INPUT_CONTENTS:
            typed += position - start
    if position != len(message):
        raise MalformedBody("the message is cut off")
    if typed > MAX_TYPED_BYTES:
        raise BodyTooLarge(
            f"{typed} bytes beside raw_input_contents, the limit is {MAX_TYPED_BYTES}; send tensors"
            " there"
        )


def _end_of_value(message: bytes, position: int, wire_type: int) -> int:
    if wire_type == _VARINT:
        return _varint(message, position)[1]
    if wire_type == _LENGTH:
        length, position = _varint(message, position)
        return position + length
    if wire_type == _EIGHT_BYTES:
        return position + 8
    if wire_type == _FOUR_BYTES:
        return position + 4
    raise MalformedBody("the message is no ModelInferRequest")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Value, and where the next thing starts."""
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if position + index >= len(message):
            raise MalformedBody("the message is cut off")
        byte = message[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise MalformedBody("the message is no ModelInferRequest")
