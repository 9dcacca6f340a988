"""What trained models are for, drawn or found here: `python tools/bench/onnx/own_inputs.py FOLDER [--count 120] [--files ROOT]`.

Needs numpy and Pillow. Writes into the folder, drawn with a seed: `lines.npy`, u8 [count, 48, 320], lines of letters and digits in
several sizes, weights of grey, slants and noise, as a recogniser of PP-OCR sees them; `turned.npy`, u8 [count, 48, 192], such lines,
every second upside down, as its classifier does; `pages.npy`, u8 [count / 4, 320, 320], pages of lines, as its detector does; `notes.npy`,
f32 [count / 4, 43844], two seconds of chords of struck and of blown notes with overtones, at 22,050 Hz, as basic-pitch does; and, of
the files below ROOT, `files.npy`, i32 [count, 2048]: their first and last 1,024 bytes without white space around them, 256 where
there are no more, as magika does; of each ending as many as there are, in turns.
"""

import argparse
import pathlib

import numpy
from PIL import Image, ImageDraw, ImageFont

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--count", type=int, default=120)
parser.add_argument("--files", type=pathlib.Path, default=pathlib.Path("."))
options = parser.parse_args()
options.folder.mkdir(parents=True, exist_ok=True)
draw = numpy.random.default_rng(7)
letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def save(name, values):
    numpy.save(options.folder / f"{name}.npy", values)


def words(most):
    return " ".join("".join(draw.choice(letters, draw.integers(2, 9))) for _ in range(draw.integers(1, most + 1)))


def noisy(picture, paper, slant):
    picture = picture.rotate(float(draw.uniform(-slant, slant)), Image.Resampling.BILINEAR, fillcolor=paper)
    return numpy.clip(numpy.asarray(picture) + draw.normal(0, draw.uniform(0, 3), picture.size[::-1]), 0, 255)


def line(width, most):
    paper, ink = int(draw.integers(225, 256)), int(draw.integers(0, 60))
    text = words(most)
    picture = Image.new("L", (width, 48), paper)
    font = ImageFont.load_default(size=int(draw.integers(26, 32)))
    ImageDraw.Draw(picture).text((int(draw.integers(2, 12)), int(draw.integers(2, 8))), text, ink, font)
    return noisy(picture, paper, 0.5)


def page():
    paper, ink = int(draw.integers(225, 256)), int(draw.integers(0, 60))
    picture = Image.new("L", (320, 320), paper)
    top = int(draw.integers(4, 40))
    while top < 280:
        size = int(draw.integers(12, 34))
        place = (int(draw.integers(4, 90)), top)
        ImageDraw.Draw(picture).text(place, words(4), ink, ImageFont.load_default(size=size))
        top += size + int(draw.integers(6, 50))
    return noisy(picture, paper, 3)


def chord():
    rate, count = 22050, 43844
    time = numpy.arange(count) / rate
    sound = numpy.zeros(count)
    for _ in range(draw.integers(2, 9)):
        pitch = 440 * 2 ** ((draw.integers(40, 80) - 69) / 12)
        begin, length = draw.uniform(0, 1.6), draw.uniform(0.2, 1.2)
        since = time - begin
        struck = numpy.exp(-since.clip(0) * draw.uniform(1, 6)) if draw.random() < 0.5 else 1.0
        shape = numpy.clip(since / 0.01, 0, 1) * numpy.clip((length - since) / 0.03, 0, 1) * struck
        fall = draw.uniform(1, 2.5)
        for overtone in range(1, 9):
            if pitch * overtone < rate / 2:
                sound += shape * numpy.sin(2 * numpy.pi * pitch * overtone * time + draw.uniform(0, 6)) / overtone**fall
    sound += draw.normal(0, 0.003, count)
    return (draw.uniform(0.2, 0.9) * sound / numpy.abs(sound).max()).astype(numpy.float32)


def bytes_of(path):
    content = path.read_bytes()
    begin, end = content[:4096].lstrip()[:1024], content[-4096:].rstrip()[-1024:]
    if len(content) <= 4096:
        begin, end = content.strip()[:1024], content.strip()[-1024:]
    return [*begin, *[256] * (1024 - len(begin)), *[256] * (1024 - len(end)), *end]


def files():
    by_ending = {}
    for path in sorted(options.files.rglob("*")):
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts and path.stat().st_size >= 64:
            by_ending.setdefault(path.suffix, []).append(path)
    kinds = [draw.permutation(paths) for paths in by_ending.values()]
    turns = [kind[at] for at in range(options.count) for kind in kinds if at < len(kind)]
    return [bytes_of(path) for path in draw.permutation(turns[: options.count])]


save("lines", numpy.stack([line(320, 3) for _ in range(options.count)]).astype(numpy.uint8))
turned = [line(192, 1)[:: -1 if at % 2 else 1, :: -1 if at % 2 else 1] for at in range(options.count)]
save("turned", numpy.stack(turned).astype(numpy.uint8))
save("pages", numpy.stack([page() for _ in range(max(1, options.count // 4))]).astype(numpy.uint8))
save("notes", numpy.stack([chord() for _ in range(max(1, options.count // 4))]))
save("files", numpy.array(files(), numpy.int32))
