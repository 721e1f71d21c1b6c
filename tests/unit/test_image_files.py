"""Image files of every format: formats that can be read here, orientation, color profiles, broken blocks."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorlib.color import lab_to_rgb
from colorlib.data import image_files
from colorlib.data.image_files import Unreadable, decode

FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif", "GIF": ".gif", "BMP": ".bmp",
           "JPEG 2000": ".jp2", "AVIF": ".avif"}
KEYWORDS = {"JPEG": {"quality": 97, "subsampling": 0}, "WebP": {"lossless": True},
            "AVIF": {"quality": 100, "subsampling": "4:4:4"}}
NEARLY = 12                                                                 # JPEG and AVIF lose a little


def corners(width=32, height=24):
    """A picture whose four corners differ, so that each of the eight orientations looks different."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.stack([40 + 180 * x, 60 + 120 * y, 90 + 60 * x * y], -1).astype(np.uint8))


def saved(image, name, **keywords):
    """The bytes of an image file; skipped where the installed Pillow lacks the format."""
    if name not in image_files.readable_formats():
        pytest.skip(f"this Pillow cannot read {name}")
    file = io.BytesIO()
    image.save(file, image_files.readable_formats()[name], **KEYWORDS.get(name, {}) | keywords)
    return io.BytesIO(file.getvalue())


def difference(a, b):
    return np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max()


# formats

@pytest.mark.parametrize("name", FORMATS)
def test_every_format_that_is_named_can_be_read(name, tmp_path):
    image = corners()
    if name == "GIF":
        image = image.quantize(255)
    file = saved(image, name)
    assert difference(decode(file), image.convert("RGB")) <= NEARLY
    (tmp_path / "file").write_bytes(file.getvalue())
    assert (decode(tmp_path / "file") == decode(file)).all(), "the ending of a name does not count"
    assert FORMATS[name] in image_files.image_extensions()


def test_formats_are_those_of_the_installed_pillow(monkeypatch):
    image_files.readable_formats.cache_clear()
    monkeypatch.delitem(Image.OPEN, "BMP")
    check = image_files.features.check
    monkeypatch.setattr(image_files.features, "check", lambda part: part not in ("avif", "jpg_2000") and check(part))
    try:
        assert image_files.format_names() == "JPEG, PNG, WebP, TIFF or GIF"
        assert not {".bmp", ".avif", ".jp2"} & image_files.image_extensions()
        with pytest.raises(Unreadable, match="^not a JPEG, PNG, WebP, TIFF or GIF$"):
            decode(io.BytesIO(b"BM no picture"))
    finally:
        image_files.readable_formats.cache_clear()


@pytest.mark.parametrize("data", [b"", b"no picture", b"%PDF-1.4", b"P6 2 2 255 " + bytes(12)])
def test_other_files_are_refused_with_the_formats_that_can_be_read(data, tmp_path):
    with pytest.raises(Unreadable, match=f"^not a {image_files.format_names()}$"):
        decode(io.BytesIO(data))
    with pytest.raises(Unreadable, match="^cannot be opened"):
        decode(tmp_path / "none.jpg")


# orientation

STORED = {1: [], 2: ["FLIP_LEFT_RIGHT"], 3: ["ROTATE_180"], 4: ["FLIP_TOP_BOTTOM"], 5: ["TRANSPOSE"],
          6: ["ROTATE_90"], 7: ["TRANSVERSE"], 8: ["ROTATE_270"]}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(name, orientation):
    stored = corners()
    for step in STORED[orientation]:
        stored = stored.transpose(Image.Transpose[step])
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert difference(decode(saved(stored, name, exif=exif)), corners()) <= NEARLY


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize("exif", [
    b"Exif\0\0not a TIFF header", b"xxx", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\xff\xff",
    b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x07\0\x01\0\0\0\x06\0\0\0" + b"\xff" * 20,      # cut, and of a wrong type
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",             # orientation 99
])
def test_a_broken_exif_block_is_ignored(name, exif):
    assert difference(decode(saved(corners(), name, exif=exif)), corners()) <= NEARLY


