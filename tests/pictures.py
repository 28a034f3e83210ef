"""Picture files, made by Pillow, or byte by byte where it cannot write them; and refusals."""

import io
import re
import struct
import zlib

import pytest
import torch
from PIL import Image

from diffusion.teaching.images import load_image

LOSSLESS = {"WEBP": {"lossless": True, "exact": True}}


def encode(picture: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **LOSSLESS.get(format, {}) | options)
    return file.getvalue()


def noise(mode: str, width: int = 24, height: int = 24) -> Image.Image:
    """A picture whose every part differs from every other, so that nothing can hide."""
    pixels = torch.randint(256, (height, width, 3), generator=torch.Generator().manual_seed(0))
    return Image.frombytes("RGB", (width, height), bytes(pixels.flatten().tolist())).convert(mode)


def refusal(source, kind=ValueError, load=load_image, **options) -> str:
    """The message of the one error that `load` must raise: a clean sentence, and no chain."""
    with pytest.raises(kind) as caught:
        load(source, **options)
    error, message = caught.value, str(caught.value)
    assert type(error) is kind
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    assert re.fullmatch(r"[^\n]{20,200}\.", message), message
    assert not re.search("PIL|BytesIO|0x|Error", message), message
    return message


def chunk(name: bytes, data: bytes = b"") -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def png(width: int, height: int, depth: int, kind: int, *rows: bytes, extra: bytes = b"") -> bytes:
    """`kind`: 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 1))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + chunk(b"IEND")


# Tags of Exif.
ORIENTATION, X_RESOLUTION = 274, 282


def exif(orientation: int, resolution: list[int]) -> bytes:
    """With a resolution of any length, in numbers of 32 bits."""
    tags = [2, ORIENTATION, 4, 1, orientation, X_RESOLUTION, 4, len(resolution), 38, 0]
    head = b"Exif\0\0II*\0" + struct.pack("<I H HHII HHII I", 8, *tags)
    return head + struct.pack(f"<{len(resolution)}I", *resolution)
