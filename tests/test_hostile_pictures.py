"""Files that are no pictures, are damaged, are too large, or are made to take all memory."""

import ctypes
import os
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import chunk, encode, exif, noise, png, refusal
from PIL import Image, ImageFile, features

from diffusion.teaching import images
from diffusion.teaching.images import load_image

CAT = Path(__file__).parent.parent / "data" / "cat.png"
AVIF = ["AVIF"] * features.check("avif")

# No warning may ever escape: each would be a second, unexplained message to a student.
pytestmark = pytest.mark.filterwarnings("error")


# Files that are no pictures


def test_a_missing_file_is_named_without_its_folder(tmp_path):
    message = refusal(tmp_path / "dog.png", FileNotFoundError)
    assert "'dog.png'" in message and tmp_path.name not in message
    file = tmp_path / "file"
    file.touch()
    refusal(file / "dog.png", FileNotFoundError)


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"", "is empty"),
        ("<!DOCTYPE html>\n<title>404 – not found</title>".encode() * 50, "is not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(1000), "is not a picture"),
        (b"MM, that was good.", "is not a picture"),
        (CAT.read_bytes()[:40_000], "is damaged or incomplete"),
    ],
    ids=["empty", "web page", "HEIC", "text", "download cut short"],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name(data, problem, tmp_path):
    path = tmp_path / "my picture.jpg"
    path.write_bytes(data)
    message = refusal(path)
    assert message.startswith(f"'my picture.jpg' {problem}") and tmp_path.name not in message
    assert refusal(str(path)) == message
    assert refusal(data).startswith(f"The file in these bytes {problem}")


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path).startswith(f"'{tmp_path.name}' is a folder")
    assert refusal("").startswith("'.' is a folder")


def test_paths_that_cannot_be_read(tmp_path, monkeypatch):
    assert "cannot be read" in refusal("nul\0l.png")

    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images, "open", denied, raising=False)
    assert "'cat.png' cannot be read" in refusal(CAT)


@pytest.mark.parametrize("format", ["PPM", "TIFF", "EPS"])
def test_formats_off_the_list_are_refused(format):
    """Each further decoder is more code for a crafted file to reach; EPS even runs a program."""
    message = refusal(encode(noise("RGB"), format))
    assert "not a picture" in message and "PNG, JPEG, GIF, WEBP, BMP" in message
    assert ("AVIF" in message) == bool(AVIF)


# Damaged files


def corpus() -> dict[str, bytes]:
    """Small files of every format, with a name each."""
    rgb, rgba, second = noise("RGB"), noise("RGBA"), noise("L").convert("RGBA")
    samples = rgb.tobytes()
    files = {format: encode(rgb, format) for format in ["PNG", "JPEG", "GIF", "BMP", *AVIF]}
    return files | {
        "PNG, palette": encode(noise("P"), "PNG"),
        "PNG, 16 bits": png(24, 24, 16, 0, *[samples[:48]] * 24),
        "JPEG, CMYK, progressive": encode(noise("CMYK"), "JPEG", progressive=True),
        "GIF, animated": encode(rgb, "GIF", save_all=True, append_images=[second]),
        "WEBP": encode(rgba, "WEBP"),
        "WEBP, lossy": encode(rgb, "WEBP", lossless=False),
    }


CORPUS = corpus()


@pytest.mark.parametrize("name", CORPUS)
def test_a_truncated_file_is_refused_or_whole_but_never_half_a_picture(name):
    data = CORPUS[name]
    whole = load_image(data, size=24)
    near_the_ends = {*range(0, 60, 2), *range(len(data) - 60, len(data))}
    accepted = 0
    for length in sorted(near_the_ends | set(range(0, len(data), 37))):
        try:
            assert torch.equal(load_image(data[:length], size=24), whole), length
            accepted += length < len(data) - 24  # more than the closing bytes is missing
        except ValueError as error:
            assert type(error) is ValueError
    assert accepted == 0 or "animated" in name


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(list(CORPUS.values())),
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4),
    bit=st.integers(0, 7),
    header=st.booleans(),
)
def test_flipped_bits_give_a_picture_or_a_refusal(data, places, bit, header):
    damaged = bytearray(data)
    for place in places:
        # Half of the time in the first bytes, where sizes and modes are.
        damaged[int(place * (64 if header else len(data)))] ^= 1 << bit
    try:
        x = load_image(damaged, size=8)
    except Exception as error:
        assert type(error) is ValueError
        assert error.__context__ is None or error.__suppress_context__
    else:
        assert x.shape == (3, 8, 8) and x.abs().max() <= 1


def test_a_doubtful_file_with_good_pixels_is_shown_without_a_warning():
    cut_short = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x01\x01"
    x = load_image(encode(noise("RGB"), "JPEG", exif=cut_short))
    assert torch.equal(x, load_image(encode(noise("RGB"), "JPEG")))


# Too large