def test_a_broken_exif_block_of_avif_is_ignored(tmp_path):
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    data = saved(corners(), "AVIF", exif=exif).getvalue()
    place = max(data.find(b"MM\0*"), data.find(b"II*\0"))
    assert place > 0
    broken = data[:place] + b"broken!!" + data[place + 8:]
    (tmp_path / "broken.avif").write_bytes(broken)
    for file in (io.BytesIO(broken), tmp_path / "broken.avif"):
        assert difference(decode(file), corners()) <= NEARLY


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_orientation_holds_beside_broken_tags():
    """The tag of the orientation can be read, another cannot be written again."""
    directory = struct.pack("<HHHIIHHIII", 2, 0x0112, 3, 1, 6, 0x011A, 5, 1, 0xFFFFFF, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory
    assert decode(saved(corners(), "PNG", exif=exif)).shape == (32, 24, 3)


# color profiles

def icc(space, connection, kind, tags):
    """An ICC profile, version 2.4, from its color spaces, its class and its tags."""
    places, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags.items():
        places += struct.pack(">4sII", signature, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    content = struct.pack(">I", len(tags)) + places + body
    header = struct.pack(">I4sI4s4s4s12x4s", 128 + len(content), bytes(4), 0x02400000, kind, space, connection, b"acsp")
    header += bytes(28) + xyz(0.9642, 1, 0.8249)[8:]                          # D50
    return header.ljust(128, b"\0") + content


def xyz(*values):
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma(value):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


# The primaries of sRGB and of Display P3, adapted to D50: columns are red, green, blue.
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])


def matrix_profile(primaries, exponent=2.2):
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    for letter, column in zip(b"rgb", primaries.T, strict=True):
        tags |= {bytes([letter]) + b"XYZ": xyz(*column), bytes([letter]) + b"TRC": gamma(exponent)}
    return icc(b"RGB ", b"XYZ ", b"mntr", tags)


def srgb_encoded(linear):
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def wide_to_srgb(image):
    """What the pixels of a Display P3 image with gamma 2.2 are in sRGB."""
    linear = (np.asarray(image) / 255) ** 2.2
    return srgb_encoded(linear @ (np.linalg.inv(SRGB) @ P3).T)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF", "AVIF"])
def test_a_wide_gamut_profile_is_converted(name):
    image = corners()
    read = decode(saved(image, name, icc_profile=matrix_profile(P3)))
    assert difference(read, wide_to_srgb(decode(saved(image, name)))) <= 3
    assert difference(read, image) > 20, "the profile matters for this image"


