"""Pictures: from files and uploads to tensors in [-1, 1], and back to bytes for the eye.

The only module that uses Pillow. Students bring pictures of every kind, so whatever is wrong with
one is put into a sentence that names the file and says what to do about it.
"""

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError, features
from torch import Tensor

_FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP"] + ["AVIF"] * features.check("avif")

_MAX_SIZE = 2048
_MAX_BYTES = 50_000_000
_MAX_PIXELS = 25_000_000
_MAX_MEMORY = 480_000_000

# Pillow makes Python objects of what is beside the pixels, many times larger than in the file.
_MAX_READS = 1_000_000  # a hundred thousand are usual, of the parts of a PNG
_MAX_EXIF = 1_000_000

_DIGIT_COLUMNS = 174  # as many as there are of the rarest digit
_DIGIT_SIZE = 8


def load_image(source, size: int = 256) -> Tensor:
    """A picture as a tensor: upright, cropped to its central square, and resized.

    Transparency is laid on white. Of an animation, the first frame is taken. Colour profiles are
    ignored. 16 bits per channel become 8.

    Args:
        source: a path; the bytes of a picture file; or an upload, the `value` of an ipywidgets
            `FileUpload` (of several files, the last). PNG, JPEG, GIF, WebP, BMP, and AVIF where
            Pillow has it; at most 50 MB and 25 megapixels, and no more than takes 500 MB of
            memory to read.
        size: width and height of the result, in 1 … 2048.

    Returns:
        float32, shape (3, size, size): red, green and blue in [-1, 1], pixel / 127.5 − 1.

    Raises:
        TypeError: `source` is none of these, or `size` is not an int.
        FileNotFoundError: there is no file at the path.
        ValueError: `size` is out of range, nothing is uploaded yet, or the file is no usable
            picture: not a picture, damaged, incomplete, too large, or stored in a rare way that
            Pillow misreads.
    """
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"size must be an int, not {type(size).__name__}.")
    if not 1 <= size <= _MAX_SIZE:
        raise ValueError(f"size must be in 1 … {_MAX_SIZE}, but it is {size}.")

    picture = _decode(*_read(source))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    pixels = _pixels(picture.resize((size, size), Image.Resampling.LANCZOS))
    return pixels.permute(2, 0, 1).contiguous() / 127.5 - 1


def to_uint8(x: Tensor) -> Tensor:
    """What to show of x: [-1, 1] becomes 0 … 255, rounded, and values beyond are clamped.

    The clamping is for the eye only: a new tensor is returned, and the data itself is never
    clamped, for noisy data rightly leaves [-1, 1].

    Args:
        x: floating point, any shape, values meant to be in [-1, 1].

    Returns:
        uint8, shaped like `x`, on its device.

    Raises:
        TypeError: `x` is not a floating-point tensor.
        ValueError: `x` holds NaN, which has no colour.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a floating-point tensor with values in [-1, 1], not {kind}.")
    if x.isnan().any():
        raise ValueError("x must hold numbers, but some of its values are NaN.")
    x = x.float()  # in bfloat16, x + 1 would have too few digits for 256 levels
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def load_digits(path) -> tuple[Tensor, Tensor]:
    """The handwritten digits of `data/digits.png`: 174 of each kind, all 0s first, then all 1s…

    A pixel of the original counts inked dots, v = 0 … 16. The sheet stores it as the grey value
    v · 255 / 16, rounded, from which v is recovered exactly.

    Args:
        path: where `digits.png` is.

    Returns:
        digits: float32, shape (1740, 1, 8, 8), the 17 values v / 8 − 1 in [-1, 1].
        labels: int64, shape (1740,), the digit that each one shows.

    Raises:
        As `load_image`, and ValueError for a picture that is not this sheet.
    """
    name, data = _read(path)
    greys = _pixels(_decode(name, data).convert("L")).float()
    counts = (greys * 16 / 255).round()
    sheet_shape = (10 * _DIGIT_SIZE, _DIGIT_COLUMNS * _DIGIT_SIZE, 1)
    if greys.shape != sheet_shape or not torch.equal((counts * 255 / 16).round(), greys):
        raise ValueError(f"{name} is not the sheet of digits; give the path of data/digits.png.")

    tiles = counts.view(10, _DIGIT_SIZE, _DIGIT_COLUMNS, _DIGIT_SIZE).transpose(1, 2)
    digits = tiles.reshape(-1, 1, _DIGIT_SIZE, _DIGIT_SIZE) / 8 - 1
    return digits, torch.arange(10).repeat_interleave(_DIGIT_COLUMNS)


def shrink_png(png: bytes, colours: int = 256) -> bytes:
    """The same PNG in few colours: a third of the bytes, for stored outputs full of noise."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        few = picture.convert("RGB").quantize(colours)
        few.save(file, format="PNG", optimize=True)
    return file.getvalue()


