"""A data check by hand: page through a folder of pictures and mark the bad ones.

    data_check.show("pictures")             # in a notebook: arrow keys page, Tab and Space mark
    datasets.load_folder("pictures")        # leaves out what is marked

The marks are lines of the file `marked-bad.txt` in the folder, which any editor can change.
Dorscheidt 2016 cleaned a data set with a small web application of this kind.
"""

from pathlib import Path

from ipywidgets import Checkbox, HBox, Image, IntSlider, Label, Layout, VBox
from PIL import Image as Pillow

from colorlib.data import folder as folders
from colorlib.data import image_files
from colorlib.notebook.display import png
from colorlib.paths import write_text_atomic

SHOWN_SIDE = 384  # pixels of the longer side, on the page


def mark(folder: str | Path, name: str, bad: bool) -> None:
    """Add a picture's name to marked-bad.txt, or remove it; comments ("# ...") in the file stay.

    FileNotFoundError if there is no such folder or, when marking, no such picture in it.
    """
    root = Path(folder).expanduser()
    if not root.is_dir() or (bad and not (root / name).is_file()):
        raise FileNotFoundError(f"there is no picture {name} in the folder {folder}")
    path = root / folders.MARKS_FILE
    marked = folders.marked_files(root)  # ValueError if the file is no text
    # utf-8-sig: some editors put a byte order mark at the start of a file.
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    comments = [line for line in lines if line.startswith("# ")]
    names = map(folders.mark_line, sorted(marked - {name} | ({name} if bad else set())))
    write_text_atomic(path, "".join(f"{line}\n" for line in [*comments, *names]))


def show(folder: str | Path) -> VBox:
    """Return a widget that shows the pictures of a folder one by one, with a checkbox to mark them.

    FileNotFoundError if there is no such folder, ValueError if it holds no readable picture.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    names = [name for name in folders.list_files(root) if _is_readable(root / name)]
    if not names:
        raise ValueError(f"there is no picture in the folder {folder}")
    return DataCheck(root, names).view


class DataCheck:
    """The widget's state; `view` is what a notebook shows."""

    def __init__(self, root: Path, names: list[str]):
        self.root, self.names = root, names
        self.slider = IntSlider(0, min=0, max=len(names) - 1, description="picture")
        self.checkbox, self.title = Checkbox(description="bad", indent=False), Label()
        # flex-start: at its own size; otherwise the page stretches it to its full width.
        self.picture = Image(format="png", layout=Layout(align_self="flex-start"))
        self.view = VBox([HBox([self.slider, self.checkbox]), self.title, self.picture])
        self.slider.observe(self.update, names="value")
        self.update()

    def update(self, _change=None) -> None:
        """Show the picture that the slider points to, and whether it is marked."""
        name, marked = self.names[self.slider.value], folders.marked_files(self.root)
        self.picture.value = _png(self.root / name)
        # Setting the checkbox here must not count as a click on it.
        self.checkbox.unobserve(self.save, names="value")
        self.checkbox.value = name in marked
        self.checkbox.observe(self.save, names="value")
        self.title.value = (f"{name}: picture {self.slider.value + 1} of {len(self.names)}, "
                            f"{len(marked & set(self.names))} marked")

    def save(self, change) -> None:
        """Store a click on the checkbox."""
        mark(self.root, self.names[self.slider.value], change["new"])
        self.update()


def _is_readable(path: Path) -> bool:
    try:
        with Pillow.open(path) as picture:  # reads the header only
            return bool(picture.size)
    except (OSError, ValueError, Pillow.DecompressionBombError):
        return False


def _png(path: Path) -> bytes:
    """Return a picture as PNG, its longer side SHOWN_SIDE; a gray square if it is incomplete."""
    try:
        picture = Pillow.fromarray(image_files.decode(path))
    except image_files.Unreadable:
        picture = Pillow.new("RGB", (SHOWN_SIDE, SHOWN_SIDE), "gray")
    scale = SHOWN_SIDE / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    # Enlarged pixels stay sharp; a photograph is shrunk smoothly.
    return png(picture.resize(size, Pillow.NEAREST if scale > 1 else Pillow.LANCZOS))
