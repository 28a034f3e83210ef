"""Pictures in, tensors out: every kind of file a student may bring, made here with Pillow."""

import datetime
import io
import re
import struct
from pathlib import Path

import pytest
import torch
from pictures import ORIENTATION, X_RESOLUTION, chunk, encode, noise, png, refusal
from PIL import Image, features

from diffusion.teaching.images import load_digits, load_image, shrink_png, to_uint8

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data"
PHOTOGRAPHS = sorted(set(DATA.glob("*.png")) - {DATA / "digits.png"})

# No warning may ever escape: each would be a second, unexplained message to a student.
pytestmark = pytest.mark.filterwarnings("error")

AVIF = ["AVIF"] * features.check("avif")  # none where Pillow lacks it


# What comes out


def test_the_result_is_a_plain_float32_tensor():
    x = load_image(DATA / "cat.png")
    assert x.shape == (3, 256, 256) and x.dtype == torch.float32
    assert x.is_contiguous() and not x.requires_grad


def test_every_pixel_value_is_divided_by_half_its_range():
    x = load_image(encode(Image.frombytes("L", (256, 256), bytes(range(256)) * 256), "PNG"))
    assert torch.equal(x, (torch.arange(256.0) / 127.5 - 1).expand(3, 256, 256))
    assert x.min() == -1 and x.max() == 1


MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA"],
    "JPEG": ["L", "RGB", "CMYK"],
    "GIF": ["L", "P", "RGB"],
    "WEBP": ["RGB", "RGBA"],
    "BMP": ["1", "L", "P", "RGB"],
} | {format: ["RGB", "RGBA"] for format in AVIF}


@pytest.mark.parametrize(
    "format, mode", [(format, mode) for format in MODES for mode in MODES[format]]
)
def test_colours_and_sides_come_out_right(format, mode):
    picture = Image.new("RGB", (64, 64))
    for colour, left, top in [("red", 0, 0), ("blue", 32, 0), ("lime", 0, 32), ("white", 32, 32)]:
        picture.paste(colour, (left, top, left + 32, top + 32))
    picture = picture.convert(mode)
    is_lossy = format in ("JPEG", "AVIF")
    options = {"quality": 95, "progressive": mode == "CMYK"} if is_lossy else {}
    x = load_image(encode(picture, format, **options), size=64)
    expected = torch.tensor(list(picture.convert("RGB").tobytes())).view(64, 64, 3)
    error = (to_uint8(x).permute(1, 2, 0) - expected)[8::16, 8::16].abs().max()
    assert error <= (8 if is_lossy else 1)


def one(mode: str, colour) -> Image.Image:
    return Image.new(mode, (1, 1), colour)


def u16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


WHITE = 255, 255, 255
PALETTE = chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", b"\xff\x64")
ONE_COLOUR = {
    "clear": (encode(one("RGBA", (255, 0, 0, 0)), "PNG"), WHITE),
    "opaque": (encode(one("RGBA", (255, 0, 0, 255)), "PNG"), (255, 0, 0)),
    "partly clear": (encode(one("RGBA", (0, 0, 0, 100)), "PNG"), (155, 155, 155)),
    "grey, partly clear": (encode(one("LA", (0, 100)), "PNG"), (155, 155, 155)),
    "WebP, clear": (encode(one("RGBA", (0, 200, 0, 0)), "WEBP"), WHITE),
    "clear colour": (encode(one("RGB", (1, 2, 3)), "PNG", transparency=(1, 2, 3)), WHITE),
    "clear grey": (encode(one("L", 9), "PNG", transparency=9), WHITE),
    "another clear grey": (encode(one("L", 9), "PNG", transparency=8), (9, 9, 9)),
    "clear black of 1 bit": (encode(one("1", 0), "PNG", transparency=0), WHITE),
    "clear in a palette": (encode(one("P", 0), "PNG", transparency=0), WHITE),
    "partly, of 4 bits": (png(1, 1, 4, 3, b"\x10", extra=PALETTE), (155, 155, 155)),
    "GIF, clear": (encode(one("P", 0), "GIF", transparency=0), WHITE),
    "grey of 2 bits": (png(1, 1, 2, 0, b"\x40"), (85, 85, 85)),
    "colour of 16 bits": (png(1, 1, 16, 2, u16(257, 514, 771)), (1, 2, 3)),
    "grey and alpha of 16 bits": (png(1, 1, 16, 4, u16(0, 25700)), (155, 155, 155)),
}


