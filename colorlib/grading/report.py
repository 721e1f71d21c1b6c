"""What comes out of grading: points.csv for a spreadsheet, and mistakes.html to show to the class.

The page names nobody. The table has a row for each submission, with remarks.
"""

import csv
import io
import re
import tempfile
from collections import Counter
from html import escape
from pathlib import Path

from colorlib.exercises import Result
from colorlib.grading.grade import Graded
from colorlib.paths import write_text_atomic

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>How the class did</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 17px/1.5 sans-serif; margin: 1em auto; max-width: 44em; padding: 0 .8em }}
  table {{ border-collapse: collapse; width: 100% }}
  th, td {{ text-align: left; padding: .3em .4em; border-bottom: 1px solid #8888;
           vertical-align: top; overflow-wrap: anywhere }}
  td + td.number, th.number {{ text-align: right; overflow-wrap: normal }}
</style>
<h1>How the class did</h1>
<p>{count} submissions, {points:.0f} of {total} points on average, without the report.</p>
<h2>Tasks</h2>
<table><tr><th>task</th><th class="number">right</th><th class="number">not yet</th>
<th class="number">not done</th></tr>
{tasks}
</table>
<h2>Usual mistakes</h2>
<table><tr><th>task</th><th>what the checker says</th><th class="number">how often</th></tr>
{mistakes}
</table></html>
"""


def check(out: Path) -> None:
    """Raise an OSError or ValueError, before anything is graded, if nothing can be written there.

    A table that is there may hold the teacher's points for the reports.
    """
    if (out / "points.csv").exists():
        raise ValueError(f"{out / 'points.csv'} is there already, perhaps with the points of "
                         "reports: give another folder with -o")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass


def write(graded: list[Graded], out: Path) -> list[Path]:
    """Write points.csv and mistakes.html to a folder; returns both paths."""
    table, page = out / "points.csv", out / "mistakes.html"
    write_text_atomic(table, "\ufeff" + _table(graded))  # so that Excel reads UTF-8
    write_text_atomic(page, _page(graded))
    return [table, page]


def _table(graded: list[Graded]) -> str:
    tasks, text = graded[0].tasks, io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["submission", "points", "of", "report", *(task.name for task in tasks),
                     "remarks"])
    total = sum(task.points for task in tasks)
    for one in graded:
        remarks = one.notes + [f"{task.name}: {words}" for task in tasks
                               if (words := _words(one.results[task.key]))]
        writer.writerow([_cell(one.submission.name), one.points, total, "",
                         *map(one.points_of, tasks), _cell("; ".join(remarks))])
    return text.getvalue()


def _cell(text: str) -> str:
    """Foreign text for a spreadsheet, which would run what begins like a formula."""
    text = _plain(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _plain(text: str) -> str:
    """Text on one line, without control characters and halves of characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _page(graded: list[Graded]) -> str:
    tasks = graded[0].tasks
    rows, mistakes = [], Counter()
    for task in tasks:
        statuses = Counter(one.results[task.key].status for one in graded)
        rows.append(_row(task.name, *(statuses[status] for status in
                                      ("right", "wrong", "not done"))))
        mistakes.update((task.name, words) for one in graded
                        if (words := _words(one.results[task.key])))
    return PAGE.format(
        count=len(graded), points=sum(one.points for one in graded) / len(graded),
        total=sum(task.points for task in tasks), tasks="\n".join(rows),
        mistakes="\n".join(_row(*mistake, count) for mistake, count in mistakes.most_common()))


def _row(*values: object) -> str:
    cells = (f'<td class="number">{value}</td>' if isinstance(value, int)
             else f"<td>{escape(_plain(str(value)))}</td>" for value in values)
    return f"<tr>{''.join(cells)}</tr>"


def _words(result: Result) -> str:
    """A mistake without what differs from one student to the next; "" if there is none."""
    if result.status != "wrong":
        return ""
    stopped = re.match(r"your code stopped with (\w+)", result.message)
    return result.hint or (stopped[0] if stopped else re.sub(r" \([^()]*\)$", "", result.message))
