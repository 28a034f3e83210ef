"""Every mode and depth that Pillow knows: the right colours, or a sentence that says no.

Some files are written by Pillow. Most are put together byte by byte from the definitions of the
formats, so that the answer does not depend on Pillow reading what Pillow wrote.
"""

import itertools
import struct
import zlib

import pytest
import torch
from pictures import (
    COLOURS,
    COMPRESSION,
    EXTRA,
    FORMAT,
    PLANAR,
    ROWS,
    SUBSAMPLING,
    TILE_HEIGHT,
    TILE_WIDTH,
    bmp,
    chunk,
    encode,
    gif,
    gif_frame,
    noise,
    png,
    png_rows,
    quarters,
    refusal,
    tiff,
)
from PIL import features

from diffusion.teaching.images import load_image, to_uint8

pytestmark = pytest.mark.filterwarnings("error")

FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"] + ["AVIF"] * features.check("avif")
BEST = {"JPEG": {"quality": 95}, "AVIF": {"quality": 95}}
MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"]


def written() -> list:
    """All pairs of a mode and a format that Pillow can write."""
    cases = []
    for mode, format in itertools.product(MODES, FORMATS):
        picture = quarters("L").convert(mode) if mode == "PA" else quarters(mode)
        try:
            data = encode(picture, format, **BEST.get(format, {}))
            cases.append(pytest.param(picture, data, id=f"{mode}-{format}"))
        except (OSError, ValueError):
            continue  # "cannot write mode HSV as PNG"
    return cases


@pytest.mark.parametrize("picture, data", written())
def test_what_pillow_writes_in_8_bits_comes_back(picture, data):
    expected = torch.tensor(list(picture.convert("RGB").tobytes())).view(64, 64, 3)
    centres = slice(8, None, 16)  # JPEG and AVIF blur the edges
    found = to_uint8(load_image(data, 64)).permute(1, 2, 0)
    error = (found[centres, centres].int() - expected[centres, centres]).abs().max()
    lossless = not data.startswith(b"\xff\xd8") and data[4:8] != b"ftyp"
    assert error <= (1 if lossless else 8)


def test_pillow_writes_every_mode_in_some_format():
    ids = [case.id for case in written()]
    assert {name.rpartition("-")[0] for name in ids} == set(MODES)
    assert {name.rpartition("-")[2] for name in ids} == set(FORMATS)


# A case: its name, the file, its colours from left to right (a number is a grey), and, where Pillow
# does not round, how far off a value may be. All rows are alike.


def u8(*values: int) -> bytes:
    return bytes(values)


def u16(*values: int, order: str = ">") -> bytes:
    return struct.pack(f"{order}{len(values)}H", *values)


def png_case(depth, kind, row: bytes, width: int, *chunks: bytes) -> bytes:
    return png(width, width, depth, kind, png_rows(*[row] * width), *chunks)


PALETTE = chunk(b"PLTE", u8(10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3))
FOUR = [(10, 20, 30), (40, 50, 60), (70, 80, 90), (1, 2, 3)]


