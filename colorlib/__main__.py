"""The command line: `python -m colorlib`, or `colorlib` where the package is installed.

    python -m colorlib data cifar10
    python -m colorlib train koo-baseline --profile lesson
    python -m colorlib colorize photo.jpg holiday/ -o colored/

Modules that need torch are imported by the commands themselves, so that help comes at once.
"""
import signal

if __name__ == "__main__":
    # Until `main` runs, an interrupt ends the process at once, without a traceback of the imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import importlib.util
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from colorlib import __version__, colorize_command
from colorlib.data.image_files import check_png
from colorlib.data.storage import DataUnavailable
from colorlib.paths import atomic_write, printable, project_root, real

DATA_SETS = ("auto, cifar10, fruit-photos, fruits, apples, plums, photos or folder:PATH "
    "(default: auto)")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status.

    A mistake in the arguments, or data that cannot be had, is one line on stderr and status 2.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may not know the letters of a file's name
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        if __name__ == "__main__":
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if _needs_checkout(options):
            project_root()
        return options.run(options) or 0
    except KeyboardInterrupt as stop:
        print(str(stop) or "stopped", file=sys.stderr)
        return 130  # what a shell returns for an interrupt: 128 and the signal's number
    except (ValueError, OSError, FloatingPointError, DataUnavailable) as error:
        lines = "\n".join(printable(line) for line in str(error).split("\n"))
        print(f"colorlib {options.command}: {lines}", file=sys.stderr)
        return 2


