"""Buildings with windows and shops, and houses with roofs. Scenery: they hide objects."""

from __future__ import annotations

import random

from demo.street.canvas import Camera, Face, Thing
from demo.street.light import TO_CAMERA, Colour, Light, Vector

WALLS: tuple[Colour, ...] = (
    (168, 128, 104),
    (188, 176, 154),
    (140, 146, 152),
    (142, 92, 76),
    (206, 192, 164),
    (112, 118, 126),
    (176, 160, 142),
    (122, 84, 72),
    (196, 184, 176),
    (150, 138, 120),
    (98, 104, 108),
)
HOUSES: tuple[Colour, ...] = (
    (214, 206, 190),
    (196, 184, 160),
    (176, 186, 190),
    (190, 150, 126),
    (224, 220, 210),
    (160, 170, 150),
)
ROOFS: tuple[Colour, ...] = ((106, 62, 50), (84, 80, 80), (120, 84, 62), (70, 74, 82))
AWNINGS: tuple[Colour, ...] = (
    (152, 56, 46),
    (54, 96, 84),
    (184, 150, 78),
    (66, 76, 104),
    (120, 70, 96),
)


def rectangle_x(x: float, y0: float, y1: float, z0: float, z1: float) -> list[Vector]:
    """Upright, along the road."""
    return [(x, y0, z0), (x, y0, z1), (x, y1, z1), (x, y1, z0)]


def rectangle_z(z: float, y0: float, y1: float, x0: float, x1: float) -> list[Vector]:
    """Upright, across the road."""
    return [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]


class Wall:
    """One upright wall and what is painted onto it, in metres along it and up."""

    def __init__(
        self,
        faces: list[Face],
        light: Light,
        along_x: bool,
        at: float,
        start: float,
        sign: int,
        normal: Vector,
    ):
        """`at` is its fixed coordinate; positions along it run from `start` in direction `sign`."""
        self._faces, self._light, self._normal = faces, light, normal
        self._along_x, self._at, self._start, self._sign = along_x, at, start, sign

    def paint(
        self,
        low: float,
        high: float,
        y0: float,
        y1: float,
        colour: Colour,
        emits: float = -1.0,
        solid: bool = False,
    ) -> None:
        a, b = self._start + self._sign * low, self._start + self._sign * high
        if self._along_x:
            points = rectangle_z(self._at, y0, y1, a, b)
        else:
            a, b = max(a, 0.9), max(b, 0.9)
            if b - a < 0.02:
                return
            points = rectangle_x(self._at, y0, y1, a, b)
        if emits < 0:
            colour = self._light.shade(colour, self._normal, points[0][2])
        self._faces.append(Face(points, colour, emits, solid))


def _windows(
    wall: Wall,
    length: float,
    height: float,
    light: Light,
    rng: random.Random,
    style: int,
    detail: float,
) -> None:
    """Rows of windows from the first floor up; `detail` is pixels a metre at the near end."""
    floor_m, first = 3.2, 4.4
    floors = int((height - first - 0.6) / floor_m) + 1
    if detail * floor_m < 2.0:
        return
    bay = (2.3, 3.0, 1.7)[style]
    count = max(1, int((length - 0.8) / bay))
    bay = (length - 0.8) / count
    width = bay * (0.5, 0.72, 0.62)[style]
    tall = (1.7, 1.5, 2.2)[style]
    day = (
        tuple(0.45 * a + 0.22 * b for a, b in zip((58, 70, 84), light.horizon, strict=True))
        if not light.night
        else (40, 46, 62)
    )
    rate = {"daytime": 0.0, "dawn/dusk": 0.22, "night": 0.34}[light.timeofday]
    for floor in range(floors):
        y = first + floor * floor_m
        if style == 1 and detail * bay < 9:  # ribbons of glass, seen from far
            wall.paint(0.4, length - 0.4, y, y + tall, day)
            continue
        for i in range(count):
            a = 0.4 + i * bay + (bay - width) / 2
            if rng.random() < rate:
                warm = rng.choice(
                    ((255, 206, 128), (250, 188, 104), (236, 222, 188), (206, 214, 226))
                )
                dim = rng.uniform(0.6, 1.0)
                wall.paint(a, a + width, y, y + tall, tuple(c * dim for c in warm), 0.16)
            else:
                k = rng.uniform(0.75, 1.25)
                wall.paint(a, a + width, y, y + tall, tuple(c * k for c in day))
            if detail * tall > 26:  # near enough for a sill
                wall.paint(a - 0.08, a + width + 0.08, y - 0.14, y, (206, 202, 194))


def _ground_floor(wall: Wall, length: float, light: Light, rng: random.Random) -> None:
    """Shops with awnings, or an entrance."""
    dark = light.timeofday != "daytime"
    wall.paint(
        0.0,
        length,
        0.0,
        3.7,
        rng.choice(((74, 66, 62), (56, 64, 68), (92, 78, 60), (66, 66, 70), (120, 112, 102))),
    )
    at = 0.5
    while at + 2.4 < length:
        width = min(rng.uniform(2.6, 4.4), length - at - 0.3)
        if rng.random() < 0.8:
            open_late = dark and rng.random() < 0.55
            glass = (
                rng.choice(((255, 222, 160), (255, 206, 130), (226, 236, 240)))
                if open_late
                else (48, 58, 66)
            )
            wall.paint(at, at + width, 0.5, 2.7, glass, 0.24 if open_late else -1.0)
            if rng.random() < 0.7:
                awning = rng.choice(AWNINGS)
                wall.paint(at - 0.1, at + width + 0.1, 2.7, 3.35, awning)
                wall.paint(at - 0.1, at + width + 0.1, 2.58, 2.7, tuple(c * 0.7 for c in awning))
        else:
            wall.paint(at, at + 1.2, 0.0, 2.4, (54, 44, 40))
            width = 1.4
        at += width + rng.uniform(0.4, 1.0)


