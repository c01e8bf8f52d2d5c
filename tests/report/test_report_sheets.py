"""The sheets of images, read back pixel by pixel: which image stands where, and in which greys."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from report_pixels import ENLARGED, SIDE, draw, found, inked, pixels, place

from aebench import registry
from aebench.errors import ResultError
from aebench.report import sheet
from aebench.report.gallery.images import overview
from aebench.report.gallery.material import Material

STACKED = registry.autoencoder("stacked")
NAMES = ["reconstructions.png", "features.png", "denoised.png", "generated.png", "interpolation.png"]


def tops(canvas: np.ndarray, rows: list[np.ndarray]) -> list[int]:
    """Height at which each row of images (k, n) stands, once its images stand side by side in order."""
    heights = []
    for images in rows:
        places = [place(canvas, inked(image)) for image in images]
        assert len({y for y, _ in places}) == 1
        assert [x for _, x in places] == sorted({x for _, x in places})
        heights.append(places[0][0])
    return heights


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_originals_stand_above_every_frameworks_reconstructions(pictures, tmp_path: Path, count: int) -> None:
    """reconstructions.png: one row of originals, then one for each framework in the given order, and no more."""
    given = pictures(count, only=("images", "reconstructions"))
    assert draw(STACKED, given, tmp_path) == [tmp_path / "reconstructions.png"]
    canvas = pixels(tmp_path / "reconstructions.png")
    rows = [given["reference"][0]["images"], *(arrays["reconstructions"] for arrays, _ in given.values())]
    heights = tops(canvas, rows)
    assert sorted(set(heights)) == heights
    assert len(canvas) < heights[-1] + 2 * SIDE * ENLARGED


def test_a_swapped_row_is_noticed(pictures, tmp_path: Path) -> None:
    """Planted fault: with the bands of two frameworks exchanged in the file, the rows are no longer in order."""
    given = pictures(only=("images", "reconstructions"))
    draw(STACKED, given, tmp_path)
    canvas, rows = pixels(tmp_path / "reconstructions.png"), [a["reconstructions"] for a, _ in given.values()]
    first, second, third = tops(canvas, rows)
    side, swapped = SIDE * ENLARGED, canvas.copy()
    swapped[second : second + side], swapped[third : third + side] = canvas[third:][:side], canvas[second:][:side]
    assert [first, third, second] == tops(swapped, rows)


def test_columns_line_up(pictures, tmp_path: Path) -> None:
    """An original and its reconstructions stand in one column."""
    given = pictures(only=("images", "reconstructions"))
    draw(STACKED, given, tmp_path)
    canvas = pixels(tmp_path / "reconstructions.png")
    for number in range(4):
        tiles = [given["reference"][0]["images"][number], *(a["reconstructions"][number] for a, _ in given.values())]
        assert len({place(canvas, inked(tile))[1] for tile in tiles}) == 1


def test_a_framework_without_the_array_keeps_its_place(pictures, figures: list[Figure], tmp_path: Path) -> None:
    """What failed is shown as not recorded, between the others, never left out."""
    given = pictures(only=("images", "reconstructions"))
    given["tensorflow"] = ({}, {})
    draw(STACKED, given, tmp_path)
    texts = {text.get_text(): text for text in figures[0].texts}
    heights = [texts[name].get_position()[1] for name in ("original", "reference", "tensorflow", "pytorch")]
    assert sorted(heights, reverse=True) == heights
    assert texts["not recorded"].get_position()[1] == pytest.approx(heights[2])


def test_title_and_row_labels(pictures, figures: list[Figure], tmp_path: Path) -> None:
    """The sheet names the autoencoder and every framework."""
    draw(STACKED, pictures(only=("images", "reconstructions")), tmp_path)
    expected = ["Stacked, all layers at once: reconstructions", "original", "reference", "tensorflow", "pytorch"]
    assert expected == [text.get_text() for text in figures[0].texts if text.get_text()]


def test_reconstructions_share_the_scale_of_the_originals(pictures, tmp_path: Path) -> None:
    """A reconstruction that is half as dark is drawn half as dark; what leaves the originals' range is cut off."""
    given = pictures(1, only=("images", "reconstructions"))
    given["reference"][0]["reconstructions"] = given["reference"][0]["images"] * 2.0 - 0.5
    draw(STACKED, given, tmp_path)
    canvas = pixels(tmp_path / "reconstructions.png")
    place(canvas, inked(np.clip(given["reference"][0]["reconstructions"][2], 0, 1)))


def test_features_are_the_columns_of_the_weight(pictures, tmp_path: Path) -> None:
    """features.png: column j of encoder1.weight, from the smallest to the largest value any framework has there."""
    given = pictures(only=("features",))
    assert draw(STACKED, given, tmp_path) == [tmp_path / "features.png"]
    canvas, weights = pixels(tmp_path / "features.png"), [arrays["features"] for arrays, _ in given.values()]
    places = np.array(
        [
            [
                place(canvas, inked(w[:, j], min(x[:, j].min() for x in weights), max(x[:, j].max() for x in weights)))
                for j in range(5)
            ]
            for w in weights
        ]
    )
    assert (np.diff(places[:, :, 0], axis=0) > 0).all()
    assert (np.diff(places[:, :, 1], axis=1) > 0).all()
    assert (np.diff(places[:, :, 1], axis=0) == 0).all()


