"""Figures: what goes in, what is drawn, and the alt text that stays."""

import base64
import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from colorlib import color
from colorlib.notebook import plots
from colorlib.notebook.ab_plane import gamut_outline

RED = torch.tensor([1.0, 0, 0])[:, None, None].expand(3, 4, 5)


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(plots.png(figure))).convert("RGB"))


# to_rgb

@pytest.mark.parametrize("x",
                         [RED, RED.double(), RED.to(torch.bfloat16).float(), (RED * 255).to(torch.uint8), RED.numpy(),
                          RED.permute(1, 2, 0).numpy(), Image.fromarray(np.full((4, 5, 3), (255, 0, 0), np.uint8)),
                          RED.clone().requires_grad_(), RED * 1.3 - 0.1])
def test_a_picture_may_be_tensor_array_or_pil(x):
    assert (plots.to_rgb(x) == np.full((4, 5, 3), (255, 0, 0), np.uint8)).all()


def test_one_channel_is_gray_and_bool_is_black_and_white_and_what_is_no_picture_is_refused():
    assert (plots.to_rgb(torch.full((2, 1, 4, 5), 0.5)) == 128).all()
    assert plots.to_rgb(torch.ones(4, 5, dtype=torch.bool)).tolist() == np.full((4, 5, 3), 255).tolist()
    for wrong in (torch.rand(2, 4, 5), torch.rand(3), RED * 255, torch.ones(3, 4, 5, dtype=torch.long)):
        with pytest.raises(ValueError, match="expected"):
            plots.to_rgb(wrong)


# images

def test_small_pictures_are_enlarged_by_a_whole_factor():
    checker = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(16, 16)[None, None].expand(3, 3, 32, 32)
    found = pixels(plots.images(checker))
    assert set(np.unique(found)) == {0, 255}  # no pixel is a mixture
    inside = found[2:-6, 4:, 0]
    runs = np.diff(np.flatnonzero(np.diff(inside[3].astype(int))))
    assert np.bincount(runs).argmax() == np.median(runs) and (runs == np.median(runs)).mean() > 0.9


def test_rows_have_labels_and_columns_titles():
    figure = plots.images({"gray": torch.rand(3, 1, 8, 8), "truth": torch.rand(2, 3, 8, 8)}, titles=["a", "b"])
    assert [t.get_text() for t in figure.texts] == ["gray", "truth"]
    assert len(figure.axes) == 5 and figure.axes[0].get_title() == "a"
    with pytest.raises(ValueError, match="1 labels for 2 rows"):
        plots.images([RED, RED], labels=["a"])


def test_swatches_take_colors_in_any_form():
    figure = plots.swatches("#ff0000", (0, 1.0, 0), color.swatch([(0, 0, 1.0), (1.0, 1.0, 1.0)]), np.zeros((2, 3)))
    drawn = [tuple(ax.images[0].get_array()[0, 0]) for ax in figure.axes]
    assert drawn == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (0, 0, 0)]
    with pytest.raises(ValueError, match="2 labels for 1 colors"):
        plots.swatches("#ff0000", labels=["a", "b"])


# plots

def test_the_gamuts_outline_holds_every_color():
    from matplotlib.path import Path

    outline = Path(gamut_outline())
    rgb = torch.rand(3, 1, 5000, generator=torch.Generator().manual_seed(0)).round(decimals=1)  # many on the surface
    ab = color.rgb_to_lab(rgb)[1:, 0].T.numpy()
    assert (outline.contains_points(ab, radius=-0.5) | outline.contains_points(ab, radius=0.5)).all()


def test_plots_return_an_axis_draw_on_one_and_keep_their_style():
    _, ax = plots.new()
    assert plots.lines({"a": [1, 2], "b": torch.tensor([2.0, 1.0]), "level": 1.5}, ax=ax) is ax
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 2], [2, 1], [1.5, 1.5]]
    with matplotlib.rc_context({"font.size": 4, "axes.labelsize": 4}):      # whatever the notebook set
        assert plots.bars({"gray": 1.0, "K1": torch.tensor(0.8)}, label="x").xaxis.label.get_size() >= 12
    assert isinstance(plots.ab_plane(lightness=50), Axes) and isinstance(plots.ab_plane(gamut=False), Axes)
    assert isinstance(plots.scatter_ab(plots.ab_plane(), torch.rand(2, 4, 4), torch.rand(16, 3)), Axes)
    rgb = torch.tensor([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in plots.PALETTE], dtype=torch.uint8)
    assert torch.pdist(color.rgb_to_lab(rgb.T[:, None])[:, 0].T).min() > 20      # the palette's colors are distinct


# show

@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_the_alt_text_lands_in_the_output(shell):
    with capture_output() as seen:
        plots.show(plots.bars({"a": 1.0}), alt="One bar,\n  of length one.")
    (output,) = seen.outputs
    assert output.metadata == {"image/png": {"alt": "One bar, of length one."}}
    assert output.data["text/plain"] == "One bar, of length one." and set(output.data) == {"image/png", "text/plain"}
    assert Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).format == "PNG"
    for alt in ("", "   ", "figure", "a\n\n\n\n\n\n\n\n\n\n\n\nb"):
        with pytest.raises(ValueError, match="describe"):
            plots.show(plots.bars({"a": 1.0}), alt=alt)


