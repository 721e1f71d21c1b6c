"""Data sets: folders of every kind of file, photographs, CIFAR-10, and their names."""

import pickle
import subprocess
import sys
import warnings

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from colorlib import color, data
from colorlib.data import cifar10, datasets, folder, fruit_photos, image_files, photos
from colorlib.data.streamed_set import StreamedSet


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch, request):
    if not request.node.get_closest_marker("cifar"):
        monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "cache"))
        monkeypatch.setenv("COLORLIB_OFFLINE", "1")


@pytest.fixture
def pictures(tmp_path):
    """An empty folder for pictures."""
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def gradient(width=24, height=16):
    """A picture whose every corner is another color: red at the upper left, green right of it, blue below."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2, 0] = 255
    rgb[: height // 2, width // 2 :, 1] = 255
    rgb[height // 2 :, : width // 2, 2] = 255
    return Image.fromarray(rgb)


def only(folder, **options):
    """The one picture of a folder, H×W×3."""
    images = datasets.load_folder(folder, keep_gray=True, **options)
    assert len(images) == 1 and not images.skipped
    return images.pixels[0].permute(1, 2, 0).numpy().astype(int)


# kinds of files that test_image_files.py leaves out

@pytest.mark.parametrize("name", ["a.gif", "a.tif"])
def test_of_several_pages_the_first_is_taken(pictures, name):
    gradient().save(pictures / name, save_all=True, append_images=[Image.new("RGB", (24, 16), "white")])
    assert (only(pictures) == np.asarray(gradient())).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_put_on_white(pictures, mode):
    picture = Image.new(mode, (4, 1), (0,) * len(mode))
    picture.putalpha(Image.fromarray(np.array([[0, 51, 204, 255]], np.uint8)))
    picture.save(pictures / "a.png")
    assert only(pictures)[0, :, 0].tolist() == [255, 204, 51, 0]
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putdata([0, 1])
    palette.save(pictures / "a.png", transparency=0)
    assert only(pictures)[0].tolist() == [[255, 255, 255], [0, 0, 255]]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_and_one_are_scaled_not_cut(pictures, name):
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(values).save(pictures / name)
    assert abs(only(pictures)[..., 0] - values / 257).max() <= 0.51
    if name == "a.png":
        rgb = np.random.default_rng(0).integers(0, 65536, (16, 16, 3)).astype(np.uint16)
        (pictures / name).write_bytes(cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
        assert abs(only(pictures) - rgb / 257).max() <= 1
    Image.fromarray(np.eye(8, dtype=bool)).save(pictures / name)                        # one bit
    assert (only(pictures) == 255 * np.eye(8, dtype=int)[..., None]).all()


# what is left out

def test_unreadable_files_are_skipped_and_listed_with_the_reason(pictures):
    gradient().save(pictures / "good.png")
    gradient(400, 400).save(pictures / "cut.jpg")
    (pictures / "cut.jpg").write_bytes((pictures / "cut.jpg").read_bytes()[:2000])
    data = (pictures / "good.png").read_bytes()
    (pictures / "cut.png").write_bytes(data[: len(data) // 2])
    (pictures / "empty.png").touch()
    (pictures / "notes.txt").write_text("no picture")
    (pictures / "page.jpg").write_text("<html>not found</html>")
    (pictures / ".hidden").write_text("not looked at")
    gradient().save(pictures / "other.ppm")
    Image.fromarray(np.zeros((4, 4), np.float32)).save(pictures / "float.tif")
    images = datasets.load_folder(pictures)
    assert len(images) == 1
    reasons = dict(images.skipped)
    assert sorted(reasons) == ["cut.jpg", "cut.png", "empty.png", "float.tif", "notes.txt", "other.ppm", "page.jpg"]
    assert "damaged" in reasons["cut.jpg"] and "floating-point" in reasons["float.tif"]
    assert reasons["notes.txt"] == reasons["page.jpg"] == f"not a {image_files.format_names()}"
    assert datasets.load_folder(pictures).skipped == images.skipped, "the list comes back from the cache"


def bomb(width, height):
    """A PNG of a few hundred bytes that claims to be huge."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_500, 60_000])