def interlaced() -> bytes:
    """The greys 0 … 63, eight in a row, in the seven passes of Adam7."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    rows = [
        u8(*(8 * y + x for x in range(left, 8, right)))
        for left, top, right, down in [*passes, (0, 1, 1, 2)]
        for y in range(top, 8, down)
    ]
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", png_rows(*rows)) + chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_an_interlaced_png_is_put_in_order():
    assert to_uint8(load_image(interlaced(), 8))[0].flatten().tolist() == list(range(64))


PNGS = [
    ("1 bit", png_case(1, 0, u8(0b00001111), 8), [0] * 4 + [255] * 4),
    ("2 bits", png_case(2, 0, u8(0b00011011), 4), [0, 85, 170, 255]),
    ("4 bits", png_case(4, 0, u8(0x5A), 2), [85, 170]),
    (
        "2 bits, black clear",
        png_case(2, 0, u8(0x1B), 4, chunk(b"tRNS", u16(0))),
        [255, 85, 170, 255],
    ),
    ("8 bits", png_case(8, 0, u8(5, 6), 2), [5, 6]),
    ("16 bits", png_case(16, 0, u16(257 * 5 + 128, 257 * 6 - 128), 2), [5, 6]),
    ("grey, alpha", png_case(8, 4, u8(0, 100), 1), [155]),
    ("grey, alpha, 16 bits", png_case(16, 4, u16(0, 25700), 1), [155]),
    ("palette of 1 bit", png_case(1, 3, u8(0b01010101), 8, PALETTE), FOUR[:2] * 4),
    ("palette of 2 bits", png_case(2, 3, u8(0b00011011), 4, PALETTE), FOUR),
    ("palette of 4 bits", png_case(4, 3, u8(0x13), 2, PALETTE), [FOUR[1], FOUR[3]]),
    ("palette of 8 bits", png_case(8, 3, u8(1, 2), 2, PALETTE), FOUR[1:3]),
    ("clear colour", png_case(8, 2, u8(1, 2, 3), 1, chunk(b"tRNS", u16(1, 2, 3))), [255]),
    ("colour of 16 bits", png_case(16, 2, u16(257, 514, 771 + 200), 1), [(1, 2, 4)], 1),
    ("alpha of 16 bits", png_case(16, 6, u16(0, 0, 0, 25700), 1), [155]),
]

BMP_PALETTE = u8(30, 20, 10, 0, 60, 50, 40, 0, 90, 80, 70, 0, 3, 2, 1, 0).ljust(64, b"\0")
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
RGB_565, RGB_555 = struct.pack("<3I", 0xF800, 0x7E0, 0x1F), struct.pack("<3I", 0x7C00, 0x3E0, 0x1F)
BMPS = [
    ("1 bit", bmp(2, 2, 1, 0, u8(0x40, 0, 0, 0) * 2, BMP_PALETTE[:8]), FOUR[:2]),
    ("4 bits", bmp(2, 2, 4, 0, u8(0x13, 0, 0, 0) * 2, BMP_PALETTE), [FOUR[1], FOUR[3]]),
    ("8 bits", bmp(2, 2, 8, 0, u8(1, 2, 0, 0) * 2, BMP_PALETTE[:16], 4), FOUR[1:3]),
    ("15 bits", bmp(2, 2, 16, 0, u16(0x7C00, 0x03E0, order="<") * 2), [RED, GREEN]),
    ("15 bits, said", bmp(2, 2, 16, 3, u16(0x7C00, 0x1F, order="<") * 2, RGB_555), [RED, BLUE]),
    ("16 bits", bmp(2, 2, 16, 3, u16(0xF800, 0x1F, order="<") * 2, RGB_565), [RED, BLUE]),
    ("24 bits", bmp(1, 1, 24, 0, u8(3, 2, 1, 0)), [(1, 2, 3)]),
    ("32 bits", bmp(1, 1, 32, 0, u8(3, 2, 1, 99)), [(1, 2, 3)]),
    (
        "runs of 8 bits",
        bmp(4, 4, 8, 1, u8(2, 1, 2, 2, 0, 0) * 4 + u8(0, 1), BMP_PALETTE[:16], 4),
        [FOUR[1]] * 2 + [FOUR[2]] * 2,
    ),
    (
        "no runs of 8 bits",
        bmp(4, 4, 8, 1, u8(0, 4, 0, 1, 2, 3, 0, 0) * 4 + u8(0, 1), BMP_PALETTE[:16], 4),
        FOUR,
    ),
    (
        "runs of 4 bits",
        bmp(4, 4, 4, 2, u8(4, 0x12, 0, 0) * 4 + u8(0, 1), BMP_PALETTE),
        FOUR[1:3] * 2,
    ),
]


def test_a_bmp_may_run_from_bottom_to_top_or_down():
    rows = u8(1, 1, 1, 2, 2, 2, 0, 0) + u8(3, 3, 3, 4, 4, 4, 0, 0)
    assert to_uint8(load_image(bmp(2, 2, 24, 0, rows), 2))[0].tolist() == [[3, 4], [1, 2]]
    assert to_uint8(load_image(bmp(2, -2, 24, 0, rows), 2))[0].tolist() == [[1, 2], [3, 4]]


# What TIFF says in tags: how each sample is to be read.
SIGNED, FLOAT, PREMULTIPLIED, ALPHA, UNUSED = [2], [3], [1], [2], [0]
WHITE_IS_0, BLACK_IS_0, RGB, INDEXED, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
MAP = {COLOURS: [257 * ((7 * i) % 256) for i in range(768)]}
FIFTH = (35, 1827 % 256, 3619 % 256)


def tiffs(order: str, deflate: bool) -> list:
    def one(width, bits, photometric, row: bytes, tags=()) -> bytes:
        strip = zlib.compress(row * width) if deflate else row * width
        tags = {COMPRESSION: [8 if deflate else 1], **dict(tags)}
        return tiff(width, width, bits, photometric, strip, order=order, tags=tags)

    def pack(code: str, *values) -> bytes:
        return struct.pack(f"{order}{len(values)}{code}", *values)

    cases = [
        ("1 bit", one(8, [1], BLACK_IS_0, u8(0b00001111)), [0] * 4 + [255] * 4),
        ("1 bit, white is 0", one(8, [1], WHITE_IS_0, u8(0b00001111)), [255] * 4 + [0] * 4),
        ("2 bits", one(4, [2], BLACK_IS_0, u8(0b00011011)), [0, 85, 170, 255]),
        ("4 bits", one(2, [4], BLACK_IS_0, u8(0x5A)), [85, 170]),
        ("4 bits, white is 0", one(2, [4], WHITE_IS_0, u8(0x5A)), [170, 85]),
        ("8 bits, white is 0", one(2, [8], WHITE_IS_0, u8(10, 20)), [245, 235]),
        ("16 bits", one(2, [16], BLACK_IS_0, pack("H", 2570, 5140)), [10, 20]),
        ("grey, alpha", one(1, [8] * 2, BLACK_IS_0, u8(0, 100), {EXTRA: ALPHA}), [155]),
        ("colour", one(1, [8] * 3, RGB, u8(1, 2, 3)), [(1, 2, 3)]),
        ("colour, unused", one(1, [8] * 4, RGB, u8(1, 2, 3, 9), {EXTRA: UNUSED}), [(1, 2, 3)]),
        ("alpha", one(1, [8] * 4, RGB, u8(0, 0, 0, 100), {EXTRA: ALPHA}), [155]),
        (
            "premultiplied",
            one(1, [8] * 4, RGB, u8(50, 50, 50, 100), {EXTRA: PREMULTIPLIED}),
            [205],
            1,
        ),
        ("colour of 16 bits", one(1, [16] * 3, RGB, pack("H", 257, 514, 971)), [(1, 2, 4)], 1),
        (
            "alpha of 16 bits",
            one(1, [16] * 4, RGB, pack("H", 0, 0, 0, 25700), {EXTRA: ALPHA}),
            [155],
        ),
        ("palette", one(1, [8], INDEXED, u8(5), MAP), [FIFTH]),
        ("palette, alpha", one(1, [8] * 2, INDEXED, u8(5, 0), MAP | {EXTRA: ALPHA}), [255]),
        ("ink", one(1, [8] * 4, CMYK, u8(255, 0, 0, 0)), [(0, 255, 255)]),
        ("ink of 16 bits", one(1, [16] * 4, CMYK, pack("H", 65535, 0, 0, 0)), [(0, 255, 255)]),
        ("lightness", one(1, [8] * 3, LAB, u8(138, 81, 70)), [RED], 6),
    ]
    if deflate:  # Pillow 11 misreads it as it is
        tags = {SUBSAMPLING: [1, 1]}
        cases.append(("luma", one(1, [8] * 3, YCBCR, u8(76, 85, 255), tags), [RED], 2))
    if order == "<" or not deflate:
        cases += [
            (
                "16 bits, signed",
                one(2, [16], BLACK_IS_0, pack("h", -9, 9), {FORMAT: SIGNED}),
                [0, 255],
            ),
            (
                "32 bits, signed",
                one(2, [32], BLACK_IS_0, pack("i", -9, 9), {FORMAT: SIGNED}),
                [0, 255],
            ),
            ("floats", one(2, [32], BLACK_IS_0, pack("f", -1, 1), {FORMAT: FLOAT}), [0, 255]),
        ]
    if order == "<":
        cases.append(("32 bits", one(2, [32], BLACK_IS_0, pack("I", 1, 256)), [0, 255]))
    how = f"{'little' if order == '<' else 'big'}-endian, {'deflated' if deflate else 'plain'}"
    return [(f"{name}, {how}", *rest) for name, *rest in cases]


CASES = {"PNG": PNGS, "BMP": BMPS}
CASES["TIFF"] = [case for order in "<>" for deflate in (0, 1) for case in tiffs(order, deflate)]


@pytest.mark.parametrize(
    "data, colours, tolerance",
    [
        pytest.param(data, colours, sum(tolerance), id=f"{format}, {name}")
        for format in CASES
        for name, data, colours, *tolerance in CASES[format]
    ],
)
def test_each_depth_and_kind_of_pixel_has_its_colours(data, colours, tolerance):
    colours = [(each,) * 3 if isinstance(each, int) else each for each in colours]
    expected = torch.tensor([colours] * len(colours)).permute(2, 0, 1)
    error = (to_uint8(load_image(data, len(colours))) - expected).abs().max()
    assert error <= tolerance


SAMPLES = noise("RGB", 20, 20).tobytes()
SCENE = torch.tensor(list(SAMPLES)).view(20, 20, 3)


def tile(left: int, top: int) -> bytes:
    whole = torch.zeros(32, 32, 3, dtype=torch.uint8)
    whole[:20, :20] = SCENE
    return bytes(whole[top : top + 16, left : left + 16].flatten().tolist())


TILES = [tile(0, 0), tile(16, 0), tile(0, 16), tile(16, 16)]
STRIPS = [SAMPLES[start : start + 7 * 60] for start in (0, 420, 840)]
PLANES = [SAMPLES[colour::3] for colour in range(3)]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize(
    "parts, tags",
    [
        (STRIPS, {ROWS: [7]}),
        (TILES, {TILE_WIDTH: [16], TILE_HEIGHT: [16]}),
        (PLANES, {PLANAR: [2]}),
    ],
    ids=["strips", "tiles", "planes"],
)
def test_the_parts_of_a_tiff_are_put_together(parts, tags, deflate, order):
    if deflate:
        parts, tags = [zlib.compress(part) for part in parts], {COMPRESSION: [8], **tags}
    data = tiff(20, 20, [8] * 3, RGB, *parts, order=order, tags=tags)
    assert torch.equal(to_uint8(load_image(data, 20)).permute(1, 2, 0), SCENE.byte())


def test_what_the_first_frame_of_a_gif_leaves_free_is_white_if_it_is_said_to_be_clear():
    frame = gif_frame(2, 0, 2, 4, bytes([9] * 8))
    control = b"!\xf9\4" + struct.pack("<BHB", 1, 0, 3) + b"\0"  # colour 3 is clear
    x = to_uint8(load_image(gif(4, 4, control, frame), 4))
    assert x[0].tolist() == [[255, 255, 9, 9]] * 4


# What Pillow 13 shows with other values than it stands for, without a word


def deep(bits: int, code: str, *values, order="<", photometric=BLACK_IS_0, tags=()) -> bytes:
    row = struct.pack(f"{order}{len(values)}{code}", *values)
    strip = row * len(values)
    tags = dict(tags)
    if tags.get(COMPRESSION) == [8]:
        strip = zlib.compress(strip)
    width = len(values)
    return tiff(width, width, [bits], photometric, strip, order=order, tags=tags)


APART = {PLANAR: [2]}
MISREAD = [
    ("clear grey of 2 bits", png_case(2, 0, u8(0x1B), 4, chunk(b"tRNS", u16(1)))),
    ("clear grey of 4 bits", png_case(4, 0, u8(0x5A), 2, chunk(b"tRNS", u16(5)))),
    ("clear colour of 16 bits", png_case(16, 2, u16(1, 2, 3), 1, chunk(b"tRNS", u16(1, 2, 3)))),
    ("frame smaller than its GIF", gif(4, 4, gif_frame(2, 0, 2, 4, bytes([9] * 8)))),
    ("12 bits", tiff(2, 2, [12], BLACK_IS_0, u8(0x50, 0x5A, 0x0A) * 2)),
    ("8 bits, signed", deep(8, "b", -128, 127, tags={FORMAT: SIGNED})),
    ("16 bits, white is 0", deep(16, "H", 2570, 5140, photometric=WHITE_IS_0)),
    ("floats, white is 0", deep(32, "f", 0, 1, photometric=WHITE_IS_0, tags={FORMAT: FLOAT})),
    ("32 bits, unsigned", deep(32, "I", 0, 2**31)),
    ("big-endian floats", deep(32, "f", 0, 1, order=">", tags={FORMAT: FLOAT, COMPRESSION: [8]})),
    ("big-endian", deep(32, "i", 0, 1, order=">", tags={FORMAT: SIGNED, COMPRESSION: [8]})),
    ("alpha apart", tiff(1, 1, [8] * 2, BLACK_IS_0, u8(1), u8(2), tags=APART | {EXTRA: ALPHA})),
    ("16 bits apart", tiff(1, 1, [16] * 3, RGB, u8(1, 1), u8(2, 2), u8(3, 3), tags=APART)),
    ("LAB apart", tiff(1, 1, [8] * 3, LAB, u8(138), u8(81), u8(70), tags=APART)),
]


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in MISREAD])
def test_what_would_come_out_wrong_is_refused(data):
    """Or, in another version of Pillow, what it does not know."""
    message = refusal(data)
    assert message.endswith("save it anew as PNG.") or "is not a picture" in message


UNKNOWN = [
    ("half floats", deep(16, "e", 0, 1, tags={FORMAT: FLOAT})),
    ("double floats", deep(64, "d", 0, 1, tags={FORMAT: FLOAT})),
    ("64 bits", deep(64, "Q", 0, 1)),
    (
        "colour of floats",
        tiff(1, 1, [32] * 3, RGB, struct.pack("<3f", 0, 0, 1), tags={FORMAT: FLOAT}),
    ),
    ("grey, premultiplied", tiff(1, 1, [8] * 2, BLACK_IS_0, u8(0, 9), tags={EXTRA: PREMULTIPLIED})),
    ("masks of no kind", bmp(1, 1, 32, 3, u8(1, 2, 3, 4), struct.pack("<3I", 7, 56, 448))),
]


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in UNKNOWN])
def test_what_pillow_does_not_know_is_refused(data):
    refusal(data)
