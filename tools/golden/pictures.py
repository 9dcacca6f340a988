"""Golden pixels for pictures of every kind: run `python tools/golden/pictures.py`, with pillow 13.0.0 and numpy installed.

Writes packages/data/test/golden/pictures/: small files, and pixels.json with what Pillow makes of each: rows of (red, green,
blue), turned as the camera says, on white where the file is transparent; of 16 bits the upper 8.
"""

import json
import pathlib

import numpy as np
from PIL import Image, ImageOps

random = np.random.default_rng(0)
folder = pathlib.Path(__file__).parents[2] / "packages/data/test/golden/pictures"
folder.mkdir(parents=True, exist_ok=True)
height, width = 8, 12


def smooth(channels):
    """What a lossy format keeps well."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [20 + 10 * (each + 1) * rows / 2 + 6 * columns for each in range(channels)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def noise(channels):
    return random.integers(0, 256, (height, width, channels), dtype=np.uint8)


def rotated(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


palette = Image.fromarray(noise(3)).quantize(16)
see_through = palette.copy()
see_through.info["transparency"] = 3

files = {
    "grey.png": (Image.fromarray(noise(1)[:, :, 0]), {}),
    "grey-16.png": (Image.fromarray(random.integers(0, 65536, (height, width), dtype=np.uint16)), {}),
    "bits-1.png": (Image.fromarray(noise(1)[:, :, 0] > 127), {}),
    "colour.png": (Image.fromarray(noise(3)), {}),
    "alpha.png": (Image.fromarray(noise(4)), {}),
    "grey-alpha.png": (Image.fromarray(noise(2), "LA"), {}),
    "palette.png": (palette, {}),
    "palette-alpha.png": (see_through, {"transparency": 3}),
    "colour.jpg": (Image.fromarray(smooth(3)), {"quality": 95}),
    "grey.jpg": (Image.fromarray(smooth(1)[:, :, 0]), {"quality": 95}),
    "progressive.jpg": (Image.fromarray(smooth(3)), {"quality": 95, "progressive": True}),
    "turned-3.jpg": (Image.fromarray(smooth(3)), {"quality": 95, "exif": rotated(3)}),
    "turned-6.jpg": (Image.fromarray(smooth(3)), {"quality": 95, "exif": rotated(6)}),
    "mirrored-5.jpg": (Image.fromarray(smooth(3)), {"quality": 95, "exif": rotated(5)}),
    "cmyk.jpg": (Image.fromarray(smooth(4), "CMYK"), {"quality": 95}),
    "colour.webp": (Image.fromarray(noise(3)), {"lossless": True}),
    "alpha.webp": (Image.fromarray(noise(4)), {"lossless": True, "exact": True}),
}


def pixels_of(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        upper = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        return np.stack([upper] * 3, -1)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))


expected = {}
for name, (image, options) in files.items():
    image.save(folder / name, **options)
    pixels = pixels_of(folder / name)
    expected[name] = {"height": pixels.shape[0], "width": pixels.shape[1], "pixels": pixels.reshape(-1).tolist()}

(folder / "pixels.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
