"""Film files: what is kept, what is refused, and no half of an output. ffmpeg's part runs where it is installed."""

import os
import random
import re
import shutil
import stat
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from colorlib import color, film_files
from colorlib.__main__ import main
from colorlib.colorizer import Colorizer
from colorlib.data.image_files import Unreadable
from colorlib.film import FilmColorizer
from colorlib.film_files import color_film, is_film, plan
from colorlib.models import UNet
from colorlib.paths import CHECKPOINTS

DURATIONS = [40, 80, 120, 40, 200, 60]


@pytest.fixture(scope="module")
def colorizer():
    """A network that paints, though not well."""
    torch.manual_seed(0)
    colorizer = Colorizer(UNet(2, 2))
    torch.nn.init.normal_(colorizer.net.last.weight, std=0.3)
    return colorizer


def frames(width=53, height=39, count=6):
    """A window that moves over a smooth picture."""
    coarse = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    picture = Image.fromarray(coarse).resize((width + 20, height + 20), Image.Resampling.BICUBIC)
    return [picture.crop((2 * i, i, 2 * i + width, i + height)) for i in range(count)]


def save(path, pictures=None, duration=DURATIONS, **settings):
    first, *others = pictures or frames()
    first.save(path, save_all=True, append_images=others, duration=duration, **settings)
    return path


def read(path):
    """Frames as RGB, durations and the number that the file has for its loop."""
    with Image.open(path) as image:
        got = [(np.array(frame.convert("RGB")), frame.info.get("duration")) for frame in ImageSequence.Iterator(image)]
        return [pixels for pixels, _ in got], [duration for _, duration in got], image.info.get("loop")


def lightness_difference(one, other):
    one, other = (color.lightness(torch.from_numpy(np.array(x)).permute(2, 0, 1)[None]) for x in (one, other))
    return float((one - other).abs().mean())


def run(*words):
    return main(["colorize", *map(str, words), "--device", "cpu"])


# animated pictures

@pytest.mark.parametrize("ending, differ", [(".gif", 4), (".webp", 4), (".png", 0.7)])
def test_frames_durations_loop_and_lightness_are_kept(tmp_path, colorizer, ending, differ):
    film = save(tmp_path / f"film{ending}", loop=3)
    output = plan(film)
    assert output == tmp_path / f"film-colorized{ending}" and is_film(film)
    assert color_film(FilmColorizer(colorizer), film, output) == (6, 39, 53)
    got, durations, loop = read(output)
    assert durations == DURATIONS and loop == 3 and {x.shape for x in got} == {(39, 53, 3)}
    for before, after in zip(read(film)[0], got):
        assert lightness_difference(before, after) < differ
        assert (before != after).any()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_png_film_holds_exactly_what_the_colorizer_answers(tmp_path, colorizer):
    film = save(tmp_path / "film.gif")
    color_film(FilmColorizer(colorizer), film, tmp_path / "out.png", max_side=30)
    steady = FilmColorizer(colorizer)
    for before, after in zip(read(film)[0], read(tmp_path / "out.png")[0]):
        expected = steady.colorize(torch.from_numpy(before).permute(2, 0, 1), 30)
        assert torch.equal(torch.from_numpy(after).permute(2, 0, 1), expected)


def test_a_gif_keeps_the_length_of_a_film_of_thirty_frames_a_second(tmp_path, colorizer):
    film = save(tmp_path / "film.webp", duration=[33] * 6)
    color_film(FilmColorizer(colorizer), film, tmp_path / "out.gif")
    assert read(tmp_path / "out.gif")[1] == [30, 40, 30, 30, 30, 40]         # 200 of 198 milliseconds


