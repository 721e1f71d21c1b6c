"""The photographs of fruit in the package: original bytes, license, and splits that do not overlap."""

import zipfile

import pytest
import torch

from colorlib.data import datasets, fruit_photos


def pictures(split, by):
    """Each picture's bytes, to compare sets whatever their order."""
    images = fruit_photos.load_fruit_photos(split, size=32, by=by)
    return {image.numpy().tobytes() for image in images.pixels}


def test_the_archive_is_whole_small_and_licensed():
    assert fruit_photos.ARCHIVE.stat().st_size <= 8_000_000
    with zipfile.ZipFile(fruit_photos.ARCHIVE) as archive:
        assert archive.testzip() is None  # every CRC is right
        assert "Copyright (c) 2017 Mihai Oltean, Horea Muresan" in archive.read("LICENSE.txt").decode()


@pytest.mark.parametrize("by", ["specimen", "frame"])
def test_no_picture_is_in_two_parts_and_none_is_lost(by):
    parts = [pictures(split, by) for split in ("train", "validation", "test")]
    assert all(len(part) > 60 for part in parts)
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert sum(map(len, parts)) == 1539


def test_test_specimens_are_new_but_their_fruit_is_known():
    train = fruit_photos.load_fruit_photos("train", size=8)
    for split in ("validation", "test"):
        held_out = fruit_photos.load_fruit_photos(split, size=8)
        assert set(held_out.labels.tolist()) <= set(train.labels.tolist())


def test_the_order_mixes_kinds_and_is_stable():
    first = datasets.load("fruit-photos", "train", n=40, size=64)
    assert first.pixels.shape == (40, 3, 64, 64) and first.name == "fruit-photos"
    assert len(set(first.labels.tolist())) > 15
    again = fruit_photos.load_fruit_photos("train", n=50, size=64)
    assert torch.equal(again.pixels[:40], first.pixels)