@pytest.mark.parametrize("width, height", [(25_000_001, 1), (10_000, 10_000), (20_000, 20_000)])
def test_a_bomb_is_refused_by_its_header(width, height, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was loaded"))
    assert "more than 25 million pixels" in refusal(png(width, height, 8, 2))


def test_25_megapixels_are_allowed():
    assert load_image(png(5000, 5000, 1, 0, *[bytes(625)] * 5000), size=1).tolist() == [[[-1]]] * 3


def test_50_megabytes_are_allowed_and_no_more(tmp_path):
    path = tmp_path / "padded.png"
    path.write_bytes(encode(noise("RGB"), "PNG"))  # what follows a PNG is ignored
    os.truncate(path, 50_000_000)
    load_image(path, size=8)
    os.truncate(path, 50_000_001)
    assert "'padded.png' is larger than 50 MB" in refusal(path)
    assert "The file in these bytes is larger" in refusal(memoryview(bytes(50_000_001)))


# Small, but made to take gigabytes


TOO_MUCH = "would take too much memory or time; save it anew as PNG."


def test_endless_exif_is_refused():
    jpeg = encode(noise("RGB"), "JPEG")

    def after_the_pixels(size: int) -> bytes:
        whole = png(2, 1, 8, 0, b"\0\xff")
        return whole[:-12] + chunk(b"eXIf", exif(3, [1] * ((size - 44) // 4))[6:]) + whole[-12:]

    def in_parts(count: int) -> bytes:
        part = exif(1, [1])
        segment = b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
        return jpeg[:2] + segment * count + jpeg[2:]

    # Its first pixel was the second.
    assert (load_image(after_the_pixels(1_000_000), size=1) == 1).all()
    assert torch.equal(load_image(in_parts(15)), load_image(jpeg))
    for file in (after_the_pixels(1_000_004), in_parts(16)):
        assert refusal(file).endswith(TOO_MUCH)


def test_endless_tiny_pieces_are_refused(monkeypatch):
    """A million of them: here a hundred times less, to be quick."""
    assert images._MAX_READS == 1_000_000
    monkeypatch.setattr(images, "_MAX_READS", 10_000)
    assert (load_image(png(1, 1, 8, 0, b"\0", extra=chunk(b"aaAa") * 1000)) == -1).all()
    assert refusal(png(1, 1, 8, 0, b"\0", extra=chunk(b"aaAa") * 5000)).endswith(TOO_MUCH)


@pytest.mark.parametrize("format", ["WEBP", *AVIF])
def test_a_format_that_takes_four_times_its_pixels_has_a_limit_of_its_own(format, monkeypatch):
    first, second = noise("RGB", 64, 64), noise("L", 64, 64).convert("RGB")
    one = encode(first, format)
    monkeypatch.setattr(images, "_MAX_MEMORY", 16 * 64 * 64 + 2 * len(one) + 128)
    load_image(one)
    assert refusal(one + b"\0").endswith(TOO_MUCH)
    two = encode(first, format, save_all=True, append_images=[second])
    monkeypatch.setattr(images, "_MAX_MEMORY", 16 * 64 * 64 + 2 * len(two) + 128)
    assert refusal(two).endswith(TOO_MUCH)


PLANE = 5000, 5000  # the most that is allowed; and square, so that cropping saves nothing
TURNED = exif(6, [72])  # which takes a second copy


def large_png() -> bytes:
    rows = [bytes(8 * 5000)] * 5000
    return png(*PLANE, 16, 6, *rows, extra=chunk(b"eXIf", TURNED[6:]))


def large_jpeg() -> bytes:
    return encode(Image.new("CMYK", PLANE), "JPEG", progressive=True, exif=TURNED)


def large_webp() -> bytes:
    """With as much beside its pixels as is allowed."""
    webp = encode(Image.new("RGBA", PLANE, (1, 0, 0, 99)), "WEBP", method=0, exif=TURNED)
    filler = bytes((images._MAX_MEMORY - 16 * 25_000_000) // 2 - len(webp) - 1000)
    body = webp[8:] + b"FILL" + struct.pack("<I", len(filler)) + filler
    return b"RIFF" + struct.pack("<I", len(body)) + body


STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(kind: str) -> int:
    return int(STATUS.read_text().partition(kind)[2].split()[0]) * 1024


@pytest.mark.skipif(
    not RESET.exists(),
    reason="the most memory that a process ever held is read from /proc, which is not here",
)
@pytest.mark.parametrize("make", [large_png, large_jpeg, large_webp])
def test_the_largest_pictures_take_less_than_500_megabytes(make):
    data = make()
    # Give back what earlier tests have freed, or it would serve here without being counted.
    ctypes.CDLL(None).malloc_trim(0)
    before = memory("VmRSS:")
    RESET.write_text("5")  # forget the peak so far
    load_image(data)
    taken = memory("VmHWM:") - before
    assert 200e6 < taken < 500e6
