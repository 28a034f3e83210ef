"""Pictures in, tensors out: every kind of file a student may bring, made here with Pillow."""

import ast
import datetime
import io
import os
import re
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import (
    ASCII,
    LONG,
    ORIENTATION,
    RATIONAL,
    SHORT,
    X_RESOLUTION,
    encode,
    exif,
    grey,
    noise,
    quarters,
    refusal,
)
from PIL import Image, features

from diffusion.teaching import images
from diffusion.teaching.images import load_digits, load_image, to_uint8

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data"
PHOTOGRAPHS = sorted(set(DATA.glob("*.png")) - {DATA / "digits.png"})

# No warning may ever escape: each would be a second, unexplained message to a student.
pytestmark = pytest.mark.filterwarnings("error")

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def same_in_all_channels(row: torch.Tensor, size: int = 256) -> torch.Tensor:
    return row.expand(3, size, size)


RAMP = torch.arange(256.0) / 127.5 - 1  # what the greys 0 … 255 become


# What comes out


def test_the_result_is_a_plain_float32_tensor():
    x = load_image(DATA / "cat.png")
    assert x.shape == (3, 256, 256) and x.dtype == torch.float32
    assert x.is_contiguous() and not x.requires_grad


def test_every_pixel_value_is_divided_by_half_its_range():
    x = load_image(encode(grey([list(range(256))] * 256, "L", "B"), "PNG"))
    assert torch.equal(x, same_in_all_channels(RAMP))
    assert x.min() == -1 and x.max() == 1


