"""The command line: `python -m colorlib data | train | colorize | compare | results | bench`.

    python -m colorlib data cifar10
    python -m colorlib train koo-baseline --profile lesson
    python -m colorlib colorize photo.jpg -o colored.png --model nazeri-unet
"""
from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from colorlib.data.download import DataUnavailable
from colorlib.data.image_files import COLOR_SIDE
from colorlib.paths import CHECKPOINTS, project_root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. A mistake of the user's is one line on stderr and status 2."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except KeyboardInterrupt as stop:
        print(str(stop) or "stopped", file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError, DataUnavailable) as error:
        print(f"colorlib {options.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="colorlib", description="The tools of the colorization course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, help: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help, epilog=f"example: {example}")
        sub.set_defaults(run=run)
        return sub

    data = command("data", _data, "Bring a data set into the cache and say what is there.",
                   "python -m colorlib data cifar10")
    data.add_argument("name", nargs="?", default="auto",
                      help="auto, cifar10, fruits, photos or folder:PATH (default: auto)")

    train = command("train", _train, "Train a recipe, measure it, write its record to results/runs.",
                    "python -m colorlib train nazeri-unet --profile lesson --seed 1")
    train.add_argument("recipe", nargs="?", help="a name; without one, the recipes are listed. judge: the classifier "
                                                 "that Fréchet distances are measured with; encoder: that of gray "
                                                 "images that a colorizer can start from")
    train.add_argument("--missing", action="store_true", help="train all that the results table still lacks")
    train.add_argument("--data", default="auto", help="auto, cifar10, fruits, photos or folder:PATH (default: auto)")
    train.add_argument("--profile", default="lesson", help="smoke, quick, lesson (default) or full: images and "
                                                            "epochs; ablation: the rows of notebook 06; "
                                                            "transfer-500, ..., same-time, same-pictures: those of "
                                                            "notebook 07")
    train.add_argument("--seed", type=int, default=0, help="default: 0")
    train.add_argument("--epochs", type=int, help="instead of the profile's")
    train.add_argument("--size", type=int, default=32, metavar="PIXELS",
                       help="side of the pictures (default: 32, the only one of CIFAR-10)")
    train.add_argument("--device", default="auto", help="auto (default), cpu, cuda or mps")
    train.add_argument("--as-published", action="store_true", help="with the source's own settings")
    train.add_argument("--keep", type=Path, metavar="FILE", help="write the trained colorizer to this safetensors file")

    colorize = command("colorize", _colorize, "Color a photograph of any size; its lightness is kept.",
                       "python -m colorlib colorize photo.jpg -o colored.png --max-side 512")
    colorize.add_argument("photo", type=Path, help="JPEG, PNG, WebP, TIFF or GIF, gray or colored")
    colorize.add_argument("-o", "--output", type=Path, help="the PNG to write (default: PHOTO-colorized.png)")
    colorize.add_argument("--model", default="nazeri-unet",
                          help="a checkpoint of colorlib/checkpoints, or a safetensors file (default: nazeri-unet)")
    colorize.add_argument("--max-side", type=int, default=COLOR_SIDE, metavar="PIXELS",
                          help=f"find the color on a copy with at most so many pixels a side (default: {COLOR_SIDE}; "
                               "0: at full size); the lightness stays sharp")
    colorize.add_argument("--device", default="auto", help="auto (default), cpu, cuda or mps")

    compare = command("compare", _compare, "Color test pictures of a data set by several models, side by side, as PNG.",
                      "python -m colorlib compare koo-baseline mine.safetensors --data folder:pears --size 96 -o c.png")
    compare.add_argument("models", nargs="+", help="checkpoints of colorlib/checkpoints, or safetensors files; "
                                                   "LABEL=MODEL names the row")
    compare.add_argument("--data", default="auto", help="auto, cifar10, fruits, photos or folder:PATH (default: auto)")
    compare.add_argument("--size", type=int, default=32, metavar="PIXELS", help="side of the pictures (default: 32)")
    compare.add_argument("-n", type=int, default=8, help="how many pictures (default: 8)")
    compare.add_argument("--seed", type=int, default=0, help="which pictures (default: 0)")
    compare.add_argument("-o", "--output", type=Path, required=True, help="the PNG to write")
    compare.add_argument("--device", default="auto", help="auto (default), cpu, cuda or mps")

    results = command("results", _results, "Make results/README.md from the records.", "python -m colorlib results")
    results.add_argument("--collect", action="store_true",
                         help="first take over the records and checkpoints that notebooks left in build/trained")
    results.add_argument("--measure", action="store_true",
                         help="first add to records of CIFAR-10 what was not measured yet when they were made, from "
                              "colorlib/checkpoints")
    results.add_argument("--check", action="store_true", help="write nothing; status 1 if the table is not up to date")

    bench = command("bench", _bench, "Speed as ratios, both sides interleaved in one run, medians of at least 5 pairs.",
                    "python -m colorlib bench color")
    bench.add_argument("only", nargs="*", help="bins, color, train (default: all)")
    return parser