def test_decompression_bombs_are_refused_before_they_are_decoded(pictures, side):
    gradient().save(pictures / "good.png")
    (pictures / "bomb.png").write_bytes(bomb(side, side))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((name, reason),) = datasets.load_folder(pictures).skipped
    assert name == "bomb.png" and "bomb" in reason


def test_a_folder_without_pictures_is_an_error(pictures):
    with pytest.raises(ValueError, match="no files"):
        datasets.load_folder(pictures)
    (pictures / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match="no picture could be read.*notes.txt"):
        datasets.load_folder(pictures)
    with pytest.raises(FileNotFoundError, match="no folder of pictures"):
        datasets.load_folder(pictures / "nowhere")


# sizes

def test_different_sizes_without_a_size_propose_one(pictures):
    gradient(24, 16).save(pictures / "a.png")
    gradient(30, 20).save(pictures / "b.png")
    with pytest.raises(ValueError, match="size=16"):
        datasets.load_folder(pictures)
    assert datasets.load_folder(pictures, size=16).size == (16, 16)
    assert datasets.load_folder(pictures, size=(8, 12)).size == (8, 12)
    for size in (0, (8,), (8, 0)):
        with pytest.raises(ValueError, match="size must be"):
            datasets.load_folder(pictures, size=size)


def test_a_size_takes_the_middle_of_the_longer_side_and_shrinking_averages(pictures):
    rgb = np.zeros((10, 30, 3), np.uint8)
    rgb[:, 10:20] = 255
    Image.fromarray(rgb).save(pictures / "a.png")
    assert (only(pictures, size=10) == 255).all()
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(pictures / "a.png")
    assert abs(only(pictures, size=8) - 127.5).max() < 8


# splits and labels

def colored(folder, name, value):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (value, 0, 200)).save(folder / name)


def test_folders_named_train_and_val_are_the_splits_and_their_folders_the_labels(pictures):
    for i, name in enumerate(["train/pear/1.png", "train/apple/1.png", "train/pear/2.png", "val/pear/3.png"]):
        colored(pictures, name, i)
    train, test = datasets.load_folder(pictures, split="train"), datasets.load_folder(pictures, split="test")
    assert [train.classes[i] for i in train.labels] == ["apple", "pear", "pear"]
    assert test.classes == train.classes and [test.classes[i] for i in test.labels] == ["pear"]
    assert train.pixels[:, 0, 0, 0].tolist() == [1, 0, 2] and test.pixels[:, 0, 0, 0].tolist() == [3]


def test_other_folders_are_split_without_overlap(pictures):
    for i in range(25):
        colored(pictures, f"{i:02}.png", i)
    train, test, whole = (datasets.load_folder(pictures, split=split) for split in ("train", "test", "all"))
    assert (len(train), len(test)) == (22, 3) and train.labels is None
    values = [images.pixels[:, 0, 0, 0].tolist() for images in (train, test, whole)]
    assert sorted(values[0] + values[1]) == values[2] and values[1] == values[2][::10]
    with pytest.raises(ValueError, match="split must be"):
        datasets.load_folder(pictures, split="valid")


# cache

def test_pictures_are_decoded_once_until_one_changes(pictures, monkeypatch):
    for i in range(3):
        colored(pictures, f"{i}.png", i)
    first = datasets.load_folder(pictures)
    with monkeypatch.context() as patch:
        patch.setattr(image_files, "decode", lambda *_: pytest.fail("decoded again"))
        assert torch.equal(datasets.load_folder(pictures).pixels, first.pixels)
    Image.new("RGB", (8, 8), (77, 0, 1)).save(pictures / "1.png")
    assert datasets.load_folder(pictures).pixels[:, 0, 0, 0].tolist() == [0, 77, 2]


@pytest.mark.parametrize("suffix, content", [("rgb", b"short"), ("json", b"{"), ("json", b'{"key": 1}')])
def test_a_damaged_cache_is_made_anew(pictures, tmp_path, suffix, content):
    colored(pictures, "a.png", 9)
    datasets.load_folder(pictures)
    (file,) = (tmp_path / "cache").glob(f"folder-*.{suffix}")
    file.write_bytes(content)
    assert datasets.load_folder(pictures).pixels[0, 0, 0, 0] == 9


