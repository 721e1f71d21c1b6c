"""The command line: `python -m tools COMMAND`; without a command it prints what each one does."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from colorlib.notebook.profiles import PROFILE_NAMES
from tools import (
    assignment,
    diagrams,
    editions,
    findings,
    kit,
    links,
    pack,
    readme,
    release,
    results,
    run,
    sources,
    store,
    text,
    turing,
)
from tools.files import CourseError, build, find


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m tools",
        description="Run, store and publish the notebooks of the course.",
        epilog="python -m tools COMMAND --help lists the options of a command.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, function, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        sub.set_defaults(function=function)
        return sub

    sub = command("run", _run, "run notebooks, each in its own kernel, and write an index page")
    sub.add_argument("--profile", choices=PROFILE_NAMES, default="quick",
        help="sizes and epochs (default: %(default)s)")
    sub.add_argument("--data", default="auto",
        help="auto, cifar10, fruit-photos, fruits, photos or folder:PATH (default: auto)")
    sub.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    sub.add_argument("--seed", type=int, default=0, help="(default: 0)")
    sub.add_argument("--parameter", "-p", nargs=2, action="append", default=[],
        metavar=("NAME", "VALUE"), help="set another parameter of the notebooks")
    sub.add_argument("--out", type=Path,
        help="folder for the results (default: build/course/PROFILE)")

    sub = command("store", _store,
        "put the outputs of a run into notebooks/ and its record into results/")
    sub.add_argument("--profile", choices=PROFILE_NAMES, default="lesson",
        help="profile of the run (default: %(default)s)")
    sub.add_argument("--any-data", action="store_true",
        help="accept runs on other data than CIFAR-10")
    sub.add_argument("--record-only", action="store_true",
        help="store only minutes and memory, for the table in the README")

    command("text", _text, "write notebooks as text to build/text/ (py:percent), to edit them")
    command("notebook", _notebook,
        "turn the text in build/text/ back into notebooks; unchanged cells keep id and outputs")
    for sub in commands.choices.values():
        sub.add_argument("notebooks", nargs="*", metavar="NOTEBOOK",
            help="numbers such as 01 03, or paths (default: all)")

    sub = command("links", _links,
        "write badges, addresses and bootstrap cells from the address in pyproject.toml")
    _add_check(sub)
    sub = command("readme", _readme, "write what is measured in README.md and docs/teaching.md, "
        "and the picture strip results/strip.png")
    _add_check(sub)
    sub = command("results", _results, "draw the pictures of the results page, and write the page")
    _add_check(sub)
    sub = command("sources", _sources, "write what was run of each source in docs/sources.md")
    _add_check(sub)
    command("diagrams", _diagrams, "draw the diagrams of networks in notebooks/figures/")
    command("site", _site, "write the notebooks with their outputs as pages to build/site/")
    sub = command("editions", _editions,
        "write the student's and the teacher's course to build/, each as a folder and a zip")
    sub.add_argument("--no-outputs", action="store_true",
        help="leave the stored outputs out of the student's notebooks")
    command("assignment", _assignment,
        "write the homework to build/assignment/, for colorlib grade, nbgrader and Otter-Grader")
    sub = command("turing", _turing,
        "write the page of the Turing test, for people to answer, to build/turing/")
    sub.add_argument("systems", nargs="*", metavar="SYSTEM", default=turing.SYSTEMS,
        help=f"names of checkpoints (default: {' '.join(turing.SYSTEMS)})")
    sub.add_argument("--data", default="auto", help="a data set, such as cifar10 (default: auto)")
    sub.add_argument("--pairs", type=int, default=10,
        help="training pictures, and test pictures, for each system (default: %(default)s)")
    sub.add_argument("--seed", type=int, default=0, help="other pictures (default: 0)")
    sub = command("findings", _findings,
        "print which findings held in several runs of the course, as a table")
    sub.add_argument("folders", nargs="+", type=Path, metavar="FOLDER",
        help="written by `run --out`")
    sub = command("release", _release,
        "write a version, let the links point to its tag, and write the notes of the release")
    sub.add_argument("version", help="such as 0.2.0, with a section in CHANGELOG.md")
    command("pack", _pack,
        "pack what `colorlib train --missing --minutes` trained, to carry it away")
    sub = command("kit", _kit,
        "write build/kit/: course, packages and data, to install without a network")
    sub.add_argument("pip", nargs="*", metavar="OPTION",
        help="further options of `pip wheel`, after --, such as another index")
    return top


def _add_check(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--check", action="store_true",
        help="change nothing; exit with status 1 if a file is out of date")


def _run(options: argparse.Namespace) -> int:
    parameters = {"PROFILE": options.profile, "SEED": options.seed, "DEVICE": options.device,
        "DATA": options.data} | dict(options.parameter)
    out = options.out or build("course", options.profile)
    return run.run(find(options.notebooks), out, parameters)


def _store(options: argparse.Namespace) -> int:
    for path in find(options.notebooks):
        print(store.store(path, build("course", options.profile), any_data=options.any_data,
            record_only=options.record_only))
    return 0


def _text(options: argparse.Namespace) -> int:
    for path in find(options.notebooks):
        print(text.to_text(path))
    return 0


def _notebook(options: argparse.Namespace) -> int:
    for path in text.texts(options.notebooks):
        print(text.to_notebook(path))
    return 0


def _links(options: argparse.Namespace) -> int:
    return _report(links.write(check=options.check), options.check)


def _readme(options: argparse.Namespace) -> int:
    status = _report(readme.write(check=options.check), options.check)
    if not options.check:
        print(readme.update_strip())
    return status


def _results(options: argparse.Namespace) -> int:
    return _report(results.draw(check=options.check), options.check)


def _sources(options: argparse.Namespace) -> int:
    return _report(sources.write(check=options.check), options.check)


def _report(changed: list[str], check: bool) -> int:
    """Print which files changed, or would change; 1 if a check found one, else 0."""
    for name in changed:
        print(f"{'out of date' if check else 'written'}: {name}")
    if not changed:
        print("up to date")
    return int(check and bool(changed))


def _diagrams(options: argparse.Namespace) -> int:
    print(*diagrams.write(), sep="\n")
    return 0


def _turing(options: argparse.Namespace) -> int:
    print(turing.make(build("turing", "index.html"), options.systems, options.data, options.pairs,
        options.seed))
    return 0


def _site(options: argparse.Namespace) -> int:
    # The other commands do without these packages, so `site` is imported here only.
    missing = [name for name in ("jupyter_book", "onnx", "pptx") if find_spec(name) is None]
    if missing:
        raise CourseError(f"the pages need {' and '.join(missing)}: make site installs what is "
                          'missing, or pip install -e ".[course,pages]"')
    from tools import site

    print(site.make())
    return 0


def _editions(options: argparse.Namespace) -> int:
    print(*editions.make(outputs=not options.no_outputs), sep="\n")
    return 0


def _findings(options: argparse.Namespace) -> int:
    print(findings.table(options.folders), end="")
    return 0


def _release(options: argparse.Namespace) -> int:
    print(release.prepare(options.version))
    return 0


def _assignment(options: argparse.Namespace) -> int:
    print(assignment.make())
    return 0


def _pack(options: argparse.Namespace) -> int:
    archives, left_out = pack.pack()
    print("packed:", *(path.name for path in archives))
    for path in left_out:
        print(f"no room for {path.name}")
    return 0


def _kit(options: argparse.Namespace) -> int:
    folder = kit.make(pip=options.pip)
    print((folder / "KIT.txt").read_text(encoding="utf-8"), folder, sep="\n")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code, 2 for an error that the user can fix."""
    commands = parser()
    options = commands.parse_args(arguments)
    if options.command is None:
        commands.print_help()
        return 0
    try:
        return options.function(options)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
