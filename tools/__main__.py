"""The command line of `tools`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from colorlib.notebook.lesson import NAMES
from tools import editions, kit, links, run, site, store, text
from tools.files import CourseError, build, find


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m tools", description="Run, store and edit the notebooks.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(function=function)
        return sub

    one = command("run", _run, "run notebooks, each in its own kernel, and make an index page of what came out")
    one.add_argument("--profile", choices=NAMES, default="quick", help="sizes and epochs (default: %(default)s)")
    one.add_argument("--data", default="auto", help="auto, cifar10, fruits, photos or folder:PATH (default: auto)")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    one.add_argument("--seed", type=int, default=0, help="(default: 0)")
    one.add_argument("--parameter", "-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
                     help="one more parameter of the notebooks; an unknown name is an error")  # fmt: skip
    one.add_argument("--out", type=Path, help="folder for the results (default: build/course/PROFILE)")

    one = command("store", _store, "put the outputs of a run into notebooks/ and its record into results/")
    one.add_argument("--profile", choices=NAMES, default="lesson", help="of which run (default: %(default)s)")
    one.add_argument("--any-data", action="store_true", help="also when the run was not on CIFAR-10")
    one.add_argument("--record-only", action="store_true", help="only its minutes and memory, for the README's map")

    command("text", lambda a: [print(text.to_text(p)) for p in find(a.notebooks)] and 0,
            "write notebooks as text to build/text/ (py:percent), to edit them")  # fmt: skip
    command("notebook", _notebook, "make notebooks from their text in build/text/; unchanged cells keep id and outputs")
    for sub in commands.choices.values():
        sub.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="01 03 … or paths (default: all)")

    one = command("links", _links, "write badges, addresses and bootstrap cells from pyproject.toml's [project.urls]")
    one.add_argument("--check", action="store_true", help="change nothing; fail when something is out of date")

    command("site", _site, "write build/site/: the notebooks with their stored outputs, as pages to read")

    one = command("editions", _editions, "write build/student/ and build/teacher/, and a zip of each")
    one.add_argument("--no-outputs", action="store_true", help="the student's notebooks without stored outputs")

    one = command("kit", _kit, "write build/kit/: course, packages and data, to install with the network off")
    one.add_argument("pip", nargs="*", metavar="OPTION",
                     help="after --: more options of pip wheel, say another index")  # fmt: skip
    return top


def _run(a: argparse.Namespace) -> int:
    parameters = {"PROFILE": a.profile, "SEED": a.seed, "DEVICE": a.device, "DATA": a.data} | dict(a.parameter)
    return run.run(find(a.notebooks), a.out or build("course", a.profile), parameters)


def _store(a: argparse.Namespace) -> int:
    for path in find(a.notebooks):
        print(store.store(path, build("course", a.profile), any_data=a.any_data, record_only=a.record_only))
    return 0


def _notebook(a: argparse.Namespace) -> int:
    for path in text.texts(a.notebooks):
        print(text.to_notebook(path))
    return 0


def _links(a: argparse.Namespace) -> int:
    changed = links.write(check=a.check)
    for path in changed:
        print(f"{'out of date' if a.check else 'written'}: {path}")
    return 1 if a.check and changed else 0


def _site(a: argparse.Namespace) -> int:
    print(site.make())
    return 0


def _editions(a: argparse.Namespace) -> int:
    print(*editions.make(outputs=not a.no_outputs), sep="\n")
    return 0


def _kit(a: argparse.Namespace) -> int:
    folder = kit.make(pip=a.pip)
    print((folder / "KIT.txt").read_text(encoding="utf-8"), folder, sep="\n")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    a = parser().parse_args(arguments)
    try:
        return a.function(a)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