def test_without_a_writable_cache_pictures_are_decoded_each_time(pictures, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "file" / "cache"))
    colored(pictures, "a.png", 9)
    assert datasets.load_folder(pictures).pixels[0, 0, 0, 0] == 9
    with pytest.raises(datasets.DataUnavailable, match="COLORLIB_DATA"):
        datasets.load_folder(pictures, memory=100)


# more than the memory

@pytest.fixture
def both(pictures):
    """The same 40 pictures streamed and in memory."""
    for i in range(40):
        colored(pictures, f"{'ab'[i % 2]}/{i:02}.png", i)
    streamed, whole = datasets.load_folder(pictures, memory=2_000), datasets.load_folder(pictures)
    assert isinstance(streamed, StreamedSet) and not isinstance(whole, StreamedSet)
    return streamed, whole


@pytest.mark.parametrize("workers", [0, 2])
def test_streamed_batches_are_those_of_memory(both, workers):
    streamed, whole = both
    streamed.workers = workers
    before = torch.random.get_rng_state()
    for options in ({"seed": None}, {"seed": 1, "flip": True}, {"seed": 1, "flip": True, "rank": 1, "world": 3}):
        pairs = zip(streamed.batches(7, **options), whole.batches(7, **options), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)
    assert torch.equal(before, torch.random.get_rng_state())


def test_streamed_parts_are_those_of_memory(both):
    streamed, whole = both
    assert len(streamed) == 40 and streamed.size == whole.size and torch.equal(streamed.labels, whole.labels)
    small, large = streamed.take(5, seed=2), streamed.take(20, seed=2)
    assert not isinstance(small, StreamedSet) and torch.equal(small.pixels, whole.take(5, seed=2).pixels)
    assert isinstance(large, StreamedSet) and torch.equal(large.labels, whole.take(20, seed=2).labels)
    large.workers = 0
    assert torch.equal(torch.cat(list(large.batches(6))), whole.take(20, seed=2).pixels)
    assert torch.equal(large[3:5].pixels, whole.take(20, seed=2)[3:5].pixels)
    assert torch.equal(large[4], whole.take(20, seed=2)[4])
    assert torch.equal(large[-18:].labels, whole.take(20, seed=2)[-18:].labels)
    for index in (0, 17, -1, np.int64(3)):
        assert torch.equal(streamed[index], whole[index]) and streamed[index].shape == (3, 8, 8)
    with pytest.raises(IndexError):
        streamed[40]
    again = pickle.loads(pickle.dumps(streamed))                                        # to another process
    assert torch.equal(again[3:5].pixels, whole[3:5].pixels) and repr(again) == repr(streamed)
    assert torch.equal(streamed.rgb([1, 2]), whole.rgb([1, 2]))
    torch.testing.assert_close(streamed.ab_mean(), whole.ab_mean())
    for refused in (lambda: streamed.pixels, streamed.rgb):
        with pytest.raises(ValueError, match="batches"):
            refused()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataloader_over_a_streamed_set_gives_the_images_of_memory(both, workers):
    streamed, whole = both
    loader = DataLoader(streamed, batch_size=16, shuffle=True, num_workers=workers,
                        generator=torch.Generator().manual_seed(0))
    batches = list(loader)
    assert [tuple(batch.shape) for batch in batches] == [(16, 3, 8, 8), (16, 3, 8, 8), (8, 3, 8, 8)]
    seen = torch.cat(batches)
    assert seen.dtype == torch.uint8 and not torch.equal(seen, whole.pixels)
    assert sorted(seen[:, 0, 0, 0].tolist()) == sorted(whole.pixels[:, 0, 0, 0].tolist())
    order = [39, 0, 7, 7]
    chosen = DataLoader(streamed, batch_size=3, sampler=order, num_workers=workers)
    assert torch.equal(torch.cat(list(chosen)), whole.pixels[order])


# photos

