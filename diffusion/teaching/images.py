"""Pictures: from files and uploads to tensors in [-1, 1], and back to bytes for the eye.

The only place that uses Pillow. Students bring pictures of every kind, so whatever Pillow finds
wrong with one is put into a sentence that names the file and says what to do about it.
"""

import io
import os
import stat
import struct
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import ExifTags, Image, UnidentifiedImageError, features
from torch import Tensor

_FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]
if features.check("avif"):
    _FORMATS.append("AVIF")

_MAX_BYTES = 50_000_000
_MAX_PIXELS = 25_000_000
_MAX_SIZE = 2048

# Nor may a small picture take minutes or gigabytes. Usual are a hundred thousand reads (the parts
# of a PNG), twice as many numbers (where the tiles of a TIFF are), and a dozen passes over a JPEG.
_MAX_READS = 1_000_000
_MAX_NUMBERS = 500_000
_MAX_PASSES = 100
_MAX_EXIF = 1_000_000
_MAX_MEMORY = 480_000_000

_Tag = ExifTags.Base
_TURNS = {  # by the orientation in Exif
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_DIGIT_COLUMNS = 174  # as many as there are of the rarest digit
_DIGIT_SIZE = 8


def load_image(source, size: int = 256) -> Tensor:
    """A picture as a tensor: upright, cropped to its central square, and resized.

    Transparency is laid on white. Of an animation, the first frame is taken. Colour profiles are
    ignored. Greyscale of 16 bits is scaled from its full range; that of 32 bits or with a sign,
    integers or floats, from its smallest to its largest value, since it has no agreed range.

    Args:
        source: a path; the bytes of a picture file; or an upload, the `value` of an ipywidgets 8
            `FileUpload`. PNG, JPEG, GIF, WebP, BMP, TIFF, and AVIF where Pillow has it; at most
            50 MB and 25 megapixels, and no more than takes 500 MB of memory to read.
        size: width and height of the result, in 1 … 2048.

    Returns:
        float32, shape (3, size, size): red, green and blue in [-1, 1], pixel / 127.5 − 1.

    Raises:
        TypeError: `source` is none of these, or `size` is not an int.
        FileNotFoundError: there is no file at the path.
        ValueError: `size` is out of range, the upload is not exactly one file, or the file is no
            usable picture: not a picture, damaged, incomplete, too large, or stored in one of the
            rare ways that Pillow misreads.
    """
    _check_size(size)
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


def _check_size(size) -> None:
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"size must be an int, not {type(size).__name__}.")
    if not 1 <= size <= _MAX_SIZE:
        raise ValueError(f"size must be in 1 … {_MAX_SIZE}, but it is {size}.")


def _read(source) -> tuple[str, bytes]:
    """What to call the source in a sentence, and its bytes."""
    if isinstance(source, (str, os.PathLike)):
        name, data = _read_file(Path(os.fsdecode(source)))
    elif _is_upload(source):
        name, data = "The uploaded file", _only_upload(source)["content"]
    else:
        name, data = "The file in these bytes", source

    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"a picture must be given as a path, as the bytes of its file, or as the value of a "
            f"FileUpload, not as {type(data).__name__}."
        )
    data = memoryview(data)
    if data.nbytes > _MAX_BYTES:
        raise ValueError(f"{name} is larger than {_MAX_BYTES // 10**6} MB; make it smaller first.")
    if data.nbytes == 0:
        raise ValueError(f"{name} is empty; choose another one.")
    return name, bytes(data)


def _read_file(path: Path) -> tuple[str, bytes]:
    name = repr(path.name or str(path))
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):  # opening anything else, a pipe for one, could wait for ever
            with open(path, "rb") as file:
                return name, file.read(_MAX_BYTES + 1)
        problem = "is a folder" if stat.S_ISDIR(mode) else "is not an ordinary file"
        problem += "; give the path of a picture file"
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"there is no file {name} at that path; check its spelling, and that it starts "
            f"from the folder the notebook runs in."
        ) from None
    except (OSError, ValueError):  # ValueError: a null character in the path
        problem = "cannot be read; check its name and its permissions"
    raise ValueError(f"{name} {problem}.")


