"""Lines of text as a recogniser of PP-OCR sees them: `python tools/bench/onnx/text_lines.py lines.npy [--lines 300]`.

Needs numpy and Pillow. Writes u8 [lines, 48, 320]: words of letters and digits in several sizes, weights of grey, slants and
noise, drawn with a seed.
"""

import argparse

import numpy
from PIL import Image, ImageDraw, ImageFont

parser = argparse.ArgumentParser()
parser.add_argument("path")
parser.add_argument("--lines", type=int, default=300)
options = parser.parse_args()
draw = numpy.random.default_rng(7)
letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
lines = numpy.zeros((options.lines, 48, 320), numpy.uint8)
for line in lines:
    words = ["".join(draw.choice(letters, draw.integers(2, 9))) for _ in range(draw.integers(1, 4))]
    paper, ink = int(draw.integers(225, 256)), int(draw.integers(0, 60))
    picture = Image.new("L", (320, 48), paper)
    font = ImageFont.load_default(size=int(draw.integers(26, 32)))
    ImageDraw.Draw(picture).text((int(draw.integers(2, 12)), int(draw.integers(2, 8))), " ".join(words), ink, font)
    picture = picture.rotate(float(draw.uniform(-0.5, 0.5)), Image.Resampling.BILINEAR, fillcolor=paper)
    line[:] = numpy.clip(numpy.asarray(picture) + draw.normal(0, draw.uniform(0, 3), (48, 320)), 0, 255)
numpy.save(options.path, lines)