@pytest.mark.parametrize(
    "format, mode, options",
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("GIF", "P", {}),
        ("GIF", "P", {"interlace": True}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {}),
        ("BMP", "RGB", {}),
        ("BMP", "P", {}),
        ("TIFF", "RGB", {}),
        ("TIFF", "RGBA", {}),
        ("TIFF", "CMYK", {}),
        pytest.param("AVIF", "RGB", {"quality": 95}, marks=needs_avif),
    ],
)
def test_colours_and_sides_come_out_right(format, mode, options):
    x = load_image(encode(quarters(mode), format, **options), size=64)
    found = [x[:, row, column] for row in (16, 48) for column in (16, 48)]
    red, blue, green, white = [1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]
    tolerance = 0.06 if format in ("JPEG", "AVIF") else 0
    expected = torch.tensor([red, blue, green, white]).float()
    torch.testing.assert_close(torch.stack(found), expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_one_bit_pictures_are_black_and_white(format):
    picture = Image.new("1", (8, 8))
    picture.paste(1, (4, 0, 8, 8))
    x = load_image(encode(picture, format), size=8)
    assert torch.equal(x, same_in_all_channels(torch.tensor([-1.0] * 4 + [1.0] * 4), 8))


# Deep greyscale: Pillow's own conversion clips all of these to white


@pytest.mark.parametrize(
    "format, mode, code, options",
    [
        ("PNG", "I;16", "<H", {}),
        ("TIFF", "I;16", "<H", {}),
        ("TIFF", "I;16B", ">H", {}),
        ("TIFF", "I;16B", ">H", {"compression": None}),
    ],
)
def test_16_bits_are_scaled_from_their_full_range(format, mode, code, options):
    # Off by 100 of the 257 steps to the next grey, to either side: rounding must absorb that.
    above = [min(257 * level + 100, 65535) for level in range(256)]
    below = [max(257 * level - 100, 0) for level in range(256)]
    picture = grey([above] * 128 + [below] * 128, mode, code)
    x = load_image(encode(picture, format, **options))
    assert torch.equal(x, same_in_all_channels(RAMP))


@pytest.mark.parametrize(
    "format, mode, code", [("PNG", "I;16", "<H"), ("TIFF", "I;16", "<H"), ("TIFF", "I;16B", ">H")]
)
def test_16_bits_are_not_stretched(format, mode, code):
    picture = grey([[257 * 80, 257 * 160]] * 2, mode, code)
    data = encode(picture, format, **{"compression": None} if format == "TIFF" else {})
    expected = same_in_all_channels(RAMP[[80, 160]], 2)
    assert torch.equal(load_image(data, size=2), expected)


@pytest.mark.parametrize(
    "mode, code, low, step",
    [
        ("I", "=i", 0, 1),
        ("I", "=i", -2000, 16),
        ("I", "=i", 2**30, 1),
        ("I", "=i", -(2**31), 2**24),
        ("F", "=f", 0, 1 / 255),
        ("F", "=f", -3, 0.125),
        ("F", "=f", -3e38, 6e38 / 255),
    ],
)
def test_32_bits_are_scaled_from_their_smallest_to_their_largest_value(mode, code, low, step):
    picture = grey([[low + step * level for level in range(256)]] * 256, mode, code)
    assert torch.equal(load_image(encode(picture, "TIFF")), same_in_all_channels(RAMP))


@pytest.mark.parametrize("mode, code", [("I", "=i"), ("F", "=f")])
def test_32_bits_without_contrast_are_black(mode, code):
    assert (load_image(encode(grey([[7] * 2] * 2, mode, code), "TIFF")) == -1).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_32_bits_that_are_no_numbers_are_refused(value):
    picture = grey([[0.0, 1.0], [value, 0.5]], "F", "=f")
    assert "infinite or not numbers" in refusal(encode(picture, "TIFF"))


# Transparency


def see_through(mode: str, *options) -> Image.Image:
    return Image.new(mode, (4, 4), *options)


@pytest.mark.parametrize(
    "data, expected",
    [
        (encode(see_through("RGBA", (255, 0, 0, 0)), "PNG"), (255, 255, 255)),
        (encode(see_through("RGBA", (255, 0, 0, 255)), "PNG"), (255, 0, 0)),
        (encode(see_through("RGBA", (0, 0, 0, 100)), "PNG"), (155, 155, 155)),
        (encode(see_through("RGBA", (0, 200, 0, 0)), "WEBP"), (255, 255, 255)),
        (encode(see_through("RGBA", (0, 0, 0, 100)), "TIFF"), (155, 155, 155)),
        (encode(see_through("LA", (0, 100)), "PNG"), (155, 155, 155)),
        (encode(see_through("L", 9), "PNG", transparency=9), (255, 255, 255)),
        (encode(see_through("L", 9), "PNG", transparency=8), (9, 9, 9)),
        (encode(see_through("1", 0), "PNG", transparency=0), (255, 255, 255)),
        (encode(see_through("RGB", (1, 2, 3)), "PNG", transparency=(1, 2, 3)), (255, 255, 255)),
        (encode(see_through("P", 0), "PNG", transparency=0), (255, 255, 255)),
        (encode(see_through("P", 0), "PNG", transparency=bytes([100])), (155, 155, 155)),
        (encode(see_through("P", 0), "GIF", transparency=0), (255, 255, 255)),
        (encode(see_through("I;16", 2570), "PNG", transparency=2570), (255, 255, 255)),
        (encode(see_through("I;16", 2570), "PNG", transparency=2571), (10, 10, 10)),
    ],
)
def test_transparency_is_laid_on_white(data, expected):
    x = load_image(data, size=4)
    assert torch.equal(to_uint8(x), torch.tensor(expected).byte().view(3, 1, 1).expand(3, 4, 4))


# Animations, rotation, shape


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_is_taken(format):
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encode(first, format, save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert load_image(data, size=1).flatten().tolist() == [1, -1, -1]


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


def as_stored(scene: torch.Tensor, orientation: int) -> Image.Image:
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    stored = scene if row in ("top", "bottom") else scene.transpose(0, 1)
    stored = stored.flip(0) if row in ("bottom", "right") else stored
    stored = stored.flip(1) if column in ("bottom", "right") else stored
    height, width, _ = stored.shape
    return Image.frombytes("RGB", (width, height), bytes(stored.flatten().tolist()))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_a_rotated_camera_gives_the_same_picture(orientation, format):
    scene = torch.randint(256, (24, 40, 3), generator=torch.Generator().manual_seed(0))
    how = Image.Exif()
    how[ORIENTATION] = orientation
    x = load_image(encode(as_stored(scene, orientation), format, exif=how), size=24)
    assert torch.equal(to_uint8(x), scene[:, 8:32].permute(2, 0, 1).byte())


@pytest.mark.parametrize("format", ["JPEG", pytest.param("AVIF", marks=needs_avif)])
@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_a_rotated_camera_gives_almost_the_same_picture_where_pixels_are_lossy(orientation, format):
    blocks = torch.randint(256, (2, 4, 3), generator=torch.Generator().manual_seed(0))
    scene = blocks.repeat_interleave(16, 0).repeat_interleave(16, 1)
    how = Image.Exif()
    how[ORIENTATION] = orientation
    data = encode(as_stored(scene, orientation), format, exif=how, quality=95, subsampling="4:4:4")
    x = load_image(data, size=32)[:, 8::16, 8::16]
    expected = blocks[:, 1:3].permute(2, 0, 1) / 127.5 - 1
    torch.testing.assert_close(x, expected, atol=0.06, rtol=0)


@pytest.mark.parametrize(
    "tag",
    [
        (X_RESOLUTION, LONG, b"\1\0\0\0"),  # a rational, by the standard
        (X_RESOLUTION, ASCII, b"72 dpi\0"),
        (296, RATIONAL, bytes(8)),  # the unit of the resolution: a number
        (315, RATIONAL, b"\1\0\0\0" * 2),  # the artist: a text
        (34665, ASCII, b"nowhere"),  # where the rest of the Exif is: a number
        (34853, LONG, b"\xff" * 4),  # where the place is: beyond the end
        (2**16 - 1, RATIONAL, b"\xff" * 8),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_a_rotated_camera_may_write_odd_exif(tag, order):
    """Pillow's own function for this fails, since it wants to write the rest of the Exif anew."""
    number, kind, value = tag
    sixth = struct.pack(f"{order}H", 6)
    odd = exif({ORIENTATION: (SHORT, sixth), number: (kind, value)}, order)
    picture = Image.new("RGB", (64, 64), "blue")
    picture.paste("red", (0, 0, 64, 32))
    x = load_image(encode(picture, "JPEG", exif=odd), size=64)
    assert x[0, 32, 48] > 0.9 and x[0, 32, 16] < -0.9  # what was above is now at the right


def test_deep_greyscale_is_rotated_too():
    how = Image.Exif()
    how[ORIENTATION] = 3
    data = encode(grey([[0, 65535]] * 2, "I;16", "<H"), "PNG", exif=how)
    assert load_image(data, size=2)[0, 0].tolist() == [1, -1]


@pytest.mark.parametrize("size", [(30, 10), (10, 30), (31, 10), (10, 31)])
def test_the_central_square_is_kept(size):
    picture = Image.new("RGB", size, "red")
    left, top = (size[0] - 10) // 2, (size[1] - 10) // 2
    picture.paste("lime", (left, top, left + 10, top + 10))
    x = load_image(encode(picture, "PNG"), size=10)
    assert torch.equal(x, torch.tensor([-1.0, 1.0, -1.0]).view(3, 1, 1).expand(3, 10, 10))


def test_resizing_averages():
    stripes = grey([[0, 255] * 64] * 128, "L", "B")
    assert load_image(encode(stripes, "PNG"), size=32)[:, 8:-8, 8:-8].abs().max() < 0.02
    picture = noise("RGB", 64, 64)
    x = load_image(encode(picture, "PNG"), size=23)
    assert to_uint8(x.permute(1, 2, 0)).flatten().tolist() == list(
        picture.resize((23, 23), Image.Resampling.LANCZOS).tobytes()
    )


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    size=st.integers(1, 90),
    colour=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_a_flat_picture_stays_flat_at_every_size(width, height, size, colour):
    x = load_image(encode(Image.new("RGB", (width, height), colour), "PNG"), size)
    expected = torch.tensor(colour) / 127.5 - 1
    assert torch.equal(x, expected.view(3, 1, 1).expand(3, size, size))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes(size):
    picture = Image.new("RGB", size, "red")
    x = load_image(encode(picture, "PNG"))
    assert x.shape == (3, 256, 256)
    assert torch.equal(x[:, 100, 100], torch.tensor([1.0, -1.0, -1.0]))


# Where a picture may come from


class Somewhere(os.PathLike):
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def uploaded(data, name="cat.png") -> dict:
    return {"name": name, "type": "image/png", "size": len(data), "content": memoryview(data)}


def test_every_kind_of_source_gives_the_same_picture():
    path = DATA / "cat.png"
    data = path.read_bytes()
    sources = [path, str(path), Somewhere(str(path)), Somewhere(os.fsencode(path))]
    sources += [data, bytearray(data), memoryview(data), uploaded(data), (uploaded(data),)]
    expected = load_image(path)
    for source in sources:
        assert torch.equal(load_image(source), expected)


def test_the_value_of_a_real_upload_widget():
    upload = pytest.importorskip("ipywidgets").FileUpload()
    assert "choose a file first" in refusal(upload.value)
    cat = uploaded((DATA / "cat.png").read_bytes())
    upload.set_trait("value", (cat | {"last_modified": datetime.datetime.now()},))
    assert torch.equal(load_image(upload.value), load_image(DATA / "cat.png"))
    assert "FileUpload" in refusal(upload, TypeError)


def test_an_upload_must_be_one_usable_picture():
    cat = (DATA / "cat.png").read_bytes()
    assert "choose a file first" in refusal(())
    assert "choose one picture" in refusal((uploaded(cat), uploaded(cat)))
    assert "The uploaded file is not a picture" in refusal(uploaded(b"once upon a time"))
    assert "The uploaded file is damaged" in refusal((uploaded(cat[:-5000]),))
    assert "The uploaded file is empty" in refusal((uploaded(b""),))


@pytest.mark.parametrize(
    "source",
    [
        None,
        3,
        ["cat.png"],
        (b"bytes",),
        {},
        {"name": "cat.png"},
        ({"name": "cat.png"},),
        {"content": "text"},
        torch.zeros(3, 8, 8),
        Image.new("RGB", (4, 4)),
    ],
)
def test_other_sources_are_refused_by_type(source):
    message = refusal(source, TypeError)
    assert all(word in message for word in ["path", "bytes", "FileUpload"])


@pytest.mark.parametrize("size", [True, 256.0, "256", None, torch.tensor(256)])
def test_size_must_be_an_int(size):
    assert "size" in refusal("nowhere.png", TypeError, size=size)


@pytest.mark.parametrize("size", [0, -1, 2049])
def test_size_must_be_in_range_and_is_checked_first(size):
    assert f"1 … 2048, but it is {size}" in refusal("nowhere.png", size=size)
    assert "size" in refusal(None, size=size)


@pytest.mark.parametrize("size", [1, 2048])
def test_the_ends_of_the_range_of_sizes_are_allowed(size):
    assert load_image(DATA / "rocket.png", size=size).shape == (3, size, size)


# Back to bytes


def test_to_uint8_undoes_the_scaling_of_load_image():
    for dtype in (torch.float32, torch.float64, torch.float16):
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


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3, 4, 5)])
def test_to_uint8_takes_any_shape(shape):
    shown = to_uint8(torch.zeros(shape, requires_grad=True))
    assert shown.shape == shape and shown.dtype == torch.uint8 and not shown.requires_grad


@pytest.mark.parametrize(
    "x, kind", [([0.5], "list"), (0.5, "float"), (torch.arange(3), "int64"), (None, "NoneType")]
)
def test_to_uint8_wants_a_float_tensor(x, kind):
    assert kind in refusal(x, TypeError, load=to_uint8)


def test_to_uint8_refuses_nan():
    assert "NaN" in refusal(torch.tensor([0.0, float("nan")]), load=to_uint8)


# Digits


def test_digits_are_all_there_with_their_labels():
    digits, labels = load_digits(DATA / "digits.png")
    assert digits.shape == (1740, 1, 8, 8) and digits.dtype == torch.float32
    assert labels.shape == (1740,) and labels.dtype == torch.int64
    assert labels.bincount().tolist() == [174] * 10
    assert torch.equal(labels, labels.sort().values)


def test_digits_lie_exactly_on_the_grid_of_17_values():
    digits, _ = load_digits(str(DATA / "digits.png"))
    assert torch.equal(digits.unique(), torch.arange(17) / 8 - 1)


def test_digits_are_those_of_the_data_set():
    digits, labels = load_digits(DATA / "digits.png")
    counts = ((digits + 1) * 8).int()
    # Inked dots of each kind, and the very first digit: from the original data set.
    inked = [55036, 53973, 54634, 53240, 53943, 53536, 54112, 52839, 57408, 54293]
    assert [counts[labels == label].sum().item() for label in range(10)] == inked
    assert counts[0, 0].tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]