def swapped_profile():
    """SRGB, but the first channel is green and the second is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"hold").replace(b"gXYZ", b"rXYZ").replace(b"hold", b"gXYZ")


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_a_profile_that_swaps_channels_shows_in_every_mode_and_beside_an_orientation(mode):
    image = corners().quantize(256).convert("RGB")                          # so that a palette loses nothing
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    for picture, keywords in ((image, {}), (turned, {"exif": exif})):
        stored = picture.quantize(256) if mode == "P" else picture.convert(mode)
        read = decode(saved(stored, "PNG", icc_profile=swapped_profile(), **keywords))
        assert difference(read, np.asarray(image)[..., [1, 0, 2]]) <= 2
    gray, srgb = corners().convert("L"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(decode(saved(gray, "JPEG", icc_profile=srgb)), np.asarray(gray)[..., None]) <= 2     # stays gray


def test_colors_are_converted_before_they_are_put_on_white():
    image = Image.new("RGBA", (4, 3), (200, 40, 90, 128))
    read = decode(saved(image, "PNG", icc_profile=swapped_profile()))
    opaque = np.array([40, 200, 90]) * 128 / 255 + 127
    assert difference(read, np.broadcast_to(opaque, read.shape)) <= 2


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_gray_profile_is_converted(mode):
    brighter = icc(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": gamma(1.8)})
    gray = np.tile(np.arange(0, 256, 5, dtype=np.uint8), (3, 1))
    image = Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    read = decode(saved(image, "PNG", icc_profile=brighter))
    assert difference(read[..., 0], srgb_encoded((gray / 255) ** 1.8)) <= 2 and (read == read[..., :1]).all()
    assert difference(read[..., 0], gray) > 15


PINK, WHITE, BLACK = (60, 60, 0), (100, 0, 0), (0, 0, 0)


def ink_profile():
    """A press whose cyan ink is pink: the 16 corners of CMYK as Lab, one byte each (lut8Type)."""
    corner_colors = [BLACK if k else PINK if c else WHITE for c, m, y, k in itertools.product((0, 1), repeat=4)]
    table = bytes(byte for L, a, b in corner_colors for byte in (round(L * 2.55), a + 128, b + 128))
    identity = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    lut += b"".join(struct.pack(">i", 65536 * (i % 4 == 0)) for i in range(9)) + identity * 4 + table + identity * 3
    return icc(b"CMYK", b"Lab ", b"prtr", {b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": lut})


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_a_print_is_converted_by_its_own_profile(name):
    import torch

    pink = lab_to_rgb(torch.tensor(PINK, dtype=torch.float32).view(1, 3, 1, 1)).flatten().numpy() * 255
    for ink, expected in (((255, 0, 0, 0), pink), ((0, 0, 0, 0), [255] * 3), ((0, 0, 0, 255), [0] * 3)):
        image = Image.new("CMYK", (16, 16), ink)
        read = decode(saved(image, name, icc_profile=ink_profile()))
        assert difference(read, np.broadcast_to(np.round(expected), read.shape)) <= 8, ink
    cyan = decode(saved(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), name))
    assert difference(cyan, np.broadcast_to([0, 255, 255], cyan.shape)) <= 3, "without a profile as ever"


def broken_profiles():
    whole = matrix_profile(P3)
    yield "text", b"no profile"
    yield "cut", whole[:200]
    yield "header only", whole[:128]
    yield "of grays", icc(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": gamma(1.0)})
    yield "of inks", ink_profile()
    yield "without primaries", icc(b"RGB ", b"XYZ ", b"mntr", {b"wtpt": xyz(0.9642, 1, 0.8249)})
    yield "of an unknown space", whole.replace(b"RGB ", b"WXYZ", 1)


@pytest.mark.parametrize("profile", [pytest.param(data, id=name) for name, data in broken_profiles()])
def test_a_profile_that_is_broken_or_of_another_kind_is_ignored(profile):
    assert (decode(saved(corners(), "PNG", icc_profile=profile)) == np.asarray(corners())).all()


def test_a_profile_is_ignored_where_pillow_was_built_without_color_management(monkeypatch):
    def lacking(*_):
        raise ImportError("The _imagingcms C module is not installed")

    monkeypatch.setattr(image_files.ImageCms, "ImageCmsProfile", lacking)
    assert (decode(saved(corners(), "PNG", icc_profile=matrix_profile(P3))) == np.asarray(corners())).all()


# writing

def test_a_png_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    class Halfway:
        width = height = 8

        def save(self, path, **_):
            path.write_bytes(b"half of it")
            raise OSError("the disk is full")

    (tmp_path / "there.png").write_bytes(b"as before")
    for name in ("new.png", "there.png"):
        with pytest.raises(OSError, match="full"):
            image_files.write_png(Halfway(), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]
    assert (tmp_path / "there.png").read_bytes() == b"as before"
    image_files.write_png(corners(), tmp_path / "new.png")
    assert difference(decode(tmp_path / "new.png"), corners()) == 0
