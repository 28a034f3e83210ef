"""Picture files, made by Pillow, or byte by byte where it cannot write them; and refusals."""

import io
import re
import struct
import zlib

import pytest
import torch
from PIL import Image

from diffusion.teaching.images import load_image

LOSSLESS = {"WEBP": {"lossless": True, "exact": True}, "TIFF": {"compression": "tiff_lzw"}}


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


# The tags of TIFF 6.0, and of Exif, that are used here.
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STARTS = 256, 257, 258, 259, 262, 273
ORIENTATION, SAMPLES, LENGTHS, X_RESOLUTION, PLANAR = 274, 277, 279, 282, 284
TILE_WIDTH, TILE_HEIGHT, TILE_STARTS, TILE_LENGTHS, EXTRA, FORMAT = 322, 323, 324, 325, 338, 339


def tiff(width, height, bits, photometric, data: bytes, order="<", tags=()) -> bytes:
    """`data`: one strip; or one tile, if `tags` say how large it is."""
    tags = dict(tags)
    usual = {WIDTH: [width], HEIGHT: [height], BITS: bits, SAMPLES: [len(bits)]}
    usual |= {COMPRESSION: [1], PHOTOMETRIC: [photometric]}
    start, length = (TILE_STARTS, TILE_LENGTHS) if TILE_WIDTH in tags else (STARTS, LENGTHS)
    usual |= {start: [8], length: [len(data)]}
    return _tagged(data, usual | tags, order)


def exif(tags: dict[int, list[int]]) -> bytes:
    return b"Exif\0\0" + _tagged(b"", tags, "<")


def _tagged(data: bytes, tags: dict[int, list[int]], order: str) -> bytes:
    """The head of a TIFF, data, and the directory of its tags, whose numbers all have 32 bits."""
    start = 8 + len(data)
    entries, lists = b"", b""
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            place = start + 2 + 12 * len(tags) + 4 + len(lists)
            packed, lists = struct.pack(order + "I", place), lists + packed
        entries += struct.pack(order + "HHI", tag, 4, len(numbers)) + packed
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    return head + data + struct.pack(order + "H", len(tags)) + entries + bytes(4) + lists