def test_digits_that_share_a_label_look_alike():
    digits, labels = load_digits(DATA / "digits.png")
    means = torch.stack([digits[labels == label].mean(0) for label in range(10)])
    nearest = torch.cdist(digits.flatten(1), means.flatten(1)).argmin(1)
    assert (nearest == labels).float().mean() > 0.85


def test_other_pictures_are_not_taken_for_digits(tmp_path):
    assert "'cat.png' is not the sheet of digits" in refusal(DATA / "cat.png", load=load_digits)
    for size, level in [((1392, 80), 17), ((1392, 88), 16), ((80, 1392), 16)]:
        sheet = encode(Image.new("L", size, level), "PNG")
        assert "not the sheet of digits" in refusal(sheet, load=load_digits)
    refusal(tmp_path / "digits.png", FileNotFoundError, load=load_digits)
    refusal(3, TypeError, load=load_digits)


# The pictures that come with the lessons


def test_every_file_in_data_is_listed_with_its_licence():
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (DATA / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    head, _, *rows = table
    licence = head.index("licence")
    assert {row[0].strip("`") for row in rows} == {p.name for p in DATA.iterdir()} - {"README.md"}
    assert all(re.search("CC0 1.0|CC BY 4.0|public domain", row[licence]) for row in rows)
    assert all(all(cell for cell in row) and len(row) == len(head) for row in rows)


def test_the_attribution_that_cc_by_asks_for_is_given():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for part in ["Alpaydin", "Kaynak", "10.24432/C50P49", "creativecommons.org/licenses/by/4.0"]:
        assert part in readme


def test_data_stays_small():
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_000_000


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.name)
def test_each_photograph_is_a_clean_256_rgb_png(path):
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (256, 256))
        assert picture.info == {}  # no profile, no place, no camera
    assert load_image(path).std() > 0.1


# Its place in the project


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


def test_only_images_uses_pillow_and_it_needs_no_notebook():
    used = {path.name for path in (ROOT / "diffusion").rglob("*.py") if "PIL" in imported(path)}
    assert used == {"images.py"}
    standard = {"io", "os", "stat", "struct", "warnings", "collections", "pathlib"}
    assert imported(Path(images.__file__)) <= standard | {"torch", "PIL"}
