"""The replay's progress on the terminal: the day, a bar, and how many quotes, signals and orders there were."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from tradewire_cli.replay.feed import OnProgress, Progress


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[OnProgress]:
    """Shows a bar while it is open, and gives the function that moves it."""
    columns = (
        TextColumn("{task.fields[day]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(
            "days  {task.fields[quotes]:,} quotes  {task.fields[signals]:,} signals  {task.fields[orders]:,} orders"
        ),
    )
    with RichProgress(*columns, console=console) as bar:
        task = bar.add_task("replay", total=None, day="----------", quotes=0, signals=0, orders=0)

        def move(progress: Progress) -> None:
            bar.update(
                task,
                total=progress.days,
                completed=progress.number,
                day=progress.day.isoformat(),
                quotes=progress.quotes,
                signals=progress.work.signals,
                orders=progress.work.orders,
            )

        yield move