def _data(options) -> int:
    from colorlib.data import datasets
    for split in ("train", "test"):
        print(datasets.load(options.name, split))
    return 0


def _train(options) -> int:
    from colorlib.experiments import recipes, records
    if options.missing:
        alone = not (options.recipe or options.epochs is not None or options.keep or options.as_published
                     or options.size != 32)
        if not alone or options.data not in ("auto", "cifar10"):
            raise ValueError("--missing trains the table's runs on CIFAR-10: only --profile and --device go with it")
        left_out = []
        for name, seed in records.missing(options.profile):
            print(f"== {name}, seed {seed}", flush=True)
            try:
                records.run(name, "cifar10", options.profile, seed, options.device)
            except (DataUnavailable, FileNotFoundError) as error:       # weights that cannot be had: the others go on
                left_out.append(name)
                print(f"{name}, seed {seed}, is left out: {error}", file=sys.stderr)
        return 1 if left_out else 0
    if options.recipe in ("classifier", "encoder"):
        if options.keep or options.as_published or options.seed or options.size != 32 or options.profile != "lesson":
            raise ValueError(f"with {options.recipe}, only --data, --device and --epochs go")
        made, of = {"classifier": (records.train_classifier, "the test images"),
                    "encoder": (records.train_encoder, "the training images left out")}[options.recipe]
        path, accuracy = made(options.data, options.device, 6 if options.epochs is None else options.epochs)
        print(f"{path.name}: names {accuracy:.1%} of {of} rightly")
        return 0
    if not options.recipe:
        for recipe in recipes.RECIPES.values():
            print(f"{recipe.name:28} {recipe.code}: {recipe.title}")
            print(f"  source:  {recipe.description}\n  course:  {recipe.changes}")
            if recipe.gan:
                print(f"  against: {recipe.gan.net}, {recipe.gan.config}")
        return 0
    name = options.recipe + (records.PUBLISHED if options.as_published else "")
    record = records.run(name, options.data, options.profile, options.seed, options.device, options.keep,
                         options.epochs, size=options.size)
    if record:
        print(records.path_of(record["recipe"], record["data"], record["profile"], record["seed"]).name)
        print("  ".join(f"{k} {v:g}" for k, v in record["metrics"].items()))
    return 0


def _colorize(options) -> int:
    import torch
    from PIL import Image

    from colorlib.colorizer import Colorizer
    from colorlib.data.image_files import Unreadable, decode
    from colorlib.hardware import select_device
    if not options.photo.is_file():
        raise FileNotFoundError(f"no picture at {options.photo}")
    output = options.output or options.photo.with_name(f"{options.photo.stem}-colorized.png")
    _check_png(output)
    if output.resolve() == options.photo.resolve():
        raise ValueError(f"the output would replace the photograph {output.name}: give another name with -o")
    model = _model(options.model)
    if options.max_side < 0:
        raise ValueError(f"--max-side must be a number of pixels, or 0 for full size, got {options.max_side}")
    colorizer = Colorizer.load(model, select_device(options.device))
    try:
        image = torch.from_numpy(decode(options.photo).copy()).permute(2, 0, 1)     # 3 H W
    except Unreadable as error:
        raise ValueError(f"{options.photo.name}: {error}") from None
    colored = colorizer.colorize(image, options.max_side or None)                   # 3 H W
    _save(Image.fromarray(colored.permute(1, 2, 0).numpy()), output)
    print(f"{output} ({colored.shape[2]} x {colored.shape[1]} pixels)")
    return 0