def test_denoised_shows_original_noisy_and_every_framework(pictures, tmp_path: Path) -> None:
    """denoised.png: the clean images, the noisy ones, then what each framework makes of the noisy ones."""
    given = pictures(only=("images", "noisy", "reconstructions_from_noisy"))
    assert draw(STACKED, given, tmp_path) == [tmp_path / "denoised.png"]
    first = given["reference"][0]
    rows = [first["images"], first["noisy"], *(a["reconstructions_from_noisy"] for a, _ in given.values())]
    heights = tops(pixels(tmp_path / "denoised.png"), rows)
    assert sorted(set(heights)) == heights


def test_generated_is_a_block_of_six_by_ten(pictures, tmp_path: Path) -> None:
    """generated.png: sample i in row i // 10 and column i % 10 of its framework's block, blocks from left to right."""
    given = pictures(only=("samples",))
    for arrays, _ in given.values():
        arrays["samples"][:, 0] = np.tile([0.0, 1.0], 30)
    assert draw(STACKED, given, tmp_path) == [tmp_path / "generated.png"]
    canvas, right = pixels(tmp_path / "generated.png"), -1
    scale = sheet.CONTENT // (30 * (SIDE + 1))
    for arrays, _ in given.values():
        tiles = [
            inked(sample)[::ENLARGED, ::ENLARGED].repeat(scale, 0).repeat(scale, 1) for sample in arrays["samples"]
        ]
        places = np.array([place(canvas, tile) for tile in tiles]).reshape(6, 10, 2)
        assert (np.diff(places[:, :, 0], axis=0) > 0).all()
        assert (np.diff(places[:, :, 0], axis=1) == 0).all()
        assert (np.diff(places[:, :, 1], axis=1) > 0).all()
        assert places[..., 1].min() > right
        right = places[..., 1].max()


def test_interpolation_steps_run_downwards(pictures, tmp_path: Path) -> None:
    """interpolation.png: step i in row i, coding j in column j of its framework's block."""
    given = pictures(only=("interpolations",))
    for arrays, _ in given.values():
        arrays["interpolations"][0, 0, :2] = 0.0, 1.0
    assert draw(STACKED, given, tmp_path) == [tmp_path / "interpolation.png"]
    canvas, right = pixels(tmp_path / "interpolation.png"), -1
    scale = sheet.CONTENT // (18 * (SIDE + 1))
    for arrays, _ in given.values():
        tiles = [inked(image)[::ENLARGED, ::ENLARGED] for image in arrays["interpolations"].reshape(24, -1)]
        places = np.array([place(canvas, t.repeat(scale, 0).repeat(scale, 1)) for t in tiles]).reshape(4, 6, 2)
        assert (np.diff(places[:, :, 0], axis=0) > 0).all()
        assert (np.diff(places[:, :, 1], axis=1) > 0).all()
        assert places[..., 1].min() > right
        right = places[..., 1].max()


def test_every_kind_is_drawn_and_listed(pictures, tmp_path: Path) -> None:
    """All arrays give all five sheets, in a folder that did not exist, and nothing beside them."""
    written = draw(STACKED, pictures(2), tmp_path / "new" / "folder")
    assert [tmp_path / "new" / "folder" / name for name in NAMES] == written
    assert sorted(NAMES) == sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())


def test_nothing_recorded_draws_nothing(tmp_path: Path) -> None:
    """No framework, or only frameworks without arrays: no file."""
    assert draw(STACKED, {}, tmp_path) == draw(STACKED, {"reference": ({}, {}), "pytorch": ({}, {})}, tmp_path) == []


def test_images_alone_are_no_reconstructions(pictures, tmp_path: Path) -> None:
    """A classifier leaves images and features: only the features are drawn."""
    written = draw(registry.autoencoder("pretrained"), pictures(only=("images", "features")), tmp_path)
    assert [tmp_path / "features.png"] == written


def test_what_is_not_finite_is_red(pictures, tmp_path: Path) -> None:
    """NaN and infinity stand out in red and leave the scale of the others as it was."""
    given = pictures(2, only=("images", "reconstructions"))
    given["pytorch"], broken = given.pop("tensorflow"), given["reference"][0]["reconstructions"]
    broken[0, 0], broken[0, 1], broken[0, 2] = np.nan, np.inf, -np.inf
    draw(STACKED, given, tmp_path)
    canvas = pixels(tmp_path / "reconstructions.png")
    red = (canvas == (0xD6, 0x27, 0x28)).all(axis=-1)
    assert red.sum() == 3 * ENLARGED**2
    place(canvas, inked(given["pytorch"][0]["reconstructions"][0]))


