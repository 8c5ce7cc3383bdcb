"""What all pictures share: settings of matplotlib, and how a figure becomes a small file."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

DOTS_PER_INCH = 150
COLOURS = 32  # of a picture, with those that smooth its lines: it makes the files small
SETTINGS = {
    "axes.grid": True,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.handlelength": 3.2,
}


def save(figure, path, colours=COLOURS):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