def test_photos_need_no_download_and_share_no_photograph():
    train, test = datasets.load_photos("train", size=32, n=12), datasets.load_photos("test", size=32, n=6)
    assert train.pixels.shape == (12, 3, 32, 32) and len(test) == 6
    assert not set(train.classes) & set(test.classes)
    assert {"astronaut", "coffee"} <= set(train.classes) and "chelsea" in test.classes
    assert all(path.is_file() for split in photos.PHOTOS for path in photos._photo_files(split))
    assert train.rgb().std() > 0.1
    assert torch.equal(train.pixels, datasets.load_photos("train", 32, 12).pixels)
    assert not torch.equal(test.pixels, datasets.load_photos("test", 32, 6, seed=1).pixels)
    assert datasets.load_photos("test", 512, 3).size == (512, 512)


def test_photos_come_without_scikit_learn(monkeypatch):
    find = photos.importlib.util.find_spec
    monkeypatch.setattr(photos.importlib.util, "find_spec", lambda name: None if name == "sklearn" else find(name))
    assert "china" not in datasets.load_photos("train", 32, 6).classes


# pictures without color

def test_nearly_gray_pictures_are_left_out_and_counted(pictures, capsys):
    colored(pictures, "color.png", 1)
    generator = np.random.default_rng(0)
    photograph = generator.integers(0, 256, (8, 8)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    Image.fromarray(photograph).save(pictures / "gray.png")
    Image.fromarray(photograph).convert("RGB").save(pictures / "gray.jpg", quality=60)
    tinted = (photograph[..., None] * np.array([1, 0.8, 0.6])).astype(np.uint8)
    Image.fromarray(tinted).save(pictures / "sepia.png")                    # is of one hue, but not gray
    spot = np.stack([photograph] * 3, 2)
    spot[:8, :8] = 200, 30, 30                                              # a red sixteenth
    Image.fromarray(spot).save(pictures / "spot.png")
    both = datasets.load_folder(pictures, 32)
    assert both.skipped == [("gray.jpg", "nearly gray"), ("gray.png", "nearly gray")] and len(both) == 3
    assert len(datasets.load_folder(pictures, 32, keep_gray=True)) == 5     # from files of their own
    assert len(datasets.load_folder(pictures, 32)) == 3
    assert datasets.left_out(both).startswith("all: 2 left out, 2 of them nearly gray: gray.jpg (nearly gray)")


def test_a_folder_of_gray_pictures_only_is_refused_with_the_way_out(pictures):
    for i in range(3):
        Image.new("L", (32, 32), 60 * i).save(pictures / f"{i}.png")
    with pytest.raises(ValueError, match=r"all 3 pictures are nearly gray.*keep_gray=True"):
        datasets.load_folder(pictures, 32)
    assert len(datasets.load_folder(pictures, 32, keep_gray=True)) == 3


def test_few_pictures_of_the_course_are_nearly_gray():
    for photographs in (datasets.load_fruit_photos("test", size=32), datasets.load_photos("test", 64, 100)):
        assert not any(map(folder.is_nearly_gray, photographs.pixels.permute(0, 2, 3, 1).numpy()))


# names

def test_load_knows_every_name(pictures):
    for i in range(20):
        colored(pictures, f"{i:02}.png", i)
    for name in ("fruits", "photos", f"folder:{pictures}"):
        images = datasets.load(name, "train", n=6, seed=1)
        assert len(images) == 6 and images.size == (32, 32) and images.name == name.split(":")[0]
    assert not torch.equal(datasets.load("fruits", "test", n=6, seed=1).pixels,
                           datasets.load("fruits", "train", n=6, seed=1).pixels)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="no data set 'cifar'; there are auto, cifar10, .*fruits, apples, plums"):
        datasets.load("cifar")
    with pytest.raises(ValueError, match="'train' or 'test'"):
        datasets.load("fruits", "val")
    with pytest.raises(ValueError, match="32×32"):
        datasets.load("cifar10", size=64)