@pytest.mark.parametrize(("n", "shape", "expected"), [(36, "4x9", (4, 9)), (36, "9x4", (9, 4)), (64, "", (8, 8))])
def test_shapes_of_images(pictures, tmp_path: Path, n: int, shape: str, expected: tuple[int, int]) -> None:
    """The stated height and width are used; a square is found where none is stated."""
    given = pictures(1, only=("images", "reconstructions"), n=n, shape=shape)
    draw(STACKED, given, tmp_path)
    canvas = pixels(tmp_path / "reconstructions.png")
    scale = sheet.CELL // max(expected)
    tile = inked(given["reference"][0]["images"][0], shape=expected)
    small = tile[:: len(tile) // expected[0], :: len(tile) // expected[0]]
    place(canvas, small.repeat(scale, 0).repeat(scale, 1))


@pytest.mark.parametrize("shape", ["", "28x28", "nonsense", "x"])
def test_rows_that_are_no_picture_fold_into_the_nearest_square(pictures, tmp_path: Path, shape: str) -> None:
    """37 values stand in 6 rows of 7 whatever shape is wrongly stated; the five places left over are white."""
    assert len(draw(STACKED, pictures(2, n=37, shape=shape), tmp_path)) == 5
    folded = sheet.folded(np.zeros((2, 37, 3), np.uint8), (28, 28))
    assert folded.shape == (2, 6, 7, 3)
    assert (folded.reshape(2, 42, 3)[:, 37:] == 255).all()
    assert (folded.reshape(2, 42, 3)[:, :37] == 0).all()


def test_very_wide_rows_are_thinned() -> None:
    """A row of a million values becomes an image of at most 128 by 128."""
    assert sheet.folded(np.zeros((1, 1_000_000, 3), np.uint8), None).shape[1:] == (125, 125, 3)


def test_the_same_arrays_give_the_same_bytes(pictures, tmp_path: Path) -> None:
    """Twice the same files, whatever the reader's matplotlib settings, which are left as they were."""
    first = [path.read_bytes() for path in draw(STACKED, pictures(2), tmp_path / "first")]
    with matplotlib.rc_context(
        {"font.size": 30.0, "font.family": "monospace", "image.origin": "lower", "savefig.facecolor": "black"}
    ):
        second = [path.read_bytes() for path in draw(STACKED, pictures(2), tmp_path / "second")]
        assert matplotlib.rcParams["font.size"] == 30.0
    assert first == second


def test_a_folder_that_cannot_be_written_is_an_error_of_its_own(pictures, tmp_path: Path) -> None:
    """ResultError naming the file, not a traceback of the operating system."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultError, match=r"reconstructions\.png"):
        draw(STACKED, pictures(1), tmp_path / "file")


def test_a_failure_leaves_the_old_picture(pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written whole: after a failure the old one is there, and no part of a new one."""
    draw(STACKED, pictures(1, only=("features",)), tmp_path)
    before = (tmp_path / "features.png").read_bytes()

    def fail(path: Path, encoded: bytes) -> None:
        path.write_text("half")
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(ResultError, match="the disk is full"):
        draw(STACKED, pictures(2, only=("features",)), tmp_path)
    assert before == (tmp_path / "features.png").read_bytes()
    assert [tmp_path / "features.png"] == list(tmp_path.iterdir())


def test_overview_crosses_autoencoders_and_frameworks(pictures, figures: list[Figure], tmp_path: Path) -> None:
    """A row for each autoencoder that reconstructs images, originals left, then the frameworks in their order."""
    rows = []
    names = ("stacked", "sparse")
    for number, name in enumerate(names):
        given = pictures(only=("images", "reconstructions"))
        for arrays, _ in given.values():
            arrays["reconstructions"] = np.roll(arrays["reconstructions"], number, axis=1)
        rows.append((registry.autoencoder(name), given))
    del rows[1][1]["tensorflow"]
    path = overview([Material(*row) for row in rows]).save(tmp_path / "overview.png")
    canvas = pixels(path)
    texts = [text.get_text() for text in figures[0].texts]
    assert texts[1:7] == [
        "original",
        "reference",
        "tensorflow",
        "pytorch",
        "Stacked, all layers at once",
        "Sparse, KL penalty",
    ]
    assert texts.count("not recorded") == 1
    upper = [place(canvas, inked(arrays["reconstructions"][0])) for arrays, _ in rows[0][1].values()]
    lower = [place(canvas, inked(arrays["reconstructions"][0])) for arrays, _ in rows[1][1].values()]
    assert [upper[0][1], upper[2][1]] == [lower[0][1], lower[1][1]]
    assert len({y for y, _ in upper}) == len({y for y, _ in lower}) == 1
    assert upper[0][0] < lower[0][0]
    originals = found(canvas, inked(rows[0][1]["reference"][0]["images"][0]))
    assert [(upper[0][0], originals[0][1]), (lower[0][0], originals[0][1])] == originals
    assert originals[0][1] < upper[0][1] < upper[1][1] < upper[2][1]
