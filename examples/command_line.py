"""What the examples share as programs: checked arguments, and how they end when they can't go on."""

import argparse
import math
import os
import sys

PICTURES = ".png", ".pdf", ".svg"
NEEDED = {  # and the extras that install it
    **dict.fromkeys(("fastloss", "matplotlib", "sklearn", "threadpoolctl", "tqdm"), "examples"),
    "lightgbm": "examples,boosting",
    **dict.fromkeys(("dask", "distributed"), "examples,dask"),
}


def end_in_one_line():
    """Ctrl-C, and a package that is missing, end the program with one line instead of a traceback; of Ctrl-C the exit
    status is 130, as shells have it. To be called before the other imports: they take seconds, too."""
    others = sys.excepthook

    def hook(kind, error, traceback):
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
            sys.exit(130)
        if issubclass(kind, ModuleNotFoundError) and error.name in NEEDED:
            extras = NEEDED[error.name]
            print(f'{error}: the examples need what `pip install -e ".[{extras}]"` installs', file=sys.stderr)
            sys.exit(1)
        others(kind, error, traceback)

    sys.excepthook = hook


def parser(description):
    """A parser whose --help shows the defaults."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)


def add_training_arguments(arguments, picture, steps=3000, words="each with 32 new strings"):
    arguments.add_argument(
        "--seed", metavar="N", type=integer_from(0), default=0, help="seed of the random numbers of the training"
    )
    arguments.add_argument(
        "--steps", metavar="N", type=integer_from(1), default=steps, help=f"steps of training, {words}"
    )
    arguments.add_argument(
        "--out",
        metavar="FILE",
        type=picture_path,
        default=picture,
        help="the picture, in a format by the file's ending",
    )


def integer_from(least):
    def integer(text):
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be an integer, got {text!r}") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return integer


def number_from(least):
    def number(text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number < math.inf:
            raise argparse.ArgumentTypeError(f"must be a number of at least {least}, got {text!r}")
        return number

    return number


def share(text):
    """A number from 0.001 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.001 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0.001 to 1, got {text!r}")
    return number


def picture_path(text):
    """The path of a picture that can be written, as it is to be seen before minutes of training."""
    folder = os.path.dirname(text) or "."
    if os.path.splitext(text)[1].lower() not in PICTURES:
        raise argparse.ArgumentTypeError(f"must end in {' or '.join(PICTURES)}, got {text!r}")
    if not os.path.isdir(folder):
        raise argparse.ArgumentTypeError(f"there is no folder {folder!r}")
    if os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r} is a folder")
    if not os.access(text if os.path.exists(text) else folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} can't be written")
    return text
