"""Archives that carry trained models and records from one machine to another."""

import zipfile

import pytest

from colorlib.experiments import records
from tools.pack import pack


def files(*sizes):
    """Files in build/trained, by name and size in bytes."""
    for name, size in sizes:
        path = records.root().parent / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def test_archives_have_a_limited_size_and_hold_everything_in_its_place(folder):
    assert pack() == ([], [])                                               # nothing to pack
    files(("trained/a.json", 100), ("trained/b.safetensors", 6_000), ("trained/c.cifar10.lesson.s1.safetensors", 6_000),
          ("trained/.part", 10), ("runs/d.safetensors", 3_000), ("trained-7.zip", 10))
    archives, left_out = pack(pieces=8, piece_bytes=10_000)
    assert [path.name for path in archives] == ["trained-1.zip", "trained-2.zip"] and left_out == []
    assert all(path.stat().st_size <= 10_000 for path in archives)
    assert not (folder.parent / "build" / "trained-7.zip").exists()
    names = [zipfile.ZipFile(path).namelist() for path in archives]
    assert names == [["build/trained/a.json", "build/trained/b.safetensors", "build/runs/d.safetensors"],
                     ["build/trained/c.cifar10.lesson.s1.safetensors"]]


def test_ten_archives_are_listed_by_their_numbers(folder):
    files(*((f"trained/{i}.safetensors", 900) for i in range(10, 20)))
    assert [path.stem for path in pack(10, 1_200)[0]] == [f"trained-{i}" for i in range(1, 11)]


def test_an_archive_is_filled_to_the_last_byte_and_no_further(folder):
    for size, expected in ((9_000, 1), (9_001, 0)):
        files(("trained/a.safetensors", size))
        limit = 9_000 + 76 + 2 * len("build/trained/a.safetensors") + 22
        archives, left_out = pack(1, limit)
        assert len(archives) == expected and len(left_out) == 1 - expected
    files(("trained/a.safetensors", 9_000))
    archives, _ = pack(1, limit)
    assert archives[0].stat().st_size == limit


def test_records_come_first_where_there_is_no_room_for_all(folder):
    files(("trained/z.json", 900), ("trained/a.safetensors", 900), ("trained/a.x.lesson.s1.safetensors", 900),
          ("runs/a.safetensors", 900))
    archives, left_out = pack(pieces=2, piece_bytes=1_200)
    assert [zipfile.ZipFile(path).namelist() for path in archives] == [
        ["build/trained/z.json"], ["build/trained/a.safetensors"]]
    assert [path.name for path in left_out] == ["a.x.lesson.s1.safetensors", "a.safetensors"]


def test_the_command_names_the_archives_and_what_was_left_out(folder, monkeypatch, capsys):
    pytest.importorskip("papermill")                                        # tools.__main__ runs notebooks, too
    from tools.__main__ import main

    files(("trained/a.json", 2))
    assert main(["pack"]) == 0 and capsys.readouterr().out == "packed: trained-1.zip\n"
    monkeypatch.setattr("tools.pack.pack.__defaults__", (1, 150))
    files(("trained/b.safetensors", 900))
    assert main(["pack"]) == 0
    assert capsys.readouterr().out == "packed: trained-1.zip\nno room for b.safetensors\n"