def test_a_caption_is_stored_with_the_figure_and_shown_below_it(shell):
    with capture_output() as seen:
        plots.show(RED, alt="A plain red rectangle.", caption=" Only *one* color. ", name="red-1")
    figure, caption = seen.outputs
    assert figure.metadata["image/png"] == {
        "alt": "A plain red rectangle.", "caption": "Only *one* color.", "name": "red-1"}
    assert caption.data == {"text/markdown": "<small>Only *one* color.</small>", "text/plain": "Only *one* color."}
    assert caption.metadata == {"caption": True}  # by which the pages know it, and leave it out
    for wrong in ({"caption": "two\n\nparagraphs"}, {"name": "Red"}, {"name": "red "}, {"name": "-red"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            plots.show(RED, alt="A plain red rectangle.", **wrong)


def test_a_shown_pyplot_figure_is_closed_and_ours_do_not_live_there(shell):
    figure, ax = plt.subplots()
    with capture_output() as seen:
        plots.show(ax, alt="An empty pair of axes.")
    assert len(seen.outputs) == 1 and not plt.fignum_exists(figure.number)
    before = plt.get_fignums()
    assert isinstance(plots.images(torch.rand(2, 3, 8, 8)), Figure) and plots.ab_plane()
    assert plt.get_fignums() == before


def test_without_a_notebook_the_alt_text_is_printed(capsys):
    plots.show(RED, alt="A plain red rectangle.")
    assert "A plain red rectangle." in capsys.readouterr().out


@pytest.mark.parametrize("size", [(64, 64), (700, 900)])
def test_pictures_of_any_size_keep_their_full_color(size):
    noise = torch.rand(3, *size)
    stored = Image.open(io.BytesIO(plots.png(noise)))
    assert stored.mode == "RGB" and (np.asarray(stored) == plots.to_rgb(noise)).all()
    assert pixels(plots.images([torch.rand(3, 3, 90, 300)])).shape[1] <= 700     # and fit the page


@pytest.mark.gpu
def test_pictures_may_be_on_the_gpu():
    assert (plots.to_rgb(RED.cuda()) == plots.to_rgb(RED)).all()


# dashboard

def test_a_dashboard_has_a_panel_for_each_number_and_a_line_for_each_run():
    watched = [{"step": i, "a": float(i), "b": 10.0**-i if i else 0.0} for i in range(4)]
    figure = plots.dashboard({"one": watched, "two": watched[:2]}, {"a": "A", "b": "B"}, ["b"], {"a": 0.5}, ["a"])
    left, right = figure.axes
    assert [ax.get_title() for ax in figure.axes] == ["A", "B"] and right.get_yscale() == "log"
    assert [len(line.get_xdata()) for line in left.lines] == [4, 2, 2]  # and the level
    assert [len(line.get_xdata()) for line in right.lines] == [3, 1, 1, 1]  # a zero is a mark of its own, at the foot
    assert right.lines[1].get_marker() == "v" and right.lines[1].get_ydata()[0] == pytest.approx(1e-5)
    assert left.get_ylim() == (-0.05, 1.05)
    assert left.get_legend() and pixels(figure).std() > 1
    three = plots.dashboard({"one": [{"step": 0, "a": 1.0, "b": 2.0, "c": 3.0}]}, {"a": "A", "b": "B", "c": "C"})
    assert [ax.axison for ax in three.axes] == [True, True, True, False]


def test_a_live_picture_is_redrawn_but_not_too_often():
    drawn = []

    def picture():
        drawn.append(1)
        return plots.lines({"a": [float(len(drawn)), 1.0]})

    live = plots.Live(seconds=0)
    live.draw(picture)
    first = live.view.value
    live.draw(picture)
    assert first[:4] == b"\x89PNG" and live.view.value != first
    live.seconds = 60
    live.draw(picture)
    assert len(drawn) == 2


def test_points_bear_their_names_and_names_keep_apart():
    groups = {"one": {"K1": (0.5, 0.9), "K2": (0.51, 0.9), "K3": (0.5, 0.91)}, "two": {"P2": (0.9, 1.2)}}
    axis = plots.points(groups, "chroma", "error")
    names = {text.get_text(): text for text in axis.texts}
    assert set(names) == {"K1", "K2", "K3", "P2"} and axis.get_legend()
    assert pixels(axis.figure).std() > 1
    renderer = FigureCanvasAgg(axis.figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in names.values()]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_seeds_are_points_by_row_with_their_mean_and_the_truth_is_a_line():
    rows = {"one": {"green": [10, 20, 60], "pure": [1, 2, 3]}, "two": {"green": [50], "pure": [float("nan")] * 2}}
    figure = plots.by_seed(rows, truth={"green": 30}, columns=1, xlim={"green": (0, 100)})
    green, pure = figure.axes
    assert (green.get_title(), pure.get_title()) == ("green", "pure") and green.get_xlim() == (0, 100)
    assert pure.get_xlim()[1] < 4  # as its numbers need
    for wrong in ({"xlim": {"gren": (0, 100)}}, {"means": ["gren"]}):
        with pytest.raises(ValueError, match="no panel 'gren': there are"):
            plots.by_seed(rows, **wrong)
    some = plots.by_seed(rows, means=["pure"])
    assert [[text.get_text() for text in ax.texts] for ax in some.axes] == [[], ["2", "–"]]
    assert [label.get_text() for label in green.get_yticklabels()] == ["one", "two"]
    drawn = [(list(line.get_xdata()), set(line.get_ydata())) for line in green.lines if line.get_marker() == "o"]
    assert drawn == [([10, 20, 60], {0}), ([50], {1})]
    assert [text.get_text() for ax in (green, pure) for text in ax.texts] == ["30", "50", "2", "–"]
    assert [list(line.get_xdata()) for line in green.lines if line.get_linestyle() == "--"] == [[30, 30]]
    assert not [line for line in pure.lines if line.get_linestyle() == "--"]
    assert green.get_ylim()[0] > green.get_ylim()[1] and pixels(figure).std() > 1
