"""Picture files of every kind, made byte by byte where Pillow cannot write them; and refusals."""

import io
import re
import struct
import zlib
from functools import cache

import pytest
import torch
from PIL import Image

from diffusion.teaching.images import load_image

LOSSLESS = {"WEBP": {"lossless": True, "exact": True}, "TIFF": {"compression": "tiff_lzw"}}


def encode(picture: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **LOSSLESS.get(format, {}) | options)
    return file.getvalue()


def grey(rows: list[list[float]], mode: str, code: str) -> Image.Image:
    """A greyscale picture of any depth, from its numbers and their `struct` code."""
    numbers = [number for row in rows for number in row]
    data = struct.pack(f"{code[:-1]}{len(numbers)}{code[-1]}", *numbers)
    return Image.frombytes(mode, (len(rows[0]), len(rows)), data)


def noise(mode: str, width: int = 24, height: int = 24) -> Image.Image:
    """A picture whose every part differs from every other, so that nothing can hide."""
    pixels = torch.randint(256, (height, width, 3), generator=torch.Generator().manual_seed(0))
    return Image.frombytes("RGB", (width, height), bytes(pixels.flatten().tolist())).convert(mode)


def quarters(mode: str = "RGB") -> Image.Image:
    """Red and blue above, green and white below."""
    picture = Image.new("RGB", (64, 64))
    colours = [("red", 0, 0), ("blue", 32, 0), ("lime", 0, 32), ("white", 32, 32)]
    for colour, left, top in colours:
        picture.paste(colour, (left, top, left + 32, top + 32))
    return picture.convert(mode)


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


# Formats by hand


@cache
def deflated(size: int, byte: bytes = b"\x55") -> bytes:
    """So many equal bytes, in a thousandth of them."""
    packer, block = zlib.compressobj(1), byte * 2**20
    parts = [packer.compress(block[: size - start]) for start in range(0, size, 2**20)]
    return b"".join(parts) + packer.flush()


def chunk(name: bytes, data: bytes = b"") -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def png(width: int, height: int, depth: int, kind: int, pixels: bytes, *chunks: bytes) -> bytes:
    """`kind`: 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_rows(*rows: bytes) -> bytes:
    return zlib.compress(b"".join(b"\0" + row for row in rows))


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def bmp(width, height, bits, compression, data, palette=b"", colours=0) -> bytes:
    start = 54 + len(palette)
    head = struct.pack("<IHHI", start + len(data), 0, 0, start)
    about = (40, width, height, 1, bits, compression, len(data), 0, 0, colours, 0)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", *about) + palette + data


def gif(width: int, height: int, *blocks: bytes) -> bytes:
    """Its palette holds the 256 greys, in order."""
    greys = bytes(level for level in range(256) for _ in range(3))
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0)
    return head + greys + b"".join(blocks) + b";"


def gif_frame(left: int, top: int, width: int, height: int, pixels: bytes) -> bytes:
    """Pixels below 128 as codes of 8 bits, with the table cleared before it outgrows them."""
    codes = b"".join(b"\x80" + pixels[start : start + 100] for start in range(0, len(pixels), 100))
    codes += b"\x81"
    parts = [codes[start : start + 255] for start in range(0, len(codes), 255)]
    data = b"\7" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + data


def riff_with(webp: bytes, name: bytes, data: bytes) -> bytes:
    """A WebP and one more chunk, at its end."""
    body = webp[8:] + name + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


# The tags of TIFF 6.0 that are used here, and the types of their values.
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STARTS = 256, 257, 258, 259, 262, 273
ORIENTATION, SAMPLES, ROWS, LENGTHS, X_RESOLUTION, PLANAR = 274, 277, 278, 279, 282, 284
COLOURS, TILE_WIDTH, TILE_HEIGHT, TILE_STARTS, TILE_LENGTHS = 320, 322, 323, 324, 325
EXTRA, FORMAT, SUBSAMPLING = 338, 339, 530
BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}


def tags_at(start: int, tags: dict[int, tuple[int, bytes]], order: str) -> bytes:
    """The directory of a TIFF or an Exif that begins at `start`, then its longer values."""
    entries, values = b"", b""
    for tag, (kind, data) in sorted(tags.items()):
        entries += struct.pack(order + "HHI", tag, kind, len(data) // SIZES[kind])
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", start + 2 + 12 * len(tags) + 4 + len(values))
            values += data
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + values


def exif(tags: dict[int, tuple[int, bytes]], order: str = "<") -> bytes:
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    return b"Exif\0\0" + head + tags_at(8, tags, order)


def tiff(width, height, bits, photometric, *parts: bytes, order="<", tags=()) -> bytes:
    """`parts`: the strips, from top to bottom; or the tiles, if `tags` say how large they are."""
    tags = dict(tags)
    starts = [8 + sum(map(len, parts[:before])) for before in range(len(parts))]
    where = (TILE_STARTS, TILE_LENGTHS) if TILE_WIDTH in tags else (STARTS, LENGTHS)
    usual = {WIDTH: [width], HEIGHT: [height], BITS: bits, COMPRESSION: [1], ROWS: [height]}
    usual |= {PHOTOMETRIC: [photometric], SAMPLES: [len(bits)]}
    usual |= {where[0]: starts, where[1]: list(map(len, parts))}
    packed = {}
    for tag, values in (usual | tags).items():
        kind, code = (LONG, "I") if max(values) > 65535 else (SHORT, "H")
        packed[tag] = kind, struct.pack(f"{order}{len(values)}{code}", *values)
    start = 8 + sum(map(len, parts))
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    return head + b"".join(parts) + tags_at(start, packed, order)
