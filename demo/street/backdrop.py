"""Sky and ground, computed per pixel: each pixel asks which point of the world it looks at.

Edges are soft by construction: a line's coverage of a pixel is computed from the pixel's footprint
on the ground, so far lane markings fade instead of flickering.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from demo.street.canvas import HEIGHT, WIDTH, Camera, Thing
from demo.street.layout import Street
from demo.street.light import Light

_TILE = 256


def noise_tile(rng: np.random.Generator) -> np.ndarray:
    """[256 x 256] float32 that repeats at its edges: six octaves, mean 0, deviation 1."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for octave in range(6):
        cells = 4 << octave
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        grid = np.pad(grid, 2, mode="wrap")
        step = _TILE // cells
        size = (cells + 4) * step
        smooth = Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)
        total += (
            np.asarray(smooth)[2 * step : 2 * step + _TILE, 2 * step : 2 * step + _TILE]
            * 0.6**octave
        )
    total -= total.mean()
    return total / total.std()


def _look_up(tile: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return tile[v.astype(np.int32) & (_TILE - 1), u.astype(np.int32) & (_TILE - 1)]


def _mix(base: np.ndarray, colour, share: np.ndarray) -> np.ndarray:
    return base + (np.asarray(colour, np.float32) - base) * share[..., None]


def paint_sky(
    light: Light, camera: Camera, tile: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """[rows x WIDTH x 3] float32, from the top to just below the horizon."""
    rows = int(camera.horizon_px) + 2
    height = np.clip(
        (camera.horizon_px - np.arange(rows, dtype=np.float32)) / camera.horizon_px, 0, 1
    )
    up = (height**0.7)[:, None, None]
    sky = np.array(light.horizon, np.float32) * (1 - up) + np.array(light.zenith, np.float32) * up
    sky = np.repeat(sky, WIDTH, axis=1)

    y, x = np.mgrid[0:rows, 0:WIDTH].astype(np.float32)
    sun_x, sun_y, sun_z = light.sun_direction
    if light.sun[0] > 0.2 and sun_z > 0.1:
        centre = WIDTH / 2 + camera.focal_px * sun_x / sun_z
        level = camera.horizon_px - camera.focal_px * sun_y / sun_z
        away = np.hypot(x - centre, y - level)
        warm = np.array((255, 214, 160), np.float32)
        sky += (
            warm
            * (np.exp(-((away / 110) ** 2)) * 0.38 + np.exp(-((away / 16) ** 2)) * 0.9)[..., None]
        )
    if light.night and light.clouds < 0.6:
        for _ in range(int(rng.integers(20, 70))):
            r, c = int(rng.integers(0, rows * 2 // 3)), int(rng.integers(0, WIDTH))
            sky[r, c] += rng.uniform(30, 110)

    # Clouds lie on a plane: they grow smaller and flatter towards the horizon.
    depth = camera.horizon_px - y + 14.0
    offset = rng.uniform(0, _TILE, 2)
    u = (x - WIDTH / 2) * 46.0 / depth + offset[0]
    v = 5200.0 / depth + offset[1]
    cover = _look_up(tile, u, v) + 0.35 * _look_up(tile, u * 3.1, v * 3.1)
    threshold = 1.35 - 2.6 * light.clouds
    share = np.clip((cover - threshold) * 0.85, 0, 0.92) * np.clip((depth - 14.0) / 46.0, 0, 1)
    shape = np.clip(0.92 + 0.1 * _look_up(tile, u * 1.7 + 40, v * 1.7), 0.7, 1.1)
    share_all = share[..., None]
    return (
        sky * (1 - share_all)
        + np.array(light.cloud_colour, np.float32) * shape[..., None] * share_all
    )


class _Ground:
    """The points of the world that the pixels below the horizon look at."""

    def __init__(self, camera: Camera, first_row: int) -> None:
        rows = np.arange(first_row, HEIGHT, dtype=np.float32)
        below = np.maximum(rows + 0.5 - camera.horizon_px, 0.35)
        self.z = (camera.focal_px * camera.height_m / below)[:, None]
        self.across = self.z / camera.focal_px  # metres a pixel covers sideways
        self.along = self.z**2 / (camera.focal_px * camera.height_m)  # and in depth
        columns = np.arange(WIDTH, dtype=np.float32) + 0.5 - WIDTH / 2
        self.x = camera.x_m + columns[None, :] * self.across
        self.first_row = first_row

    def strip(self, low: float, high: float) -> np.ndarray:
        """How much of each pixel lies between these x, 0..1."""
        inside = np.minimum((self.x - low) / self.across + 0.5, (high - self.x) / self.across + 0.5)
        # Never more than the strip is wide.
        return np.clip(inside, 0, 1) * np.minimum(1.0, (high - low) / self.across)

    def stretch(self, low: float, high: float) -> np.ndarray:
        """The same for z, one column."""
        inside = np.minimum((self.z - low) / self.along + 0.5, (high - self.z) / self.along + 0.5)
        return np.clip(inside, 0, 1) * np.minimum(1.0, (high - low) / self.along)

    def dashes(self, period: float, length: float, start: float) -> np.ndarray:
        phase = np.mod(self.z - start, period)
        inside = np.minimum(phase / self.along + 0.5, (length - phase) / self.along + 0.5)
        far = np.clip(self.along / period * 2, 0, 1)
        return np.clip(inside, 0, 1) * (1 - far) + length / period * far


def _surface(ground: _Ground, street: Street, light: Light, tile: np.ndarray, rng) -> np.ndarray:
    """Albedo [rows x WIDTH x 3]: asphalt, kerbs, pavement, grass, markings, snow."""
    snow = light.weather == "snowy"
    wet = light.weather == "rainy"
    fine = _look_up(tile, ground.x * 19 + 7, ground.z * 19) * np.clip(0.06 / ground.across, 0, 1)
    coarse = _look_up(tile, ground.x * 2.3, ground.z * 1.1)
    grass = np.array((206, 211, 218) if snow else (92, 108, 66), np.float32)
    colour = (
        np.broadcast_to(grass, (*ground.x.shape, 3))
        * (1 + (0.05 * coarse + 0.07 * fine))[..., None]
    )

    asphalt = np.array((66, 68, 72) if wet else (96, 97, 100), np.float32)
    asphalt = asphalt * rng.uniform(0.88, 1.1)
    road_texture = (1 + 0.035 * coarse + 0.05 * fine)[..., None]
    low, high = street.road
    if street.walk_m:
        stone = (214, 218, 224) if snow else (150, 147, 141)
        for side in (-1, 1):
            inner, outer = (
                street.beyond(side, street.verge_m),
                street.beyond(side, street.verge_m + street.walk_m),
            )
            share = ground.strip(min(inner, outer), max(inner, outer))
            colour = _mix(colour, stone, share)
            if not snow:  # joints of the slabs
                colour = _mix(colour, (118, 116, 111), share * ground.dashes(1.6, 0.06, 0.0) * 0.6)
    if street.junction:
        share = np.broadcast_to(ground.stretch(*street.junction), ground.x.shape)
        colour = _mix(colour, asphalt, share)
    road = ground.strip(low, high)
    colour = colour * (1 - road[..., None]) + asphalt * road_texture * road[..., None]
    colour = _mix(colour, (204, 208, 214), road * 0.62) if snow else colour
    if snow:  # tracks of wheels
        for lane in street.lanes:
            for offset in (-0.8, 0.8):
                track = ground.strip(lane.x_m + offset - 0.34, lane.x_m + offset + 0.34)
                colour = _mix(colour, (118, 121, 127), track * np.clip(0.62 + 0.2 * coarse, 0, 1))
    else:  # the middle of a lane is darker, its wheel tracks are worn
        for lane in street.lanes:
            colour = _mix(
                colour, asphalt * 0.84, ground.strip(lane.x_m - 0.45, lane.x_m + 0.45) * 0.5
            )

    worn = np.clip(0.86 + 0.14 * coarse, 0.3, 1) * (0.22 if snow else 0.92)
    not_crossing = 1.0
    if street.junction:
        not_crossing = 1 - ground.stretch(street.junction[0] - 6.0, street.junction[1] + 1.5)
    for at, dashed, tint in _lines(street):
        share = ground.strip(at - 0.075, at + 0.075) * worn * not_crossing
        if dashed:
            share = share * ground.dashes(9.0, 3.2, rng.uniform(0, 9) if dashed else 0)
        colour = _mix(colour, tint, share)
    if street.crossing_z is not None:
        bars = np.clip((np.abs(np.mod(ground.x, 1.0) - 0.5) - 0.25) / -ground.across + 0.5, 0, 1)
        flat = np.clip(ground.across * 2, 0, 1)
        bars = bars * (1 - flat) + 0.5 * flat
        zebra = ground.stretch(street.crossing_z, street.crossing_z + 3.4) * ground.strip(
            low + 0.4, high - 0.4
        )
        colour = _mix(colour, (226, 225, 219), zebra * bars * worn)
        stop = ground.stretch(street.crossing_z - 1.7, street.crossing_z - 1.25) * ground.strip(
            0.1, high - street.parking_m
        )
        colour = _mix(colour, (226, 225, 219), stop * worn)
    if street.place != "highway":
        kerb = (196, 194, 188) if not snow else (224, 227, 232)
        open_kerb = 1.0 if not street.junction else 1 - ground.stretch(*street.junction)
        for at in (low, high):
            colour = _mix(colour, kerb, ground.strip(at - 0.14, at + 0.14) * open_kerb)
            colour = _mix(
                colour, (54, 54, 56), ground.strip(at - 0.03, at + 0.05) * 0.7 * open_kerb
            )
    return colour


def _lines(street: Street) -> list[tuple[float, bool, tuple[int, int, int]]]:
    """Lane markings: x, dashed or not, colour."""
    white, yellow = (226, 225, 219), (222, 178, 62)
    lines = []
    right = sorted(lane.x_m for lane in street.lanes if not lane.towards)
    left = sorted((lane.x_m for lane in street.lanes if lane.towards), reverse=True)
    for lanes in (right, left):
        lines += [((a + b) / 2, True, white) for a, b in pairwise(lanes)]
    half = street.lane_m / 2
    if street.place == "highway":
        lines += [(right[0] - half, False, yellow), (left[0] + half, False, yellow)]
        lines += [(right[-1] + half, False, white), (left[-1] - half, False, white)]
    elif street.place == "city street":
        lines += [(-0.13, False, yellow), (0.13, False, yellow)]
        lines += [(right[-1] + half, False, white), (left[-1] - half, False, white)]
    else:
        lines += [(0.0, True, white)]
    return lines


def _shadows(things: list[Thing], camera: Camera, light: Light) -> np.ndarray:
    """[HEIGHT x WIDTH] 0..1: where things stand on the ground, and where the sun does not reach."""
    contact = Image.new("L", (WIDTH, HEIGHT))
    paint = ImageDraw.Draw(contact)
    cast = Image.new("L", (WIDTH, HEIGHT))
    cast_paint = ImageDraw.Draw(cast)
    sun_x, sun_y, sun_z = light.sun_direction
    for thing in things:
        for outline in thing.shadow:
            flat = [camera.project(x, 0.0, z) for x, y, z in outline if y == 0.0]
            if len(flat) > 2:
                paint.polygon(flat, fill=150)
            if light.casts_shadows:
                long = [
                    camera.project(x - sun_x / sun_y * y, 0.0, max(0.9, z - sun_z / sun_y * y))
                    for x, y, z in outline
                ]
                cast_paint.polygon(_hull(long), fill=255)
    soft = np.asarray(contact.filter(ImageFilter.GaussianBlur(2.2)), np.float32) / 255
    hard = np.asarray(cast.filter(ImageFilter.GaussianBlur(0.8)), np.float32) / 255
    return np.maximum(soft * 0.9, hard * 0.62 if light.casts_shadows else 0.0)


def _hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Convex hull (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered * 2 if len(ordered) == 1 else ordered

    def chain(sequence):
        kept: list[tuple[float, float]] = []
        for p in sequence:
            while (
                len(kept) > 1
                and (
                    (kept[-1][0] - kept[-2][0]) * (p[1] - kept[-2][1])
                    - (kept[-1][1] - kept[-2][1]) * (p[0] - kept[-2][0])
                )
                <= 0
            ):
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return chain(ordered) + chain(reversed(ordered))


def _shine(ground: _Ground, things: list[Thing], light: Light) -> np.ndarray:
    """Light that lamps throw on the ground at night, [rows x WIDTH x 3], as a factor of albedo."""
    total = np.zeros((*ground.x.shape, 3), np.float32)
    if not light.night:
        return total
    warm = np.array((1.0, 0.80, 0.52), np.float32)
    for thing in things:
        if thing.lamp:
            away = (ground.x - thing.lamp[0]) ** 2 + (ground.z - thing.lamp[1]) ** 2
            total += warm * (0.85 / (1 + away / 26.0) ** 1.5)[..., None]
    # Own headlights: two cones that widen and fade with distance.
    width = 1.3 + 0.2 * ground.z
    beam = (
        np.exp(-(((ground.x - 0.4) / width) ** 2))
        * np.exp(-ground.z / 22.0)
        * np.clip(ground.z / 5.5, 0, 1)
    )
    return total + np.array((1.15, 1.10, 0.96), np.float32) * beam[..., None]


def paint_ground(
    light: Light,
    street: Street,
    camera: Camera,
    things: list[Thing],
    tile: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """[rows x WIDTH x 3] float32, from the horizon to the bottom."""
    ground = _Ground(camera, int(camera.horizon_px) + 1)
    albedo = _surface(ground, street, light, tile, rng)
    shadow = _shadows(things, camera, light)[ground.first_row :, :, None]
    ambient = np.array(light.ambient, np.float32)
    sun = np.array(light.sun, np.float32) * max(0.0, light.sun_direction[1])
    # Contact shadows take from the sky's light too, cast ones only from the sun's.
    light_here = ambient * (1 - 0.6 * shadow) + sun * (1 - shadow) + _shine(ground, things, light)
    colour = albedo * light_here
    clear = np.exp(-ground.z / light.haze_m)[..., None]
    return colour * clear + np.array(light.haze, np.float32) * (1 - clear)


def paint_mirror(things: list[Thing], camera: Camera, light: Light, first_row: int) -> np.ndarray:
    """What a wet road reflects: the things turned upside down, smeared downwards."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), tuple(int(c * 0.8) for c in light.haze))
    paint = ImageDraw.Draw(picture)
    for thing in sorted(things, key=lambda t: -t.z):
        for face in thing.faces:
            distance = sum(point[2] for point in face.points) / len(face.points)
            colour = light.through_air(face.colour, distance, face.emits >= 0)
            paint.polygon([camera.project(x, -y, z) for x, y, z in face.points], fill=colour)
    # Ripples smear much more along the view than across it.
    squeezed = picture.resize((WIDTH // 2, HEIGHT // 6), Image.Resampling.BOX)
    squeezed = squeezed.filter(ImageFilter.GaussianBlur(1.6))
    return np.asarray(squeezed.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)[
        first_row:
    ]