def test_films_in_a_folder_of_photographs_are_named_and_not_colored(tmp_path, capsys):
    folder = tmp_path / "holiday"
    folder.mkdir()
    save(folder / "film.gif")
    frames()[0].save(folder / "photo.png")
    (folder / "clip.mp4").write_bytes(b"")
    assert main(["colorize", str(folder), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "1 of 1 pictures colored" in said.out
    assert said.err.count("a film: color it by itself") == 2 and "film.gif" in said.err and "clip.mp4" in said.err
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["photo.png"]
    assert main(["colorize", str(folder), "--film", "-o", str(tmp_path / "out.mp4")]) == 2
    assert "-o names a folder" in capsys.readouterr().err


@pytest.mark.parametrize("loop, plays", [({}, 1), ({"loop": 0}, 0), ({"loop": 2}, 3)])
def test_a_gif_counts_repetitions_and_the_others_plays(tmp_path, colorizer, loop, plays):
    film = save(tmp_path / "film.gif", **loop)
    for name in ("a.webp", "a.png"):
        color_film(FilmColorizer(colorizer), film, tmp_path / name)
        assert read(tmp_path / name)[1:] == (DURATIONS, plays)
        color_film(FilmColorizer(colorizer), tmp_path / name, tmp_path / "back.gif")
        assert read(tmp_path / "back.gif")[1:] == (DURATIONS, loop.get("loop"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_any_mode_with_transparent_parts_on_white(tmp_path, colorizer, mode):
    pictures = [frame.convert("RGBA") for frame in frames(count=3)]
    for frame in pictures:
        frame.paste((0, 0, 0, 0), (5, 5, 20, 20))
    if "A" not in mode:
        pictures = [frame.convert("RGB") for frame in pictures]  # without alpha the hole is black
    film = save(tmp_path / "film.png", [frame.convert(mode) for frame in pictures], 50)
    assert color_film(FilmColorizer(colorizer), film, tmp_path / "out.png") == (3, 39, 53)
    hole = np.array([frame[7:18, 7:18] for frame in read(tmp_path / "out.png")[0]])
    assert (hole > 250).all() if "A" in mode else (hole < 60).mean() > 0.9


def test_a_transparent_gif_keeps_what_lies_under_a_part_frame(tmp_path, colorizer):
    pictures = frames(count=3)
    for frame in pictures[1:]:
        frame.paste(pictures[0].crop((0, 0, 53, 20)))  # the upper half stands still
    film = save(tmp_path / "film.gif", pictures, 50)
    color_film(FilmColorizer(colorizer), film, tmp_path / "out.png")
    for before, after in zip(read(film)[0], read(tmp_path / "out.png")[0]):
        assert lightness_difference(before, after) < 0.7


def test_one_frame_is_a_picture_and_pages_are_no_film(tmp_path):
    for name in ("one.gif", "one.png", "one.webp"):
        frames(count=1)[0].save(tmp_path / name)
        assert not is_film(tmp_path / name)
    save(tmp_path / "pages.tif")
    assert not is_film(tmp_path / "pages.tif") and not is_film(tmp_path) and not is_film(tmp_path / "none.gif")
    assert run(tmp_path / "one.gif") == 0 and (tmp_path / "one-colorized.png").exists()
    assert run(tmp_path / "pages.tif") == 0 and (tmp_path / "pages-colorized.png").exists()


def test_the_picture_for_programs_without_animations_is_no_frame(tmp_path, colorizer):
    film = tmp_path / "film.png"
    Image.new("RGB", (53, 39), "red").save(film, save_all=True, append_images=frames(count=3), default_image=True,
                                           duration=[10, 20, 30])
    assert color_film(FilmColorizer(colorizer), film, tmp_path / "out.png")[0] == 3
    assert read(tmp_path / "out.png")[1] == [10, 20, 30]


# refused

def test_wrong_names_show_before_anything_runs(tmp_path):
    film = save(tmp_path / "film.gif")
    (tmp_path / "out").mkdir()
    assert plan(film, tmp_path / "out", to_folder=True) == tmp_path / "out/film.gif"
    for output, words in (("a.jpg", "ending in .gif"), ("film.gif", "would replace"), ("a.mp4", "ending in .gif")):
        with pytest.raises(ValueError, match=words):
            plan(film, tmp_path / output)
    with pytest.raises(FileNotFoundError, match="no folder"):
        plan(film, tmp_path / "none" / "a.gif")
    with pytest.raises(FileNotFoundError, match="no film"):
        plan(tmp_path / "none.gif")


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_a_truncated_file_is_refused_and_the_old_output_stays(tmp_path, colorizer, ending, capsys):
    data = save(tmp_path / f"whole{ending}").read_bytes()
    film, output = tmp_path / f"film{ending}", tmp_path / "out.gif"
    output.write_bytes(b"old")
    for share in (0.1, 0.4, 0.5, 0.75, 0.95):
        film.write_bytes(data[:int(share * len(data))])
        with pytest.raises(Unreadable, match=f"film{ending}: damaged"):
            color_film(FilmColorizer(colorizer), film, output)
        # Never is the first frame taken for a picture, and the others are lost.
        assert run(film, "-o", output) == 2 and not film.with_name("film-colorized.png").exists()
        assert capsys.readouterr().err.count("\n") == 1
    assert output.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 3


def test_wherever_a_gif_is_cut_after_its_second_frame_it_is_no_picture_of_one_frame(tmp_path):
    data = save(tmp_path / "whole.gif").read_bytes()
    film, refused = tmp_path / "film.gif", 0
    for end in range(len(data) // 2, len(data), 11):
        film.write_bytes(data[:end])
        assert is_film(film)
        with Image.open(film) as image:
            try:
                assert image.n_frames > 1
            except (IndexError, OSError, SyntaxError, struct.error):  # as some cuts end in
                refused += 1
    assert refused > 0


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_damaged_bytes_never_end_in_anything_but_a_film_or_unreadable(tmp_path, ending):
    class Same:
        def colorize(self, image, max_side):
            return image

    data, chance = save(tmp_path / f"whole{ending}").read_bytes(), random.Random(0)
    film, refused = tmp_path / f"film{ending}", 0
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        film.write_bytes(damaged)
        is_film(film)
        try:
            color_film(Same(), film, tmp_path / "out.webp")
        except Unreadable:
            refused += 1
    assert refused > 0


def test_films_that_are_too_large_are_refused_before_a_frame_is_decoded(tmp_path, colorizer, monkeypatch):
    film = save(tmp_path / "film.gif")
    monkeypatch.setitem(film_files.MOST_PIXELS, "PNG", 6 * 53 * 39 - 1)
    with pytest.raises(Unreadable, match="6 frames have 12,402 pixels, of at most 12,401 in a PNG"):
        color_film(None, film, tmp_path / "out.png")
    color_film(FilmColorizer(colorizer), film, tmp_path / "out.gif")
    bomb = bytearray(film.read_bytes())
    bomb[6:10] = struct.pack("<HH", 65535, 65535)
    film.write_bytes(bomb)
    with pytest.raises(Unreadable, match="65535×65535|bomb"):
        color_film(None, film, tmp_path / "out.png")


def test_a_duration_without_room_in_a_gif(tmp_path, colorizer):
    film = save(tmp_path / "film.webp", duration=700_000)
    color_film(FilmColorizer(colorizer), film, tmp_path / "out.webp")
    assert read(tmp_path / "out.webp")[1] == [700_000] * 6
    with pytest.raises(ValueError, match="duration does not fit into a GIF"):
        color_film(FilmColorizer(colorizer), film, tmp_path / "out.gif")


def test_an_interrupt_leaves_nothing(tmp_path):
    class Stopped:
        def colorize(self, image, max_side):
            raise KeyboardInterrupt

    film = save(tmp_path / "film.gif")
    with pytest.raises(KeyboardInterrupt):
        color_film(Stopped(), film, tmp_path / "out.gif")
    assert os.listdir(tmp_path) == ["film.gif"]


# the command

def test_the_command_knows_films(tmp_path, capsys):
    film = save(tmp_path / "film.gif")
    model = "koo-baseline"
    assert run(film, "--model", model) == 0
    assert "film-colorized.gif (6 frames of 53 x 39 pixels)" in capsys.readouterr().out
    assert run(film, "-o", f"{tmp_path / 'new'}/", "--steady", "0", "--model", model) == 0
    steady, alone = (read(tmp_path / name)[0] for name in ("film-colorized.gif", "new/film.gif"))
    assert np.array_equal(steady[0], alone[0]) and not np.array_equal(steady[1], alone[1])
    for words, message in (((film, film), "one by one"), ((film, "--film"), "one by one"),
                           ((film, "--steady", "2"), r"0\.\.\.1")):
        assert run(*words, "--model", model) == 2
        assert re.search(message, capsys.readouterr().err)


def test_a_folder_of_frames_in_the_order_of_their_numbers(tmp_path, capsys):
    folder, model = tmp_path / "take", "koo-baseline"
    folder.mkdir()
    for number, frame in enumerate(frames(count=4), 8):
        frame.save(folder / f"frame{number}.png")
    jobs = film_files.plan_frames(folder)
    assert [job.photo.name for job in jobs] == ["frame8.png", "frame9.png", "frame10.png", "frame11.png"]
    assert run(folder, "--film", "--model", model) == 0 and "4 of 4" in capsys.readouterr().out
    assert run(folder, "-o", f"{tmp_path / 'alone'}/", "--model", model) == 0  # separate pictures
    steady = FilmColorizer(Colorizer.load(CHECKPOINTS / f"{model}.safetensors"))
    for job in jobs:
        expected = steady.colorize(torch.from_numpy(np.array(Image.open(job.photo))).permute(2, 0, 1), 256)
        assert np.array_equal(np.array(Image.open(job.output)), expected.permute(1, 2, 0).numpy())
    same = [np.array_equal(*(np.array(Image.open(tmp_path / place / job.photo.name))
                             for place in ("take-colorized", "alone"))) for job in jobs]
    assert same == [True, False, False, False]


# films by way of ffmpeg

class Half:
    """A colorizer that paints red over half of each frame."""

    def colorize(self, image, max_side):
        image = image.clone()
        image[1:, :, image.shape[2] // 2:] = 0
        return image


def test_without_ffmpeg_the_message_says_what_to_do(tmp_path, monkeypatch, capsys):
    (tmp_path / "film.mp4").write_bytes(b"film")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(tmp_path / "film.mp4") == 2
    assert "apt install ffmpeg" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["film.mp4"]


FAKE = """
import os, sys
words, fault = sys.argv[1:], os.environ.get("FAULT", "")
if fault == "never":
    sys.exit("film.mp4: Invalid data found")
if "yuv4mpegpipe" in words:
    print("YUV4MPEG2 W5 H3 F30000:1001 Ip A4:3 Cmono", flush=True)
elif words[-1] == "-":
    for number in range(400):
        sys.stdout.buffer.write(bytes([number % 256]) * 45)
    if fault == "cut":
        sys.stderr.write("[mov @ 0x1] partial file\\n")
else:
    if fault == "sound":
        sys.exit("[mp4 @ 0x1] codec not supported in container")
    with open(words[-1].removeprefix("file:"), "wb") as file:
        file.write(sys.stdin.buffer.read())
    print(*words, file=open(os.environ["LOG"], "w"))
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A program named ffmpeg with a film of 400 frames, 5 x 3 pixels, at 29.97 a second."""
    if os.name != "posix":
        pytest.skip("a script is no program here")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ffmpeg"
    program.write_text(f"#!{sys.executable}\n{FAKE}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("LOG", str(tmp_path / "bin" / "log"))
    (tmp_path / "film.avi").write_bytes(b"film")
    return tmp_path


def test_every_frame_goes_through_with_even_sides_rate_and_pixel_shape(fake):
    output = plan(fake / "film.avi")
    assert output.name == "film-colorized.mkv" and is_film(fake / "film.avi")
    assert color_film(Half(), fake / "film.avi", output) == (400, 4, 6)
    got = np.frombuffer(output.read_bytes(), np.uint8).reshape(400, 4, 6, 3)
    assert (got[:, :, :2] == (np.arange(400) % 256).reshape(400, 1, 1, 1)).all()  # an odd side repeats its last
    assert (got[:, :, 2:, 1:] == 0).all()
    log = (fake / "bin/log").read_text()
    assert "-video_size 6x4 -framerate 30000/1001" in log and "setsar=4/3" in log and "-c:a copy" in log
    assert "-f matroska" in log


@pytest.mark.parametrize("fault, words", [
    ("cut", "film.avi: damaged, or no film: partial file"),
    ("never", "film.avi: damaged, or no film: film.mp4: Invalid data"),
    ("sound", "cannot write this film: codec not supported in container.*ends in .mkv")])
def test_what_ffmpeg_reports_is_passed_on_and_the_old_output_stays(fake, monkeypatch, fault, words):
    monkeypatch.setenv("FAULT", fault)
    (fake / "out.mp4").write_bytes(b"old")
    with pytest.raises(ValueError, match=words):
        color_film(Half(), fake / "film.avi", fake / "out.mp4")
    assert (fake / "out.mp4").read_bytes() == b"old" and not list(fake.glob(".*"))


def test_an_interrupt_ends_ffmpeg_and_leaves_nothing(fake, monkeypatch):
    started, begin = [], subprocess.Popen

    class Stopped:
        def colorize(self, image, max_side):
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(begin(*a, **k)) or started[-1])
    with pytest.raises(KeyboardInterrupt):
        color_film(Stopped(), fake / "film.avi", fake / "out.mp4")
    assert len(started) == 3 and all(process.poll() is not None for process in started)
    assert sorted(os.listdir(fake)) == ["bin", "film.avi"]


def ffmpeg(*words):
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    done = subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def described(path):
    """What ffmpeg says of a film's streams."""
    return subprocess.run(["ffmpeg", "-hide_banner", "-i", path], capture_output=True, text=True).stderr


def sound(path):
    return ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "adts", "-")


def pixels(path, width, height):
    data = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("width, height", [(64, 48), (75, 53)])
def test_a_real_film_keeps_frames_rate_sound_and_lightness(tmp_path, ending, width, height):
    film = tmp_path / f"a film %d.{ending}"
    moving = "geq=r='min(255,2*X+3*N)':g='128+2*N':b='255-2*X-2*Y'"
    ffmpeg("-f", "lavfi", "-i", f"nullsrc=size={width}x{height}:rate=30000/1001:duration=1,format=gbrp,{moving}",
           "-f", "lavfi", "-i", "sine=duration=1", "-pix_fmt", "yuv444p", "-c:a", "aac", "-shortest", film)
    output = plan(film)
    assert output.name == f"a film %d-colorized.{ending}"
    even = width + width % 2, height + height % 2
    before = pixels(film, width, height)
    assert color_film(Half(), film, output) == (len(before), even[1], even[0])
    after = pixels(output, *even)
    assert len(before) == len(after) and "29.97 fps" in described(output) and sound(film) == sound(output)
    left = slice(0, width // 2 - 4)
    for one, other in zip(before, after):
        assert np.abs(one[:, left].astype(int) - other[:height, left]).mean() < 4


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_real_film_that_is_cut_short_or_no_film_is_refused(tmp_path, share):
    film = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=3", "-movflags", "+faststart", film)
    film.write_bytes(film.read_bytes()[:int(share * film.stat().st_size)])
    with pytest.raises(Unreadable, match="film.mp4: damaged"):
        color_film(Half(), film, tmp_path / "out.mp4")
    film.write_text("no film")
    with pytest.raises(Unreadable, match="film.mp4: damaged"):
        color_film(Half(), film, tmp_path / "out.mp4")
    assert os.listdir(tmp_path) == ["film.mp4"]


def test_a_film_that_names_other_files_gets_none_of_them(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", tmp_path / "secret.mp4")
    (tmp_path / "film.mp4").write_text("ffconcat version 1.0\nfile 'http://localhost/secret.mp4'\n")
    with pytest.raises(Unreadable):
        color_film(Half(), tmp_path / "film.mp4", tmp_path / "out.mp4")