def make_building(
    side: int,
    x: float,
    z: float,
    length: float,
    height: float,
    camera: Camera,
    light: Light,
    rng: random.Random,
) -> Thing:
    faces: list[Face] = []
    colour = rng.choice(WALLS)
    style = rng.choices((0, 1, 2), (5, 2, 3))[0]
    normal = (-float(side), 0.0, 0.0)
    near = max(z, 1.5)
    # Detail is pixels a metre as the facade is seen, strongly foreshortened.
    detail = camera.focal_px / max(near + length * 0.3, 4.0)
    front = z > 1.5
    if front:
        depth = 16.0
        wall = Wall(faces, light, True, z, x, side, TO_CAMERA)
        wall.paint(0.0, depth, 0.0, height, tuple(c * 0.92 for c in colour), solid=True)
        if rng.random() < 0.6:
            _windows(wall, depth, height, light, rng, style, detail)
    wall = Wall(faces, light, False, x, z, 1, normal)
    wall.paint(0.0, length, 0.0, height, colour, solid=True)
    _windows(wall, length, height, light, rng, style, detail)
    _ground_floor(wall, length, light, rng)
    trim = tuple(c * 0.82 for c in colour)
    wall.paint(0.0, length, 3.7, 3.95, trim)
    wall.paint(-0.2, length + 0.2, height - 0.5, height, trim, solid=True)
    if light.weather == "snowy":
        wall.paint(-0.2, length + 0.2, height, height + 0.22, (232, 235, 240), solid=True)
    shadow = [[(x, h, max(1.0, at)) for h in (0.0, height) for at in (z, z + length)]]
    return Thing(z=z + length / 2 + 16.0, faces=faces, shadow=shadow)


def make_house(side: int, x: float, z: float, light: Light, rng: random.Random) -> Thing:
    """A family's house, its gable towards the road or along it."""
    faces: list[Face] = []
    wide, deep = rng.uniform(8, 12), rng.uniform(8, 10)
    eaves, ridge = rng.choice((3.0, 3.2, 5.8)), rng.uniform(2.4, 3.4)
    colour, roof = rng.choice(HOUSES), rng.choice(ROOFS)
    if light.weather == "snowy":
        roof = (228, 232, 238)
    far_x, mid_x = x + side * deep, x + side * deep / 2
    far_z, mid_z = z + wide, z + wide / 2
    inward: Vector = (-float(side), 0.0, 0.0)
    along = rng.random() < 0.6  # the ridge runs along the road

    def lit(c: Colour, n: Vector) -> Colour:
        return light.shade(c, n, z)

    facing = rectangle_z(z, 0, eaves, x, far_x)
    if along:
        facing = [
            (x, 0, z),
            (far_x, 0, z),
            (far_x, eaves, z),
            (mid_x, eaves + ridge, z),
            (x, eaves, z),
        ]
    faces.append(Face(facing, lit(colour, TO_CAMERA)))
    flank = rectangle_x(x, 0, eaves, max(1.0, z), far_z)
    if not along:
        flank = [
            (x, 0, max(1.0, z)),
            (x, 0, far_z),
            (x, eaves, far_z),
            (x, eaves + ridge, mid_z),
            (x, eaves, max(1.0, z)),
        ]
    faces.append(Face(flank, lit(colour, inward)))
    over = 0.5
    if along:
        slope = [
            (x - side * over, eaves - 0.25, z - over),
            (x - side * over, eaves - 0.25, far_z + over),
            (mid_x, eaves + ridge, far_z + over),
            (mid_x, eaves + ridge, z - over),
        ]
        faces.append(Face(slope, lit(roof, (-side * 0.55, 0.8, 0.0))))
    else:
        slope = [
            (x - side * over, eaves - 0.25, z - over),
            (far_x, eaves - 0.25, z - over),
            (far_x, eaves + ridge, mid_z),
            (x - side * over, eaves + ridge, mid_z),
        ]
        faces.append(Face(slope, lit(roof, (0.0, 0.8, -0.55))))
    rate = {"daytime": 0.0, "dawn/dusk": 0.35, "night": 0.5}[light.timeofday]
    flank_wall = Wall(faces, light, False, x - side * 0.02, z, 1, inward)
    front_wall = Wall(faces, light, True, z - 0.02, x, side, TO_CAMERA)
    for wall, length in ((flank_wall, wide), (front_wall, deep)):
        for floor in range(1 if eaves < 4 else 2):
            for i in range(3):
                at, y = length * (0.12 + 0.3 * i), 1.0 + 2.8 * floor
                if floor == 0 and i == 1 and wall is flank_wall:
                    wall.paint(
                        at,
                        at + 1.1,
                        0.0,
                        2.2,
                        rng.choice(((110, 50, 44), (52, 70, 84), (96, 76, 56))),
                    )
                elif rng.random() < rate:
                    wall.paint(at, at + 1.4, y, y + 1.3, (255, 208, 134), 0.2)
                else:
                    wall.paint(at - 0.1, at + 1.5, y - 0.1, y + 1.4, (228, 226, 220))
                    wall.paint(at, at + 1.4, y, y + 1.3, (58, 68, 80))
    shadow = [
        [
            (px, h, pz)
            for px, pz in ((x, max(1.0, z)), (far_x, z), (x, far_z))
            for h in (0.0, eaves + ridge * 0.6)
        ]
    ]
    return Thing(z=z + wide / 2 + 8, faces=faces, shadow=shadow)