def _needs_checkout(options: argparse.Namespace) -> bool:
    """Whether the command reads benchmarks or writes records, which belong to a checkout."""
    trains = options.command == "train" and bool(options.recipe or options.missing)
    writes = trains or options.command == "results"  # without a recipe, `train` lists them
    return options.command == "bench" or (writes and not os.environ.get("COLORLIB_RESULTS"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="colorlib", description="The tools of the colorization course.")
    parser.add_argument("--version", action="version", version=f"colorlib {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    # Options that several commands share.
    device, images = (argparse.ArgumentParser(add_help=False) for _ in range(2))
    device.add_argument("--device", default="auto", help="auto (default), cpu, cuda or mps")
    images.add_argument("--data", default="auto", help=DATA_SETS)
    images.add_argument("--size", type=int, default=32, metavar="PIXELS",
        help="side of the images (default: 32, the only size of CIFAR-10)")

    def command(name: str, run, help: str, example: str, *parents):
        """Add a command, run(options) -> status or None; return the function that adds options."""
        added = commands.add_parser(name, help=help, description=help, parents=parents,
            epilog=f"example: python -m colorlib {name} {example}")
        added.set_defaults(run=run)
        return added.add_argument

    option = command(
        "data", _data, "Fetch or decode a data set, keep it, and print its size.", "cifar10")
    option("name", nargs="?", default="auto", help=DATA_SETS)

    _add_train_options(command(
        "train", _train, "Train a recipe, measure it, and write its record to results/runs.",
        "nazeri-unet --profile lesson --seed 1", images, device))
    colorize_command.add_options(command(
        "colorize", colorize_command.run,
        "Color photographs or a film of any size; the lightness is kept.",
        "photo.jpg holiday/ -o colored/ --max-side 512", device))

    option = command(
        "compare", _compare,
        "Color test images of a data set by several models, side by side, as one PNG file.",
        "koo-baseline mine.safetensors --data folder:pears --size 96 -o c.png", images, device)
    option("models", nargs="+", metavar="MODEL",
        help="checkpoints of colorlib/checkpoints, or safetensors files; LABEL=MODEL names the row")
    option("-n", type=int, default=8, help="number of images (default: 8)")
    option("--seed", type=int, default=0, help="draws the images to show (default: 0)")
    option("-o", "--output", type=Path, required=True, help="the PNG file to write")

    option = command("results", _results, "Write results/README.md from the records.", "--collect")
    option("--collect", action="store_true",
        help="first take over what notebooks and train --minutes left in build/trained")
    option("--measure", action="store_true",
        help="first add new metrics to old records of CIFAR-10, from colorlib/checkpoints")
    option("--check", action="store_true",
        help="write nothing; status 1 if the table does not agree with the records")

    option = command(
        "bench", _bench,
        "Measure speed as ratios: both sides alternate in one run, at least five times.", "color")
    option("only", nargs="*", help="bins, color, train, ... (default: all)")

    option = command(
        "grade", _grade,
        "Grade a folder of submissions of the homework; docs/grading.md says what to run it in.",
        "submitted/ -o grades/ --minutes 2 --gigabytes 4")
    option("folder", type=Path, help="holds a notebook, or a folder with one, named by its "
        "student number, for each student")
    option("-o", "--output", type=Path, required=True, metavar="FOLDER",
        help="where to write points.csv and mistakes.html")
    option("--points", type=Path, default=Path("build/assignment/points.json"), metavar="FILE",
        help="what make assignment wrote (default: %(default)s)")
    option("--minutes", type=float, default=2.0, metavar="M",
        help="for a submission (default: %(default)g); a cell or a check may take a sixth of it")
    option("--gigabytes", type=float, default=4.0, metavar="GB",
        help="of memory for a submission (default: %(default)g)")
    option("--workers", type=int, metavar="N",
        help="submissions that run at the same time (default: one for each processor)")
    return parser


def _add_train_options(option: Callable) -> None:
    option("recipe", nargs="?",
        help="a recipe; without one, all are listed. classifier: the network that measures Fréchet "
            "distances; encoder: one of gray images, which a colorizer can start from")
    option("--missing", action="store_true",
        help="train the runs of a profile that the results table lacks")
    option("--minutes", type=float, metavar="M",
        help="with --missing: train for M minutes, the most wanted runs of all profiles (or of "
            "--profile) first, into build/trained. The same command resumes where it stopped")
    option("--profile",
        help="smoke, quick, lesson (default) or full: number of images and epochs; ablation: "
            "notebook 06; transfer-500, ..., same-time, same-pictures: notebook 07")
    option("--seed", type=int, default=0, help="default: 0")
    option("--epochs", type=int, help="instead of the profile's number")
    option("--batch-size", type=int, metavar="N", help="instead of the recipe's number of images")
    option("--as-published", action="store_true", help="use the source's own settings")
    option("--although-it-diverges", action="store_true",
        help="with --as-published: train settings that are known to diverge, to see it happen")
    option("--keep", type=Path, metavar="FILE",
        help="write the trained colorizer to this safetensors file")


# ---------------------------------------------------------------------------------------- commands


def _data(options) -> None:
    from colorlib.data import datasets

    for split in ("train", "test"):
        print(datasets.load(options.name, split))


def _train(options) -> int | None:
    from colorlib.experiments import recipes, records

    if options.minutes is not None and not options.missing:
        raise ValueError("--minutes needs --missing")
    if options.missing:
        return _train_missing(options)
    if options.recipe in ("classifier", "encoder"):
        return _train_classifier(options)
    if not options.recipe:
        for recipe in recipes.RECIPES.values():
            print(f"{recipe.name:28} {recipe.code}: {recipe.title}")
            print(f"  source: {recipe.description}\n  course: {recipe.changes}")
            print(f"  settings: {recipe.training}, epochs {recipe.epochs}")
            if recipe.has_source:
                print(f"  settings with --as-published: {recipe.published_training}")
            if recipe.diverges:
                print(f"  as published it diverges: {recipe.diverges}")
            if gan := recipe.gan:
                print(f"  discriminator: {gan.net}, {gan.config}, rate {gan.training.lr:g}")
        return 0
    diverges = options.as_published and recipes.get(options.recipe).diverges
    if options.although_it_diverges and not diverges:
        raise ValueError("--although-it-diverges goes with --as-published and a recipe that is "
            "known to diverge")
    if diverges:
        message = f"as published, {options.recipe} diverges: {diverges}."
        if not options.although_it_diverges:
            raise ValueError(f"{message} To see it happen, add --although-it-diverges")
        print(message, file=sys.stderr, flush=True)
    name = options.recipe + (records.PUBLISHED if options.as_published else "")
    # The profile has no default in the parser, where None stands for all profiles of --minutes.
    record = records.run(name, options.data, options.profile or "lesson", options.seed,
        options.device, options.keep, options.epochs, size=options.size,
        batch_size=options.batch_size)
    if record:  # of several processes, the first alone has one
        print(records.path_of(*(record[key] for key in records.IDENTITY)).name)
        print("  ".join(f"{k} {v:g}" for k, v in record["metrics"].items()))
    return 0


def _train_classifier(options) -> None:
    from colorlib.experiments import classifiers

    alone = not (options.keep or options.as_published or options.seed or options.profile
                 or options.batch_size is not None)
    if not alone or options.size != 32:
        raise ValueError(f"with {options.recipe}, only --data, --device and --epochs can be given")
    epochs = 6 if options.epochs is None else options.epochs
    path, accuracy = classifiers.train(options.recipe, options.data, options.device, epochs)
    images = "test images" if options.recipe == "classifier" else "held-out training images"
    print(f"{path.name}: accuracy {accuracy:.1%} on {images}")


def _train_missing(options) -> int:
    from colorlib.experiments import budgets, missing_runs, records

    if (options.recipe or options.epochs is not None or options.keep or options.as_published
            or options.size != 32 or options.batch_size is not None):
        raise ValueError("--missing trains runs of the table: only --profile, --data, --device "
            "and --minutes go with it")
    # By default the data that the profile is for: CIFAR-10, or what budgets.py says.
    budget = budgets.BUDGETS.get(options.profile)
    sets = budget.data if budget else ("cifar10",)
    if options.data != "auto":
        sets = (options.data,)
    if options.minutes is not None or budget:
        minutes = math.inf if options.minutes is None else options.minutes
        end = time.monotonic() + 60 * minutes
        for data in sets:
            left = (end - time.monotonic()) / 60
            print(missing_runs.train_missing(left, options.profile, options.device, data))
        return 0
    if sets != ("cifar10",):
        raise ValueError(f"profile {options.profile or 'lesson'} is for cifar10")
    status, profile = 0, options.profile or "lesson"
    for name, seed in records.missing(profile):
        print(f"== {name}, seed {seed}", flush=True)
        try:
            records.run(name, "cifar10", profile, seed, options.device)
        except (DataUnavailable, FileNotFoundError) as error:  # the other runs need no such file
            status = 1
            print(f"{name}, seed {seed}, is left out: {error}", file=sys.stderr)
    return status


def _compare(options) -> None:
    from colorlib import color
    from colorlib.data import datasets
    from colorlib.notebook import plots

    output = options.output.expanduser()
    check_png(output)  # before minutes are spent on the images
    named = [model.split("=", 1) if "=" in model and not Path(model).exists()
        else [Path(model).stem, model] for model in options.models]
    # The rows above and below those of the models have names, too.
    if len({label for label, _ in named} | {"gray", "truth"}) < len(named) + 2:
        raise ValueError("two rows have the same name: give each its own, LABEL=MODEL")
    colorizers = {label: colorize_command.load(model, options.device) for label, model in named}
    images = datasets.load(options.data, "test", size=options.size)
    if not 1 <= options.n <= len(images):
        raise ValueError(
            f"-n must lie between 1 and the {len(images)} pictures there are, got {options.n}")
    truth = images.take(options.n, options.seed).pixels  # n 3 H W
    gray = color.gray_from_lightness(color.lightness(truth))  # n 1 H W
    colored = {label: colorizer.colorize(truth) for label, colorizer in colorizers.items()}
    drawn = plots.png(plots.images({"gray": gray} | colored | {"truth": truth}))
    with atomic_write(output) as temporary:  # no half of a file is left
        temporary.write_bytes(drawn)
    print(output)


def _results(options) -> int:
    from colorlib.experiments import records, results_page

    if options.check:
        outdated = results_page.outdated(records.read())
        print("results:", f"{', '.join(outdated)} does not agree with the records" if outdated
            else "the page is up to date")
        return 1 if outdated else 0
    if options.collect:
        print(*(path.name for path in records.collect_pending()), sep="\n")
    if options.measure:
        print(*records.measure_again(), sep="\n")
    print(*results_page.write(records.read()), sep="\n")
    return 0


def _bench(options) -> None:
    found = sorted((project_root() / "benchmarks").glob("bench_*.py"))
    files = {path.stem.removeprefix("bench_"): path for path in found}
    unknown = set(options.only) - set(files)
    if unknown or not files:
        there = ", ".join(files) or "none, since benchmarks/ is not here"
        raise ValueError(f"no benchmark {', '.join(sorted(unknown))}: there are {there}")
    for name in options.only or files:
        # By its path: benchmarks/ is no package, and is not on the path of modules.
        spec = importlib.util.spec_from_file_location(f"bench_{name}", files[name])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for row in module.run():
            print(f"{name:8} {row['name']:52} {row['ratio']:8.2f}  {row['detail']}", flush=True)


def _grade(options) -> None:
    from colorlib.grading import grade, report

    if real(options.output).is_relative_to(real(options.folder)):
        raise ValueError("the grades would lie among the submissions: give another folder with -o")
    report.check(options.output)
    graded = grade.grade(options.folder, options.points, options.minutes, options.gigabytes,
        options.workers)
    print(*report.write(graded, options.output), sep="\n")


if __name__ == "__main__":
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of what Python does at its end
    sys.exit(status)