def test_auto_takes_what_is_here_and_prints_which_and_downloads_nothing(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("COLORLIB_OFFLINE")
    monkeypatch.setattr(cifar10, "fetch", lambda *_: pytest.fail("a download"))
    images = datasets.load("auto", "test", n=20)
    assert images.name == "fruit-photos" and len(images) == 20 and images.size == (32, 32)
    assert "CIFAR-10 is not in the data folder, so photographs of fruit" in capsys.readouterr().err
    assert datasets.load("auto", "train", n=5, size=96).name == "fruit-photos"
    assert "no images of 96×96" in capsys.readouterr().err
    monkeypatch.setattr(fruit_photos, "ARCHIVE", tmp_path / "no.zip")
    images = datasets.load("auto", "test", n=20)
    assert images.name == "fruits" and len(images) == 20
    assert "so painted fruit are used" in capsys.readouterr().err


@pytest.mark.cifar
def test_auto_takes_cifar10_where_it_is(cifar, capsys):
    assert datasets.load("auto", "test", n=20).name == "cifar10" and not capsys.readouterr().err


def test_the_package_offers_the_loaders_and_imports_them_when_they_are_used():
    code = ("import sys; from colorlib import data; heavy = 'torch', 'torchvision', 'matplotlib', 'pandas', 'scipy'\n"
            "assert not set(heavy) & set(sys.modules), 'import colorlib.data is not cheap'\n"
            "for name in data.__all__: getattr(data, name)\n"
            "assert not set(heavy[1:]) & set(sys.modules), 'a loader imports too much'")
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {name: getattr(data, name) for name in data.__all__} == {n: getattr(datasets, n) for n in data.__all__}
    with pytest.raises(AttributeError, match="no attribute 'load_nothing'"):
        data.load_nothing  # noqa: B018


# CIFAR-10

@pytest.mark.cifar
def test_a_part_of_cifar10_is_the_same_as_taking_it_from_the_whole(cifar):
    part, whole = datasets.load_cifar10("test", 300), cifar[1]
    assert torch.equal(part.pixels, whole.take(300).pixels) and torch.equal(part.labels, whole.take(300).labels)
    kept = np.load(cifar10.CIFAR10.path("test"))                                        # a plain file of numpy
    assert kept["rgb"].shape == (10_000, 32, 32, 3) and kept["label"].shape == (10_000,)


@pytest.mark.cifar
def test_cifar10_has_the_well_known_first_labels(cifar):
    train, test = cifar
    assert (len(train), len(test)) == (50_000, 10_000)
    assert train.labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert test.labels[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]


# These numbers were computed in float64 from the verified pixels, without colorlib; scikit-image agrees, up to its
# constants. (The mean b of the training images is 5.723, the variance of their UV 0.007346; for the first 20,000 images
# alone it is 0.00733.)


@pytest.mark.cifar
def test_mean_and_variance_of_ab_are_those_computed_independently(cifar):
    train, test = cifar
    mean = train.ab_mean()
    assert mean.tolist() == pytest.approx([0.39708, 5.72289], abs=1e-4)
    errors = [((color.rgb_to_lab(rgb)[:, 1:] - mean[:, None, None]) ** 2).sum(1).mean() for rgb in test.batches(500)]
    assert torch.stack(errors).mean().item() == pytest.approx(361.9014, abs=0.01)


@pytest.mark.cifar
@pytest.mark.parametrize("split, variance, gray", [(0, 0.0073464, 0.0077171), (1, 0.0073372, 0.0076906)])
def test_variance_of_uv_is_about_the_final_loss_that_koo_reports(cifar, split, variance, gray):
    """Koo 2016 reports 0.0071 (training) and 0.0073 (validation): no better than predicting the mean color."""
    sums, squares, n = torch.zeros(2, dtype=torch.double), 0.0, 0
    for rgb in cifar[split].batches(1000):
        uv = color.rgb_to_yuv(rgb)[:, 1:].double()
        sums, squares, n = sums + uv.sum((0, 2, 3)), squares + (uv**2).sum(), n + uv[:, 0].numel()
    assert (squares / n).item() == pytest.approx(gray, abs=1e-6)
    assert (squares / n - ((sums / n) ** 2).sum()).item() == pytest.approx(variance, abs=1e-6)