def _compare(options) -> int:
    import io

    from PIL import Image

    from colorlib import color
    from colorlib.colorizer import Colorizer
    from colorlib.data import datasets
    from colorlib.hardware import select_device
    from colorlib.notebook import plots
    _check_png(options.output)
    named = [model.split("=", 1) if "=" in model and not Path(model).exists() else [Path(model).stem, model]
             for model in options.models]
    if len({label for label, _ in named} | {"gray", "truth"}) < len(named) + 2:
        raise ValueError("two rows have the same name: give each its own, LABEL=MODEL")
    colorizers = {label: Colorizer.load(_model(model), select_device(options.device)) for label, model in named}
    images = datasets.load(options.data, "test", size=options.size)
    if not 1 <= options.n <= len(images):
        raise ValueError(f"-n must lie between 1 and the {len(images)} pictures there are, got {options.n}")
    truth = images.take(options.n, options.seed).pixels                             # n 3 H W
    gray = color.gray_from_lightness(color.lightness(truth)).clamp(0, 1).expand(-1, 3, -1, -1)
    rows = {"gray": color.to_uint8(gray)} | {label: c.colorize(truth) for label, c in colorizers.items()}
    buffer = io.BytesIO()
    plots.images(rows | {"truth": truth}).savefig(buffer, format="png")           # all its colors
    _save(Image.open(buffer).convert("RGB"), options.output)
    print(options.output)
    return 0


def _model(name: str) -> Path:
    """The file of a checkpoint of colorlib/checkpoints, or the file itself; ValueError names those there are."""
    if Path(name).suffix:
        return Path(name)
    path = CHECKPOINTS / f"{name}.safetensors"
    if not path.exists():
        from colorlib.colorizer import colorizers
        there = ", ".join(colorizers(path.parent)) or "none"
        raise ValueError(f"no checkpoint {name!r} in colorlib/checkpoints (there: {there}); "
                         "give one of these or a safetensors file")
    return path


def _check_png(output: Path) -> None:
    if output.suffix.lower() != ".png":
        raise ValueError(f"the output is a PNG: expected a name ending in .png, got {output.name}")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"no folder {output.parent} to write to")


def _save(picture, output: Path) -> None:
    """Write a PNG, whole or not at all."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        picture.save(temporary, format="PNG", optimize=True)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


def _results(options) -> int:
    from colorlib.experiments import records
    if options.check:
        path = records.root() / "README.md"
        fresh = path.exists() and path.read_text(encoding="utf-8") == records.page(records.read())
        print("results/README.md is up to date" if fresh else "results/README.md is not what the records say")
        return 0 if fresh else 1
    if options.collect:
        print(*(path.name for path in records.collect_pending()), sep="\n")
    if options.measure:
        print(*records.measure_again(), sep="\n")
    print(records.write_table())
    return 0


def _bench(options) -> int:
    import importlib.util
    found = sorted((project_root() / "benchmarks").glob("bench_*.py"))
    files = {path.stem.removeprefix("bench_"): path for path in found}
    unknown = set(options.only) - set(files)
    if unknown or not files:
        there = ", ".join(files) or "none, since benchmarks/ is not here"
        raise ValueError(f"no benchmark {', '.join(sorted(unknown))}: there are {there}")
    for name in options.only or files:
        spec = importlib.util.spec_from_file_location(f"bench_{name}", files[name])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for row in module.run():
            print(f"{name:8} {row['name']:52} {row['ratio']:8.2f}  {row['detail']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
