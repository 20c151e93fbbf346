"""A film of a tissue: the section through its middle, snapshot by snapshot, with one view and one scale of colours."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from diaspore.core.errors import DiasporeError
from diaspore.core.jsonio import write_atomic
from diaspore.tissue.results import STATES
from diaspore.viz import style, tissue

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.tissue.results import Tissue

FRAMES = 200
"""At most; of a run with more snapshots some are left out, evenly."""
FRAME_MS = 100
SHADES = 128
"""Colours of 256 that are kept for the background."""
LAST_MS = 2000
"""How long the last picture stays before the film begins again."""
WIDTH, TOP, BOTTOM, LEFT, RIGHT = 5.4, 0.85, 1.02, 0.62, 0.95  # inches; 810 pixels


def film(results: Tissue, folder: Path, progress: Progress) -> list[Path]:
    """Write film.gif and, where there is ffmpeg, film.mp4; the files, each whole or not there.

    Raises:
        DiasporeError: the folder cannot be written.
    """
    last = results.snapshots - 1
    shown = min(FRAMES, last + 1)
    numbers = [round(last * k / max(shown - 1, 1)) for k in range(shown)]
    written = [folder / "film.gif"]
    with progress(2 * len(numbers), "film", "frames") as bar:
        view = tissue.View(results)
        for number in numbers:
            view.include(number, results.shot(number))
            bar.advance()
        frames = Frames(results, view)
        palette = _palette([frames.draw(n) for n in dict.fromkeys((numbers[0], numbers[len(numbers) // 2], last))])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".film-", dir=folder) as work:
                mp4 = Mp4(Path(work) / "film.mp4", frames.size)

                def pictures() -> Iterator[Image.Image]:
                    for number in numbers:
                        picture = frames.draw(number)
                        mp4.add(picture, 1 if number != last else LAST_MS // FRAME_MS)
                        bar.advance()
                        yield picture.quantize(palette=palette, dither=Image.Dither.NONE)

                try:
                    write_atomic(written[0], _gif(pictures(), len(numbers)))
                    (folder / "film.mp4").unlink(missing_ok=True)  # an older one need not show the same
                    if mp4.finish():
                        written.append(folder / "film.mp4")
                        mp4.file.replace(written[1])
                finally:
                    mp4.close()
        except OSError as error:
            raise DiasporeError(f"cannot write {error.filename or folder}: {error.strerror or error}") from None
    return written


def _gif(pictures: Iterator[Image.Image], count: int) -> bytes:
    whole = io.BytesIO()
    durations = [FRAME_MS] * (count - 1) + [LAST_MS]
    first = next(pictures)
    if count == 1:
        first.save(whole, format="GIF")
    else:
        first.save(whole, format="GIF", save_all=True, append_images=pictures, duration=durations, loop=0)
    return whole.getvalue()


class Frames:
    """Draws one frame after the other into the same figure."""

    @style.styled
    def __init__(self, results: Tissue, view: tissue.View) -> None:
        self._results, self._view = results, view
        (x0, x1), (y0, y1) = view.limits(0), view.limits(1)
        right = RIGHT if results.units else 0.25
        room = WIDTH - LEFT - right
        height = min(max(room * (y1 - y0) / (x1 - x0), 0.35 * room), 1.4 * room)
        bottom = BOTTOM + tissue.KEY_ROW * (tissue.key_rows(results, WIDTH) - 1)
        total = 2.0 * round(style.DPI * (TOP + bottom + height) / 2.0) / style.DPI  # films need even numbers of pixels
        self.figure = style.new_figure(WIDTH, total)
        name = results.run.manifest["name"]
        style.heading(self.figure, "", "", f"{name}, seed {results.run.manifest['seed']}")
        place = (LEFT / WIDTH, bottom / total, room / WIDTH, height / total)
        self._axes = self.figure.add_axes(place)
        left, top = 0.35 / WIDTH, total
        self._title = self.figure.text(left, 1 - 0.2 / top, "", fontsize=13, fontweight="bold", va="top")
        self._words = self.figure.text(left, 1 - 0.5 / top, "", fontsize=9, color=style.MUTED, va="top")
        self._bar: Any = None
        if results.units:
            self._bar = self.figure.add_axes((1 - (right - 0.12) / WIDTH, place[1], 0.13 / WIDTH, place[3]))
        tissue.key(self.figure, results, 0.5, 0.24 / total)
        self.size = tuple(round(style.DPI * inches) for inches in (WIDTH, total))

    @style.styled
    def draw(self, number: int) -> Image.Image:
        """The picture of a snapshot."""
        results, axes = self._results, self._axes
        axes.clear()
        image = tissue.panel(axes, results.shot(number), results, self._view)
        axes.set(xlabel="x, µm", ylabel="y, µm")
        if image is not None and self._bar is not None:
            name, unit = next(iter(results.units.items()))
            self.figure.colorbar(image, cax=self._bar).set_label(tissue.labelled(name, unit))
            self._bar = None  # the scale is the same in all frames
        row = results.counts.iloc[number]
        counted = {word: sum(int(row[f"{name} {word}"]) for name in results.types) for word in STATES}
        self._title.set_text(f"{results.run.manifest['name']}: {tissue.time_words(results.hours(number))}")
        words = [style.plural(sum(counted.values()), "cell")]
        words += [f"{counted[word]:,} {word}" for word in STATES[1:] if counted[word]]
        self._words.set_text(" · ".join(words))
        canvas: Any = self.figure.canvas
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3].copy())


class Mp4:
    """Sends frames to ffmpeg, if there is one; it must never keep the other film from being made."""

    def __init__(self, file: Path, size: Sequence[int]) -> None:
        self.file = file
        self._process: subprocess.Popen[bytes] | None = None
        program = shutil.which("ffmpeg")
        if program is None:
            return
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [program, "-loglevel", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
             "-s", f"{size[0]}x{size[1]}", "-r", str(1000 // FRAME_MS), "-i", "pipe:0", "-an", "-pix_fmt", "yuv420p",
             "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", str(file)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._errors,
        )  # fmt: skip

    def add(self, picture: Image.Image, times: int) -> None:
        """The next frame."""
        if self._process is None or self._process.stdin is None or self._process.stdin.closed:
            return
        try:
            for _ in range(times):
                self._process.stdin.write(picture.tobytes())
        except OSError:  # it has ended; why is said at the end
            self._close_input()

    def finish(self) -> bool:
        """Whether there is a film. A failure is told on standard error."""
        if self._process is None:
            return False
        self._close_input()
        status = self._process.wait()
        if status == 0 and self.file.is_file():
            return True
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        print(f"ffmpeg made no film.mp4: {said[-1] if said else f'exit status {status}'}", file=sys.stderr)
        return False

    def close(self) -> None:
        """End ffmpeg, whether it is done or not."""
        if self._process is None:
            return
        self._process.kill()
        self._close_input()
        self._process.wait()
        self._errors.close()

    def _close_input(self) -> None:
        try:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            pass


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """One palette for all frames, so that no colour flickers: the scale of the background, and the rest in use."""
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for k, picture in enumerate(pictures):
        together.paste(picture, (0, k * height))
    rest = together.quantize(colors=256 - SHADES, method=Image.Quantize.MAXCOVERAGE, kmeans=1).getpalette() or []
    shades = (255.0 * style.burden_map()(np.linspace(0.0, 1.0, SHADES))[:, :3]).round().astype(int)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*shades.ravel().tolist(), *rest[: 3 * (256 - SHADES)]])
    return palette
