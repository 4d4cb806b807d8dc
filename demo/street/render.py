"""One scene: from (seed, number) to a picture and the objects in it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from demo.street.backdrop import noise_tile, paint_ground, paint_mirror, paint_sky
from demo.street.canvas import HEIGHT, WIDTH, Camera, Canvas, Seen
from demo.street.layout import PLACES, choose_street
from demo.street.light import HOURS, WEATHERS, Light, choose_light
from demo.street.town import build_town
from demo.street.traffic import build_traffic

# What a careful person would still draw a box around.
SIDE_PX_MIN = 6.0
VISIBLE_MIN = 0.35
CONTRAST_MIN = 0.12
POLICE_SHARE = 0.06
# Our own bonnet covers what lies below this row.
BOTTOM_PX = HEIGHT * 0.955


@dataclass
class Scene:
    number: int
    weather: str
    timeofday: str
    place: str
    picture: Image.Image
    objects: list[Seen]  # nearest first


def render_scene(seed: int, number: int) -> Scene:
    rng = random.Random(f"street {seed} {number}")
    arrays = np.random.default_rng([seed, number])
    weather = rng.choices(WEATHERS, (38, 13, 14, 17, 12, 6))[0]
    timeofday = rng.choices(HOURS, (56, 14, 30))[0]
    place = rng.choices(PLACES, (60, 23, 17))[0]
    light = choose_light(weather, timeofday, rng)
    street = choose_street(place, rng)
    camera = Camera(
        WIDTH * 0.80, HEIGHT * rng.uniform(0.44, 0.48), street.camera_x, rng.uniform(1.4, 1.6)
    )
    things = build_town(street, camera, light, rng)
    things += build_traffic(street, camera, light, rng, police=rng.random() < POLICE_SHARE)

    tile = noise_tile(arrays)
    sky = paint_sky(light, camera, tile, arrays)
    ground = paint_ground(light, street, camera, things, tile, arrays)
    if weather == "rainy":
        ground = _wet(ground, paint_mirror(things, camera, light, HEIGHT - len(ground)), tile)
    backdrop = np.concatenate([sky[: HEIGHT - len(ground)], ground])
    canvas = Canvas(camera, light, backdrop, BOTTOM_PX)
    canvas.paint(things)
    return Scene(
        number=number,
        weather=weather,
        timeofday=timeofday,
        place=place,
        picture=_develop(canvas, light, rng, arrays),
        objects=canvas.seen(SIDE_PX_MIN, VISIBLE_MIN, CONTRAST_MIN),
    )


def _wet(ground: np.ndarray, mirror: np.ndarray, tile: np.ndarray) -> np.ndarray:
    """Water reflects more the flatter one looks at it, and more where it stands in puddles."""
    rows = np.linspace(0.60, 0.22, len(ground), dtype=np.float32)[:, None, None]
    puddles = np.asarray(
        Image.fromarray(tile).resize((WIDTH, len(ground)), Image.Resampling.BICUBIC)
    )
    share = np.clip(rows * (1 + 0.22 * puddles[..., None]), 0.1, 0.75)
    return ground * (1 - share) + mirror * share


def _develop(
    canvas: Canvas, light: Light, rng: random.Random, arrays: np.random.Generator
) -> Image.Image:
    """What happens between the street and the file: glare, rain or snow, lens, sensor."""
    pixels = canvas.pixels()
    strength = 1.0 if light.night else 0.5
    for radius, weight in (
        (1.2, 0.45),
        (5.0, 0.75),
        (18.0, 1.1 if light.weather in ("foggy", "rainy") else 0.7),
    ):
        blurred = canvas.glow.filter(ImageFilter.GaussianBlur(radius))
        wide = blurred.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
        pixels += np.asarray(wide, np.float32) * (weight * strength)
    if light.weather == "rainy":
        pixels = _rain(pixels, light, rng)
    elif light.weather == "snowy":
        pixels = _snow(pixels, light, rng)
    pixels = _bonnet(pixels, light)
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    pixels *= (1 - 0.11 * (x * x + y * y))[..., None]
    grain = arrays.standard_normal((HEIGHT, WIDTH, 1)).astype(np.float32)
    pixels += grain * (3.0 if light.night else 1.8)
    # Bright parts roll off as on film instead of clipping.
    pixels = np.where(pixels > 200, 200 + 55 * (1 - np.exp(-(pixels - 200) / 55)), pixels)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _rain(pixels: np.ndarray, light: Light, rng: random.Random) -> np.ndarray:
    streaks = Image.new("L", (WIDTH, HEIGHT))
    paint = ImageDraw.Draw(streaks)
    lean = rng.uniform(-0.22, 0.22)
    for _ in range(260):
        x, y, length = rng.uniform(-20, WIDTH + 20), rng.uniform(-20, HEIGHT), rng.uniform(8, 26)
        paint.line([(x, y), (x + lean * length, y + length)], fill=rng.randint(24, 70), width=1)
    drops = Image.new("L", (WIDTH, HEIGHT))
    paint = ImageDraw.Draw(drops)
    for _ in range(rng.randint(25, 60)):  # on the windscreen
        x, y, r = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(1.2, 3.4)
        paint.ellipse([x - r, y - r, x + r, y + r * 1.25], fill=rng.randint(40, 110))
    bright = np.asarray(streaks.filter(ImageFilter.GaussianBlur(0.6)), np.float32)
    bright = bright + np.asarray(drops.filter(ImageFilter.GaussianBlur(1.0)), np.float32) * 0.6
    return pixels + bright[..., None] * (0.5 if light.night else 0.75)


def _snow(pixels: np.ndarray, light: Light, rng: random.Random) -> np.ndarray:
    flakes = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    paint = ImageDraw.Draw(flakes)
    for _ in range(420):
        x, y, r = (
            rng.uniform(0, WIDTH * 2),
            rng.uniform(0, HEIGHT * 2),
            0.8 + rng.random() ** 3 * 3.6,
        )
        paint.ellipse([x - r, y - r * 1.2, x + r, y + r * 1.2], fill=rng.randint(120, 235))
    share = (
        np.asarray(flakes.filter(ImageFilter.GaussianBlur(1.1)).reduce(2), np.float32)[..., None]
        / 255
    )
    white = 150.0 if light.night else 244.0
    return pixels * (1 - share) + white * share


def _bonnet(pixels: np.ndarray, light: Light) -> np.ndarray:
    mask = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(mask).ellipse([-WIDTH * 0.22, BOTTOM_PX, WIDTH * 1.22, HEIGHT * 1.5], fill=255)
    share = np.asarray(mask.filter(ImageFilter.GaussianBlur(1.2)), np.float32)[..., None] / 255
    paint = np.array([c * a for c, a in zip((46, 48, 54), light.ambient, strict=True)], np.float32)
    return pixels * (1 - share) + (paint + 4) * share