def _read(source) -> tuple[str, bytes]:
    """What to call the source in a sentence, and its bytes."""
    if isinstance(source, (str, os.PathLike)):
        name, data = _read_file(Path(os.fsdecode(source)))
    elif isinstance(source, (Mapping, tuple)):
        name, data = "The uploaded file", _last_upload(source)
    else:
        name, data = "The file in these bytes", source

    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"a picture must be given as a path, as the bytes of its file, or as the value of a "
            f"FileUpload, not as {type(source).__name__}."
        )
    data = memoryview(data)
    if data.nbytes > _MAX_BYTES:
        raise ValueError(f"{name} is larger than {_MAX_BYTES // 10**6} MB; make it smaller first.")
    if data.nbytes == 0:
        raise ValueError(f"{name} is empty; choose another one.")
    return name, bytes(data)


def _read_file(path: Path) -> tuple[str, bytes]:
    name = repr(path.name or str(path))
    if os.path.exists(path) and not os.path.isfile(path):  # opening a pipe could wait for ever
        raise ValueError(f"{name} is a folder or a device; give the path of a picture file.")
    try:
        with open(path, "rb") as file:
            return name, file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"there is no file {name} at that path; check its spelling, and that it starts "
            f"from the folder the notebook runs in."
        ) from None
    except (OSError, ValueError):  # ValueError: a null character in the path
        raise ValueError(f"{name} cannot be read; check its name and its permissions.") from None


def _last_upload(value: Mapping | tuple):
    """The content of the newest file: ipywidgets 8 lists the files, 7 has them by their names."""
    files = value
    if isinstance(value, Mapping):
        files = [value] if "content" in value else list(value.values())
    if not files:
        raise ValueError("No file is uploaded yet; choose a file first.")
    return files[-1].get("content") if isinstance(files[-1], Mapping) else None


def _decode(name: str, data: bytes) -> Image.Image:
    """The picture as 8-bit RGB, upright; or a sentence about what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful resolution, say, is not our concern
            picture = _as_rgb(data)
            ImageOps.exif_transpose(picture, in_place=True)
            return picture
    except Image.DecompressionBombError:
        problem = f"has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller first"
    except UnidentifiedImageError:
        problem = f"is not a picture, or its beginning is damaged; use {', '.join(_FORMATS)}"
    except NotImplementedError:
        problem = "is stored in a rare way that would come out wrong; save it anew as 8-bit PNG"
    except MemoryError:
        problem = "would take too much memory or time; save it anew as PNG"
    except Exception:  # on damaged data Pillow raises errors of a dozen kinds
        problem = "is damaged or incomplete; get it again, or save it anew as PNG"
    raise ValueError(f"{name} {problem}.")


def _as_rgb(data: bytes) -> Image.Image:
    """The picture as 8-bit RGB, not yet upright, with nothing but its orientation beside it."""
    # A JPEG has its Exif in parts of up to 64 KB, and Pillow reads it before it tells the size.
    if data.startswith(b"\xff\xd8") and data.count(b"Exif\0\0") << 16 > _MAX_EXIF:
        raise MemoryError
    with Image.open(_File(data), formats=_FORMATS) as picture:
        # The header is read, the pixels are not: now is the time to refuse.
        pixels = picture.width * picture.height
        if pixels > _MAX_PIXELS:
            raise Image.DecompressionBombError
        if picture.format in ("WEBP", "AVIF"):  # four times the pixels, twice the file, all frames
            if 16 * pixels + 2 * len(data) + 128 * picture.n_frames > _MAX_MEMORY:
                raise MemoryError
        picture.load()
        if len(picture.info.get("exif", b"")) > _MAX_EXIF:  # a PNG may have it after the pixels
            raise MemoryError
        if _is_misread(picture, data):
            raise NotImplementedError
        rgb = _on_white(_in_8_bits(picture))
        # The rest of the Exif is left out: Pillow would write it anew, and fail where it is odd.
        rgb.info = {}
        orientation = ExifTags.Base.Orientation
        rgb.getexif()[orientation] = picture.getexif().get(orientation, 1)
        return rgb


class _File(io.BytesIO):
    """The bytes of a picture, given out at most `_MAX_READS` times.

    A file may consist of nothing but tiny comments, which Pillow takes one by one.
    """

    reads = 0

    def read(self, size=-1, /) -> bytes:
        self.reads += 1
        if self.reads > _MAX_READS:
            raise MemoryError
        return super().read(size)


def _is_misread(picture: Image.Image, data: bytes) -> bool:
    """Whether Pillow 13 compares the see-through grey or colour of a PNG unscaled."""
    if picture.format != "PNG" or "transparency" not in picture.info:
        return False
    depth, kind = data[24:26]
    return kind in (0, 2) and depth not in (1, 8)


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Greyscale of 16 bits scaled to 0 … 255, where Pillow's own conversion would clip it."""
    if not picture.mode.startswith("I;16"):
        return picture
    return picture.convert("I").point(lambda value: value / 257 + 0.5).convert("L")


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode != "RGBA":  # converting would copy it
        picture = picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(picture, mask=picture)
    return page


def _pixels(picture: Image.Image) -> Tensor:
    """uint8, shape (height, width, channels)."""
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width, -1)