@pytest.mark.parametrize("data, expected", ONE_COLOUR.values(), ids=ONE_COLOUR)
def test_transparency_is_laid_on_white_and_each_depth_has_its_scale(data, expected):
    assert tuple(to_uint8(load_image(data, size=1)).flatten().tolist()) == expected


def test_greys_of_16_bits_are_scaled_from_their_full_range():
    """Pillow's own conversion clips almost all of these to white."""
    # Off by 100 of the 257 steps to the next grey, to either side: rounding must absorb that.
    levels = torch.arange(20, 220)
    numbers = torch.stack([257 * levels + 100, 257 * levels - 100]).repeat(100, 1).flatten()
    pixels = struct.pack("<40000H", *numbers.tolist())
    x = load_image(encode(Image.frombytes("I;16", (200, 200), pixels), "PNG"), size=200)
    assert torch.equal(x, (levels / 127.5 - 1).expand(3, 200, 200))


@pytest.mark.parametrize(
    "data",
    [
        png(1, 1, 4, 0, b"\x50", extra=chunk(b"tRNS", u16(5))),
        png(1, 1, 16, 2, u16(1, 2, 3), extra=chunk(b"tRNS", u16(1, 2, 3))),
    ],
    ids=["clear grey of 4 bits", "clear colour of 16 bits"],
)
def test_what_pillow_misreads_is_refused(data):
    assert refusal(data).endswith("save it anew as 8-bit PNG.")


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "MPO"])
def test_the_first_of_several_pictures_is_taken(format):
    """Of an animation, or of the JPEG of a telephone with two lenses."""
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encode(first, format, save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    expected = torch.tensor([1.0, -1, -1]).view(3, 1, 1)
    torch.testing.assert_close(load_image(data, size=1), expected, atol=0.02, rtol=0)


# Exif 2.3, tag Orientation: which side of the scene the first stored row and column show.
FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", *AVIF])
@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_a_rotated_camera_gives_the_same_picture(orientation, format):
    blocks = torch.randint(256, (2, 4, 3), generator=torch.Generator().manual_seed(0))
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    stored = blocks.repeat_interleave(16, 0).repeat_interleave(16, 1)
    stored = stored if row in ("top", "bottom") else stored.transpose(0, 1)
    stored = stored.flip(0) if row in ("bottom", "right") else stored
    stored = stored.flip(1) if column in ("bottom", "right") else stored
    height, width, _ = stored.shape
    picture = Image.frombytes("RGB", (width, height), bytes(stored.flatten().tolist()))
    options = {"quality": 95, "subsampling": "4:4:4"} if format in ("JPEG", "AVIF") else {}
    how = Image.Exif()
    how[ORIENTATION] = orientation
    x = load_image(encode(picture, format, exif=how, **options), size=32)[:, 8::16, 8::16]
    expected = blocks[:, 1:3].permute(2, 0, 1) / 127.5 - 1
    torch.testing.assert_close(x, expected, atol=0.06, rtol=0)


def test_a_rotated_camera_may_write_odd_exif():
    """A resolution that is a text, not a fraction: Pillow's own function for this fails."""
    tags = [2, ORIENTATION, 4, 1, 6, X_RESOLUTION, 2, 4, b"72\0\0", 0]
    odd = b"Exif\0\0MM\0*" + struct.pack(">I H HHII HHI4s I", 8, *tags)
    picture = Image.new("RGB", (64, 64), "blue")
    picture.paste("red", (0, 0, 64, 32))
    x = load_image(encode(picture, "JPEG", exif=odd), size=64)
    assert x[0, 32, 48] > 0.9 and x[0, 32, 16] < -0.9  # what was above is now at the right


@pytest.mark.parametrize("size", [(30, 10), (10, 30), (31, 10), (10, 31)])
def test_the_central_square_is_kept(size):
    picture = Image.new("RGB", size, "red")
    left, top = (size[0] - 10) // 2, (size[1] - 10) // 2
    picture.paste("lime", (left, top, left + 10, top + 10))
    x = load_image(encode(picture, "PNG"), size=7)
    assert torch.equal(x, torch.tensor([-1.0, 1.0, -1.0]).view(3, 1, 1).expand(3, 7, 7))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes(size):
    x = load_image(encode(Image.new("RGB", size, "red"), "PNG"))
    assert torch.equal(x, torch.tensor([1.0, -1.0, -1.0]).view(3, 1, 1).expand(3, 256, 256))


def test_resizing_averages():
    stripes = Image.frombytes("L", (128, 128), b"\0\xff" * 64 * 128)
    assert load_image(encode(stripes, "PNG"), size=32)[:, 8:-8, 8:-8].abs().max() < 0.02


# Where a picture may come from


CAT = (DATA / "cat.png").read_bytes()


def upload_8(*contents: bytes) -> tuple[dict, ...]:
    """The value of a FileUpload of ipywidgets 8."""
    about = {"name": "cat.png", "type": "image/png", "last_modified": datetime.datetime.now()}
    return tuple(about | {"size": len(c), "content": memoryview(c)} for c in contents)


def upload_7(*contents: bytes) -> dict[str, dict]:
    """The same of ipywidgets 7."""
    about = {"type": "image/png", "lastModified": 1_600_000_000_000}
    files = {f"cat ({i}).png": content for i, content in enumerate(contents)}
    return {
        name: {"metadata": about | {"name": name, "size": len(files[name])}, "content": files[name]}
        for name in files
    }


@pytest.mark.parametrize(
    "source",
    [
        str(DATA / "cat.png"),
        DATA / "cat.png",
        CAT,
        bytearray(CAT),
        memoryview(CAT),
        upload_8(CAT),
        upload_8(b"an older file", CAT),
        upload_8(CAT)[0],
        upload_7(CAT),
        upload_7(b"an older file", CAT),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_kind_of_source_gives_the_same_picture(source):
    assert torch.equal(load_image(source), load_image(DATA / "cat.png"))


def test_the_value_of_a_real_upload_widget():
    upload = pytest.importorskip("ipywidgets").FileUpload()
    assert "choose a file first" in refusal(upload.value)
    upload.set_trait("value", upload_8(CAT))
    assert torch.equal(load_image(upload.value), load_image(CAT))
    assert "FileUpload" in refusal(upload, TypeError)


@pytest.mark.parametrize("upload", [upload_7, upload_8])
def test_an_upload_must_be_a_usable_picture(upload):
    assert "choose a file first" in refusal(upload())
    assert refusal(upload(b"once upon a time")).startswith("The uploaded file is not a picture")
    assert refusal(upload(CAT[:-5000])).startswith("The uploaded file is damaged")
    assert refusal(upload(b"")).startswith("The uploaded file is empty")


@pytest.mark.parametrize(
    "source",
    [
        None,
        3,
        ({"name": "cat.png"},),
        {"content": "text"},
        Image.new("RGB", (4, 4)),
    ],
)
def test_other_sources_are_refused_by_type(source):
    message = refusal(source, TypeError)
    assert all(word in message for word in ["path", "bytes", "FileUpload", type(source).__name__])


@pytest.mark.parametrize("size", [True, 256.0, "256"])
def test_size_must_be_an_int(size):
    assert "size" in refusal("nowhere.png", TypeError, size=size)


@pytest.mark.parametrize("size", [0, -1, 2049])
def test_size_must_be_in_range_and_is_checked_first(size):
    assert f"1 … 2048, but it is {size}" in refusal("nowhere.png", size=size)


@pytest.mark.parametrize("size", [1, 2048])
def test_the_ends_of_the_range_of_sizes_are_allowed(size):
    assert load_image(CAT, size=size).shape == (3, size, size)


# Back to bytes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_to_uint8_undoes_the_scaling_of_load_image(dtype):
    levels = torch.arange(256)
    assert torch.equal(to_uint8((levels.double() / 127.5 - 1).to(dtype)), levels.byte())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_to_uint8_does_not_compute_in_half_precision(dtype):
    x = torch.linspace(-1, 1, 5001).to(dtype)
    assert torch.equal(to_uint8(x), to_uint8(x.double()))


def test_to_uint8_rounds_and_clamps_for_the_eye_only():
    x = torch.tensor([-7.0, -1.001, -1.0, 0.4 / 127.5 - 1, 0.6 / 127.5 - 1, 1.0, 1.5, float("inf")])
    before = x.clone()
    assert to_uint8(x).tolist() == [0, 0, 0, 0, 1, 255, 255, 255]
    assert torch.equal(x, before)


@pytest.mark.parametrize("shape", [(), (0,), (2, 3, 4, 5)])
def test_to_uint8_takes_any_shape(shape):
    shown = to_uint8(torch.zeros(shape, requires_grad=True))
    assert shown.shape == shape and shown.dtype == torch.uint8 and not shown.requires_grad


@pytest.mark.parametrize("x, kind", [([0.5], "list"), (torch.arange(3), "int64"), (0.5, "float")])
def test_to_uint8_wants_a_float_tensor(x, kind):
    assert kind in refusal(x, TypeError, load=to_uint8)


def test_to_uint8_refuses_nan():
    assert "NaN" in refusal(torch.tensor([0.0, float("nan")]), load=to_uint8)


def test_a_png_in_few_colours_looks_alike_in_fewer_bytes():
    picture = noise("RGB", 128, 128)
    large = encode(picture, "PNG")
    small = shrink_png(large, colours=96)
    assert len(small) < len(large) / 2
    assert len(load_image(small, 128).flatten(1).unique(dim=1).T) <= 96
    assert (load_image(small, 128) - load_image(large, 128)).abs().mean() < 0.2


# Digits


def test_digits_are_all_there_with_their_labels():
    digits, labels = load_digits(str(DATA / "digits.png"))
    assert digits.shape == (1740, 1, 8, 8) and digits.dtype == torch.float32
    assert torch.equal(labels, torch.arange(1740) // 174)
    assert torch.equal(digits.unique(), torch.arange(17) / 8 - 1)


def test_digits_are_those_of_the_data_set():
    digits, labels = load_digits(DATA / "digits.png")
    counts = ((digits + 1) * 8).int()
    # Inked dots of each kind, and a row of the very first digit: from the original data set.
    inked = [55036, 53973, 54634, 53240, 53943, 53536, 54112, 52839, 57408, 54293]
    assert [counts[labels == label].sum().item() for label in range(10)] == inked
    assert counts[0, 0, 2].tolist() == [0, 3, 15, 2, 0, 11, 8, 0]


def test_other_pictures_are_not_taken_for_digits(tmp_path):
    assert "'cat.png' is not the sheet of digits" in refusal(DATA / "cat.png", load=load_digits)
    for size, level in [((1392, 80), 17), ((80, 1392), 16)]:
        sheet = encode(Image.new("L", size, level), "PNG")
        assert "not the sheet of digits" in refusal(sheet, load=load_digits)
    refusal(tmp_path / "digits.png", FileNotFoundError, load=load_digits)


# The pictures that come with the lessons


def test_every_file_in_data_is_listed_with_its_licence():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in readme.splitlines()
        if line.startswith("|")
    ]
    head, _, *rows = table
    licence = head.index("licence")
    assert {row[0].strip("`") for row in rows} == {p.name for p in DATA.iterdir()} - {"README.md"}
    assert all(re.search("CC0 1.0|CC BY 4.0|public domain", row[licence]) for row in rows)
    assert all(all(cell for cell in row) and len(row) == len(head) for row in rows)
    for part in ["Alpaydin", "Kaynak", "10.24432/C50P49", "creativecommons.org/licenses/by/4.0"]:
        assert part in readme  # the attribution that CC BY asks for
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_000_000


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.name)
def test_each_photograph_is_a_clean_256_rgb_png(path):
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (256, 256))
        assert picture.info == {}  # no profile, no place, no camera
    assert load_image(path).std() > 0.1
