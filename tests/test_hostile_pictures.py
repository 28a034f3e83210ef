"""Files that are no pictures, are damaged, or are made to take all memory and time."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import (
    ASCII,
    BITS,
    COMPRESSION,
    EXTRA,
    FORMAT,
    HEIGHT,
    LENGTHS,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    ROWS,
    SHORT,
    STARTS,
    TILE_HEIGHT,
    TILE_WIDTH,
    WIDTH,
    bmp,
    chunk,
    deflated,
    encode,
    exif,
    gif,
    grey,
    jpeg_segment,
    noise,
    png,
    png_rows,
    quarters,
    refusal,
    riff_with,
    tiff,
)
from PIL import Image, ImageFile, features

from diffusion.teaching import images
from diffusion.teaching.images import load_image

DATA = Path(__file__).parent.parent / "data"

# No warning may ever escape: each would be a second, unexplained message to a student.
pytestmark = pytest.mark.filterwarnings("error")


# Files that are no pictures


def test_a_missing_file_is_named_without_its_folder(tmp_path):
    message = refusal(tmp_path / "dog.png", FileNotFoundError)
    assert "'dog.png'" in message and tmp_path.name not in message
    file = tmp_path / "file"
    file.touch()
    refusal(file / "dog.png", FileNotFoundError)


def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path):
    cat = (DATA / "cat.png").read_bytes()
    contents = {
        "is empty": b"",
        "is not a picture": "Ceci n'est pas une pipe. Ceci est un texte — voilà.\n".encode() * 50,
        "is damaged or incomplete": cat[: len(cat) // 2],
    }
    for problem, data in contents.items():
        path = tmp_path / "my picture.png"
        path.write_bytes(data)
        message = refusal(path)
        assert message.startswith(f"'my picture.png' {problem}") and tmp_path.name not in message
        assert refusal(str(path)) == message
        assert refusal(data).startswith(f"The file in these bytes {problem}")


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path).startswith(f"'{tmp_path.name}' is a folder")
    assert refusal(".").startswith("'.' is a folder")
    assert refusal("").startswith("'.' is a folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    messages = []
    attempt = threading.Thread(target=lambda: messages.append(refusal(pipe)), daemon=True)
    attempt.start()
    attempt.join(timeout=5)
    assert messages and "'pipe.png' is not an ordinary file" in messages[0]
    assert "not an ordinary file" in refusal(os.devnull)


def test_paths_that_cannot_be_read(tmp_path, monkeypatch):
    assert "cannot be read" in refusal("nul\0l.png")
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    assert "'loop.png' cannot be read" in refusal(loop)

    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images, "open", denied, raising=False)
    assert "'cat.png' cannot be read" in refusal(DATA / "cat.png")


def test_a_link_is_followed(tmp_path):
    links = {name: tmp_path / f"{name}.png" for name in ("picture", "again", "folder", "nowhere")}
    links["picture"].symlink_to(DATA / "cat.png")
    links["again"].symlink_to(links["picture"])
    links["folder"].symlink_to(DATA, target_is_directory=True)
    links["nowhere"].symlink_to(tmp_path / "dog.png")
    assert torch.equal(load_image(links["again"]), load_image(DATA / "cat.png"))
    assert refusal(links["folder"]).startswith("'folder.png' is a folder")
    assert "no file 'nowhere.png'" in refusal(links["nowhere"], FileNotFoundError)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such permissions")
def test_a_file_that_only_others_may_read(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "secret.png"
    path.write_bytes((DATA / "cat.png").read_bytes())
    path.chmod(0)
    assert "'secret.png' cannot be read" in refusal(path)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets in files")
def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        assert "'socket.png' is not an ordinary file" in refusal("socket.png")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no /proc")
def test_what_the_system_shows_as_files_is_refused():
    assert "not an ordinary file" in refusal("/dev/zero")
    assert "'mem' cannot be read" in refusal("/proc/self/mem")
    assert "'status' is not a picture" in refusal("/proc/self/status")


def test_the_extension_does_not_matter(tmp_path):
    for name in ["cat.jpg", "cat.txt", "cat", "cat.xyz"]:
        path = tmp_path / name
        path.write_bytes((DATA / "cat.png").read_bytes())
        assert torch.equal(load_image(path), load_image(DATA / "cat.png"))


@pytest.mark.parametrize("format", ["PPM", "ICO", "TGA", "PCX", "EPS", "JPEG2000"])
def test_formats_off_the_list_are_refused(format):
    """Each further decoder is more code for a crafted file to reach; EPS even runs a program."""
    if format == "JPEG2000" and not features.check("jpg_2000"):
        pytest.skip("this Pillow has no JPEG 2000")
    message = refusal(encode(noise("RGB"), format))
    assert "not a picture" in message and "PNG, JPEG, GIF, WEBP, BMP, TIFF" in message
    assert ("AVIF" in message) == bool(features.check("avif"))


# Damaged files


def corpus() -> dict[str, bytes]:
    """Small files of every format, with a name each."""
    rgb, rgba, second = noise("RGB"), noise("RGBA"), noise("L").convert("RGBA")
    deep = grey([[1, 2, 3, 60_000]] * 4, "I;16", "<H")
    whole = grey([[1, 2, 3, 70_000]] * 4, "I", "=i")
    floats = grey([[1.0, 2.0, 3.0, 4.0]] * 4, "F", "=f")
    samples = rgb.tobytes()
    planes = [samples[colour::3] for colour in range(3)]
    runs = b"\3\1\0\5\1\2\3\4\5\0\0\0" * 8 + b"\0\1"
    files = {
        "PNG": encode(rgb, "PNG"),
        "PNG, palette": encode(noise("P"), "PNG"),
        "PNG, animated": encode(rgba, "PNG", save_all=True, append_images=[second]),
        "PNG, 16 bits": encode(deep, "PNG", transparency=3),
        "PNG, colour of 16 bits": png(24, 12, 16, 2, png_rows(*[samples[:144]] * 12)),
        "JPEG": encode(rgb, "JPEG"),
        "JPEG, grey": encode(noise("L"), "JPEG"),
        "JPEG, CMYK, progressive": encode(noise("CMYK"), "JPEG", progressive=True),
        "JPEG, two": encode(rgb, "MPO", save_all=True, append_images=[second.convert("RGB")]),
        "GIF": encode(rgb, "GIF"),
        "GIF, animated": encode(rgb, "GIF", save_all=True, append_images=[second]),
        "WEBP": encode(rgb, "WEBP"),
        "WEBP, lossy": encode(rgba, "WEBP", lossless=False),
        "WEBP, animated": encode(rgba, "WEBP", save_all=True, append_images=[second]),
        "BMP": encode(rgb, "BMP"),
        "BMP, palette": encode(noise("P"), "BMP"),
        "BMP, runs": bmp(8, 8, 8, 1, runs, bytes(range(256)) * 4),
        "TIFF": encode(rgb, "TIFF"),
        "TIFF, two": encode(rgba, "TIFF", save_all=True, append_images=[second]),
        "TIFF, plain": encode(rgb, "TIFF", compression=None),
        "TIFF, deflated": encode(noise("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        "TIFF, packed": encode(noise("P"), "TIFF", compression="packbits"),
        "TIFF, JPEG": encode(rgb, "TIFF", compression="jpeg"),
        "TIFF, fax": encode(noise("1"), "TIFF", compression="group4"),
        "TIFF, 32 bits": encode(whole, "TIFF"),
        "TIFF, floats": encode(floats, "TIFF", compression=None),
        "TIFF, planes": tiff(24, 24, [8] * 3, 2, *planes, tags={PLANAR: [2]}),
    }
    if features.check("avif"):
        files["AVIF"] = encode(rgb, "AVIF")
    return files


CORPUS = corpus()


@pytest.mark.parametrize("name", CORPUS)
def test_a_truncated_file_is_refused_or_whole_but_never_half_a_picture(name):
    data = CORPUS[name]
    whole = load_image(data, size=24)
    near_the_ends = {*range(60), *range(len(data) - 60, len(data))}
    accepted = 0
    for length in sorted(near_the_ends | set(range(0, len(data), 11))):
        try:
            assert torch.equal(load_image(data[:length], size=24), whole), length
            accepted += length < len(data) - 24  # more than the closing bytes is missing
        except ValueError as error:
            assert type(error) is ValueError
    assert accepted == 0 or "animated" in name or "two" in name


def test_a_doubtful_file_with_good_pixels_is_shown_without_a_warning():
    cut_short = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x01\x01"
    x = load_image(encode(quarters(), "JPEG", exif=cut_short), size=64)
    assert torch.equal(x, load_image(encode(quarters(), "JPEG"), size=64))


@settings(max_examples=1000, deadline=None)
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


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"]),
    rest=st.binary(min_size=1, max_size=200),
)
def test_arbitrary_bytes_are_refused(start, rest):
    try:
        load_image(start + rest, size=8)
    except Exception as error:
        assert type(error) is ValueError


# Too large


def with_size(format: str, width: int, height: int) -> bytes:
    """A file of a few bytes whose header claims to be this large."""
    data = bytearray(encode(Image.new("RGB", (8, 8)), format))
    offset, code = {"PNG": (16, ">II"), "GIF": (6, "<HH"), "BMP": (18, "<II")}[format]
    struct.pack_into(code, data, offset, width, height)
    if format == "PNG":  # the one with a checksum
        struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP"])
@pytest.mark.parametrize("width, height", [(6000, 5000), (10_000, 10_000), (20_000, 20_000)])
def test_a_bomb_is_refused_by_its_header(format, width, height, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was loaded"))
    assert "more than 25 million pixels" in refusal(with_size(format, width, height))


def test_25_megapixels_are_allowed_and_no_more():
    assert load_image(encode(Image.new("1", (5000, 5000)), "PNG"), size=1).tolist() == [[[-1]]] * 3
    assert "pixels" in refusal(with_size("PNG", 25_000_001, 1))


@pytest.mark.parametrize("limit", [400, 200])  # Pillow warns above its limit, raises above twice
def test_a_lower_limit_of_pillow_is_respected(limit, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert "pixels" in refusal(encode(noise("RGB"), "PNG"))


def test_the_safeguards_of_pillow_are_left_alone():
    load_image(DATA / "cat.png")
    assert Image.MAX_IMAGE_PIXELS == 1024**3 // 4 // 3
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_50_megabytes_are_allowed_and_no_more(tmp_path):
    path = tmp_path / "padded.png"
    path.write_bytes(encode(noise("RGB"), "PNG"))  # what follows a PNG is ignored
    os.truncate(path, 50_000_000)
    load_image(path, size=8)
    os.truncate(path, 50_000_001)
    assert "'padded.png' is larger than 50 MB" in refusal(path)
    assert "The file in these bytes is larger" in refusal(memoryview(bytes(50_000_001)))


# Small, but made to take minutes or gigabytes


TOO_MUCH = "would take too much memory or time; save it anew as PNG."


def test_a_tiff_of_one_huge_tile_is_refused():
    side = 16 * 313  # of 25 megapixels and a bit
    tags = {COMPRESSION: [8], TILE_WIDTH: [side], TILE_HEIGHT: [side]}
    bomb = tiff(8, 8, [8], 1, deflated(side**2), tags=tags)
    assert len(bomb) < 150_000 and "more than 25 million pixels" in refusal(bomb)
    tags[TILE_HEIGHT] = [16 * 311]
    assert (
        load_image(tiff(8, 8, [8], 1, deflated(side**2), tags=tags), size=8).unique().numel() == 1
    )


@pytest.mark.parametrize("order", "<>")
def test_a_tiff_of_endless_lists_is_refused(order):
    def file(count: int) -> bytes:
        """Of one strip, and of so many numbers in tags, all told."""
        return tiff(2, 2, [8], 1, b"abcd", order=order, tags={65000: [1] * (count - 9)})

    plain = load_image(tiff(2, 2, [8], 1, b"abcd"), size=2)
    assert torch.equal(load_image(file(500_000), size=2), plain)
    assert refusal(file(500_001)).endswith(TOO_MUCH)


def test_a_big_tiff_of_endless_lists_is_refused():
    """BigTIFF: the same format, with 64 bits for every place and count."""

    def file(count: int) -> bytes:
        tags = {WIDTH: 2, HEIGHT: 2, BITS: 8, PHOTOMETRIC: 1, STARTS: 16, LENGTHS: 4}
        entries = b"".join(struct.pack("<HHQQ", tag, SHORT, 1, tags[tag]) for tag in tags)
        list_at = 24 + 8 + 7 * 20 + 8
        entries += struct.pack("<HHQQ", 65000, SHORT, count - 6, list_at)
        head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 24) + b"abcd" + bytes(4)
        return head + struct.pack("<Q", 7) + entries + bytes(8 + 2 * count)

    plain = load_image(tiff(2, 2, [8], 1, b"abcd"), size=2)
    assert torch.equal(load_image(file(500_000), size=2), plain)
    assert refusal(file(500_001)).endswith(TOO_MUCH)


def test_a_tiff_whose_directory_is_cut_off_is_refused():
    """Without its last tag, this one would have integers."""
    data = tiff(2, 2, [32], 1, struct.pack("<4f", -1, 0, 1, 3), tags={FORMAT: [3]})
    whole = load_image(data, size=2)
    assert torch.equal(load_image(data[:-4], size=2), whole)  # all but where the next one is
    for missing in range(5, 20):
        assert "is damaged or incomplete" in refusal(data[:-missing])


def jpeg_with(*segments: bytes) -> bytes:
    data = encode(quarters(), "JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def test_a_jpeg_of_endless_scans_is_refused():
    data = encode(Image.new("L", (64, 64), 99), "JPEG", progressive=True)
    scans = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    second = data[scans[1] : scans[2]]
    repeated = data[: scans[1]] + second * (100 - len(scans)) + data[scans[1] :]
    assert torch.equal(load_image(repeated, size=8), load_image(data, size=8))
    assert refusal(repeated[: scans[1]] + second + repeated[scans[1] :]).endswith(TOO_MUCH)


def test_exif_in_endless_parts_is_refused():
    part = jpeg_segment(0xE1, exif({}) + bytes(9))
    assert load_image(jpeg_with(*[part] * 99), size=8).shape == (3, 8, 8)
    assert refusal(jpeg_with(*[part] * 100)).endswith(TOO_MUCH)


def test_endless_exif_is_refused():
    def file(size: int) -> bytes:
        text = exif({315: (ASCII, b"a" * (size - 44)), ORIENTATION: (SHORT, b"\6\0")})
        return encode(quarters(), "PNG", exif=text)

    turned = load_image(encode(quarters(), "PNG"), size=64).rot90(-1, (1, 2))
    assert torch.equal(load_image(file(1_000_000), size=64), turned)
    assert refusal(file(1_000_001)).endswith(TOO_MUCH)


TINY_PIECES = {
    "comments of a GIF": gif(8, 8, b"!\xfe" + b"\1a" * 5000 + b"\0"),
    "extensions of a GIF": gif(8, 8, b"!\xf9\4\0\0\0\0\0" * 3000),
    "segments of a JPEG": jpeg_with(b"\xff\xe5\0\2" * 5000),
    "comments of a JPEG": jpeg_with(b"\xff\xfe\0\2" * 5000),
    "filling of a JPEG": jpeg_with(b"\xff" * 10_000),
    "chunks of a PNG": png(8, 8, 8, 0, b"", *[chunk(b"aaAa")] * 5000),
    "runs of a BMP": bmp(200, 200, 8, 1, b"\1\2" * 10_000, bytes(1024)),
}


@pytest.mark.parametrize("data", [pytest.param(TINY_PIECES[name], id=name) for name in TINY_PIECES])
def test_a_file_of_endless_tiny_pieces_is_refused(data, monkeypatch):
    """A million of them: here a hundred times less, to be quick."""
    assert images._MAX_READS == 1_000_000
    monkeypatch.setattr(images, "_MAX_READS", 10_000)
    assert refusal(data).endswith(TOO_MUCH)


def test_a_file_of_many_pieces_is_allowed():
    pixels = png_rows(*[bytes(range(64))] * 64)
    parts = [chunk(b"IDAT", bytes([byte])) for byte in pixels]
    whole = png(64, 64, 8, 0, pixels)
    x = load_image(whole.replace(chunk(b"IDAT", pixels), b"".join(parts)), size=64)
    assert torch.equal(x, load_image(whole, size=64))


@pytest.mark.parametrize("format", ["WEBP"] + ["AVIF"] * features.check("avif"))
def test_a_format_that_takes_four_times_its_pixels_has_a_limit_of_its_own(format, monkeypatch):
    first, second = noise("RGB", 64, 64), noise("L", 64, 64).convert("RGB")
    one = encode(first, format)
    monkeypatch.setattr(images, "_MAX_MEMORY", 16 * 64 * 64 + 2 * len(one) + 128)
    load_image(one)
    load_image(encode(first, "PNG"))
    assert refusal(one + b"\0").endswith(TOO_MUCH)
    two = encode(first, format, save_all=True, append_images=[second])
    monkeypatch.setattr(images, "_MAX_MEMORY", 16 * 64 * 64 + 2 * len(two) + 128)
    assert refusal(two).endswith(TOO_MUCH)


# The most memory, and the most time

PLANE = 5000, 5000  # the most that is allowed; and square, so that cropping saves nothing
TURNED = exif({ORIENTATION: (SHORT, b"\6\0")})


def large_png(depth: int, kind: int, samples: int, *chunks: bytes) -> bytes:
    row = 1 + 5000 * samples * depth // 8
    return png(*PLANE, depth, kind, deflated(5000 * row, b"\0"), *chunks)


def large_tiff(bits: list[int], photometric: int, tags, width=5000, height=5000) -> bytes:
    tags = {COMPRESSION: [8], ORIENTATION: [6], **tags}
    size = tags.get(TILE_WIDTH, [width])[0] * tags.get(TILE_HEIGHT, [height])[0] * sum(bits) // 8
    return tiff(width, height, bits, photometric, deflated(size), tags=tags)


def large_webp() -> bytes:
    """With two frames, and as much beside them as is allowed."""
    first, second = (Image.new("RGBA", PLANE, (level, 0, 0, 99)) for level in (0, 1))
    data = encode(first, "WEBP", save_all=True, append_images=[second], method=0, exif=TURNED)
    filler = (images._MAX_MEMORY - 400_000_000) // 2 - len(data) - 1000
    return riff_with(data, b"FILL", bytes(filler))


def large_tiles() -> bytes:
    tags = {TILE_WIDTH: [5008], TILE_HEIGHT: [4992], EXTRA: [2]}
    return large_tiff([16] * 4, 2, tags, width=5008, height=4992)


def large_jpeg() -> bytes:
    return encode(Image.new("CMYK", PLANE), "JPEG", progressive=True, exif=TURNED)


LARGEST = {
    "clear.png": lambda: large_png(16, 0, 1, chunk(b"tRNS", b"\0\5"), chunk(b"eXIf", TURNED[6:])),
    "deep.png": lambda: large_png(16, 6, 4, chunk(b"eXIf", TURNED[6:])),
    "integers.tif": lambda: large_tiff([32], 1, {FORMAT: [2]}),
    "floats.tif": lambda: large_tiff([32], 1, {FORMAT: [3]}),
    "lab.tif": lambda: large_tiff([8] * 3, 8, {}),
    "tiles.tif": large_tiles,
    "inks.jpg": large_jpeg,
    "clear.gif": lambda: encode(Image.new("P", PLANE, 3), "GIF", transparency=3),
    "row.bmp": lambda: bmp(25_000_000, 1, 8, 1, b"\0\2\0\xff\0\1", bytes(range(256)) * 4),
    "frames.webp": large_webp,
}
if features.check("avif"):
    LARGEST["alpha.avif"] = lambda: encode(Image.new("RGBA", PLANE), "AVIF", speed=10, exif=TURNED)


# Each would take 600 MB or more.
BOMBS = {
    "text.png": lambda: png(8, 8, 8, 0, b"", chunk(b"zTXt", b"a\0\0" + deflated(600_000_000))),
    "profile.png": lambda: png(8, 8, 8, 0, b"", chunk(b"iCCP", b"a\0\0" + deflated(600_000_000))),
    "tile.tif": lambda: large_tiff([8], 1, {TILE_WIDTH: [24_576], TILE_HEIGHT: [24_576]}),
    "lists.tif": lambda: tiff(9, 9, [8], 1, bytes(81), tags={STARTS: [8] * 3_000_000, ROWS: [1]}),
    "comments.gif": lambda: gif(8, 8, b"!\xfe" + b"\1a" * 20_000_000 + b"\0"),
    "exif.png": lambda: encode(
        quarters(), "PNG", exif=exif({ORIENTATION: (SHORT, b"01" * 20_000_000)})
    ),
}

MEASURE = """
import json, os, sys, time
from pathlib import Path
from diffusion.teaching.images import load_image

def memory(kind):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(kind)[2].split()[0]) * 1024

for path in sys.argv[1:]:
    if os.fork():  # a process for each file, with a peak of its own
        os.wait()
        continue
    before, said = memory("VmRSS:"), ""
    try:
        load_image(path)
    except ValueError as error:
        said = str(error)
    found = {"name": Path(path).name, "said": said, "seconds": time.process_time()}
    print(json.dumps(found | {"bytes": memory("VmHWM:") - before}), flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(),
    reason="the most memory that a process ever held is read from /proc, which is not here",
)
@pytest.mark.parametrize("files, are_pictures", [(LARGEST, True), (BOMBS, False)])
def test_no_file_takes_500_megabytes_or_ten_seconds(files, are_pictures, tmp_path):
    """Beyond what is held after the import; as seconds of computing, however busy the machine."""
    for name, make in files.items():
        (tmp_path / name).write_bytes(make())
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert {each["name"] for each in found} == set(files) and not run.stderr
    for each in found:
        assert (each["said"] == "") == are_pictures, each
        assert each["bytes"] < 500e6 and each["seconds"] < 10, each
