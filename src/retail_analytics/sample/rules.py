"""Rule tables of the sample retailer's own: hours of its support desk, holidays, promises."""

import csv
from collections.abc import Iterator
from pathlib import Path

from retail_analytics.sample.world import World

FOLDER = "rules"
# holidays are listed for the years around the sample: promises are due after its last day
YEARS_BEFORE, YEARS_AFTER = 1, 2


def write_rules(out: Path, world: World) -> None:
    """Writes the rule tables of a sample into its folder `rules`, as CSV whatever its format."""
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    write_csv(
        folder / "support_hours.csv",
        ("schedule", "time_zone", "iso_weekday", "opens_at", "closes_at"),
        (
            (row.schedule, row.zone, weekday, row.opens_at, row.closes_at)
            for row in world.process.support_hours
            for weekday in row.iso_weekdays
        ),
    )
    write_csv(
        folder / "support_holidays.csv",
        ("schedule", "closed_on", "holiday"),
        holidays(world),
    )
    write_csv(
        folder / "sla_targets.csv",
        ("target", "priority", "channel", "team", "target_minutes", "clock"),
        iter(world.process.sla_targets),
    )


def holidays(world: World) -> Iterator[tuple[str, str, str]]:
    """Schedule (empty for all), day and name of every holiday."""
    last_year = world.day(world.days - 1).year
    for year in range(world.first_day.year - YEARS_BEFORE, last_year + YEARS_AFTER + 1):
        for month, day, schedule, name in world.process.support_holidays:
            yield schedule, f"{year}-{month:02}-{day:02}", name


def write_csv(path: Path, header: tuple[str, ...], rows: Iterator[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
