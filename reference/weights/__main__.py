"""``python -m reference.weights TRAINED``."""

from pathlib import Path

import click

from reference.weights import FOLDER, SETTINGS, keep


@click.command()
@click.argument("trained", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(trained: Path) -> None:
    """Keeps the settings that TRAINED, the --out of reference.train, holds finished."""
    for setting in SETTINGS:
        keep(trained, setting)
        size = (FOLDER / f"{setting}.safetensors").stat().st_size
        click.echo(f"{setting}: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