def _is_upload(source) -> bool:
    files = source if isinstance(source, (tuple, list)) else [source]
    return all(isinstance(file, Mapping) and "content" in file for file in files)


def _only_upload(upload: Mapping | Sequence[Mapping]) -> Mapping:
    files = [upload] if isinstance(upload, Mapping) else upload
    if len(files) == 0:
        raise ValueError("No file is uploaded yet; choose a file first.")
    if len(files) > 1:
        raise ValueError(f"{len(files)} files are uploaded; choose one picture.")
    return files[0]


def _decode(name: str, data: bytes) -> Image.Image:
    """The picture as 8-bit RGB, upright; or a sentence about what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful resolution, say, is not our concern
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture, turn = _as_stored(data)
            return picture if turn is None else picture.transpose(turn)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        problem = f"has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller first"
    except UnidentifiedImageError:
        problem = f"is not a picture, or its beginning is damaged; use {', '.join(_FORMATS)}"
    except FloatingPointError:
        problem = "has pixels that are infinite or not numbers; replace them first"
    except NotImplementedError:
        problem = "is stored in a rare way that would come out wrong; save it anew as PNG"
    except MemoryError:
        problem = "would take too much memory or time; save it anew as PNG"
    except Exception:  # on damaged data Pillow raises errors of a dozen kinds
        problem = "is damaged or incomplete; get it again, or save it anew as PNG"
    raise ValueError(f"{name} {problem}.")


def _as_stored(data: bytes) -> tuple[Image.Image, Image.Transpose | None]:
    """The picture as 8-bit RGB, and how to turn it upright.

    That is left to the caller, when Pillow's decoder is gone: it may hold a picture three times.
    Nor would `ImageOps.exif_transpose` do, which fails where it cannot write the Exif anew.
    """
    if data.startswith(b"\xff\xd8"):  # JPEG: scans of all pixels, and parts of one Exif
        if data.count(b"\xff\xda\0") + data.count(b"Exif\0\0") > _MAX_PASSES:
            raise MemoryError
    elif data.startswith((b"II", b"MM")) and _numbers_in_tags(data) > _MAX_NUMBERS:
        raise MemoryError

    with Image.open(_File(data), formats=_FORMATS) as picture:
        # The header is read, the pixels are not: now is the time to refuse.
        tags = getattr(picture, "tag_v2", {})  # a TIFF is decoded by whole tiles
        tile = int(tags.get(_Tag.TileWidth, 0)) * int(tags.get(_Tag.TileLength, 0))
        pixels = max(picture.width * picture.height, tile)
        if pixels > _MAX_PIXELS:
            raise Image.DecompressionBombError
        if picture.format in ("WEBP", "AVIF"):  # four times the pixels, twice the file, all frames
            if 16 * pixels + 2 * len(data) + 128 * picture.n_frames > _MAX_MEMORY:
                raise MemoryError
        picture.load()
        if len(picture.info.get("exif", b"")) > _MAX_EXIF:
            raise MemoryError
        if _is_misread(picture, data):
            raise NotImplementedError
        return _as_rgb(picture), _TURNS.get(picture.getexif().get(_Tag.Orientation))


def _numbers_in_tags(tiff: bytes) -> int:
    """How many numbers the first directory lists; Pillow makes an object of each.

    Raises EOFError where the directory is cut off: Pillow would do without the missing tags.
    """
    order = "<" if tiff.startswith(b"II") else ">"
    is_big = 43 in tiff[2:4]  # BigTIFF: the same with 64 bits
    (start,) = struct.unpack_from(order + ("8xQ" if is_big else "4xL"), tiff)
    count, entry = (order + "Q", order + "HHQ8x") if is_big else (order + "H", order + "HHL4x")
    (entries,) = struct.unpack_from(count, tiff, start)
    start += struct.calcsize(count)
    end = start + entries * struct.calcsize(entry)
    if end > len(tiff):
        raise EOFError
    text = (1, 2, 7)  # kept as it is, however long
    return sum(n for _, kind, n in struct.iter_unpack(entry, tiff[start:end]) if kind not in text)


class _File(io.BytesIO):
    """The bytes of a picture, given out at most `_MAX_READS` times.

    A file may consist of nothing but tiny comments, which Pillow takes one by one, in Python.
    """

    reads = 0

    def read(self, size=-1, /) -> bytes:
        self.reads += 1
        if self.reads > _MAX_READS:
            raise MemoryError
        return super().read(size)


def _is_misread(picture: Image.Image, data: bytes) -> bool:
    """Whether Pillow, as of version 13, decodes this to other values than it stands for."""
    see_through = picture.info.get("transparency")
    if picture.format == "GIF":  # its first frame leaves an edge free, which is no colour
        return see_through is None and picture.dispose_extent != (0, 0, *picture.size)
    if picture.format == "PNG" and see_through is not None:  # given in the depth of the file
        depth, kind = data[24:26]
        is_low, is_high = kind == 0 and depth in (2, 4), kind == 2 and depth == 16
        return is_high or (is_low and 0 < see_through < 2**depth - 1)
    if picture.format != "TIFF":
        return False

    tags, mode = picture.tag_v2, picture.mode
    bits, number = tags.get(_Tag.BitsPerSample, (1,)), tags.get(_Tag.SampleFormat, (1,))
    is_compressed, ends_big = picture.info["compression"] != "raw", data.startswith(b"MM")
    is_apart = tags.get(_Tag.PlanarConfiguration) == 2 and len(bits) > 1  # first all of the red
    return (
        bits == (12,)
        or (number == (2,) and bits == (8,))  # signed
        or (number == (1,) and mode == "I" and picture.getextrema()[0] < 0)  # unsigned, and huge
        or (mode in ("I", "F") and is_compressed and ends_big)
        or (_is_deep(picture) and tags.get(_Tag.PhotometricInterpretation, 0) == 0)  # white is 0
        or (is_apart and (bits[0] != 8 or mode not in ("RGB", "RGBA", "CMYK")))
    )


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _as_rgb(picture: Image.Image) -> Image.Image:
    if _is_deep(picture):
        picture = _as_8_bits(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode != "RGBA":
        picture = picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(picture, mask=picture)
    return page


def _as_8_bits(picture: Image.Image) -> Image.Image:
    """Deep greyscale scaled to 0 … 255, where Pillow's own conversion would clip it."""
    dtype = torch.float32 if picture.mode == "F" else torch.int32
    numbers = picture if picture.mode in ("I", "F") else picture.convert("I")
    values = torch.frombuffer(bytearray(numbers.tobytes()), dtype=dtype)
    low, high = (end.double() for end in values.aminmax())
    if not (low.isfinite() and high.isfinite()):
        raise FloatingPointError
    if picture.mode.startswith("I;16"):
        low, high = 0, 65535

    greys = bytearray(len(values))
    shown = torch.frombuffer(greys, dtype=torch.uint8)
    # A part at a time: as doubles, the numbers of 25 megapixels would take 200 MB, several times.
    for some, grey in zip(values.split(2**20), shown.split(2**20), strict=True):
        scaled = (some.double() - low) * (255 / max(high - low, 1e-300))  # flat becomes black
        if "transparency" in picture.info:  # the one value that a PNG declares see-through
            scaled[some == picture.info["transparency"]] = 255
        grey.copy_(scaled.round())
    return Image.frombytes("L", picture.size, greys)


def _pixels(picture: Image.Image) -> Tensor:
    """uint8, shape (height, width, channels)."""
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width, -1)


def shrink_png(png: bytes, colours: int = 256) -> bytes:
    """The same PNG in few colours: a third of the bytes, for stored outputs full of noise."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        few = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        few.save(file, format="PNG", optimize=True)
    return file.getvalue()
