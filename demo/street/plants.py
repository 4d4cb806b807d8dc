"""Trees and hedges."""

from __future__ import annotations

import math
import random

from demo.street.buildings import Wall
from demo.street.canvas import Face, Thing
from demo.street.light import TO_CAMERA, Colour, Light, Vector


def _blob(
    x: float, y: float, z: float, radius: float, wobble: random.Random, count: int
) -> list[Vector]:
    step = 2 * math.pi / count
    return [
        (
            x + radius * wobble.uniform(0.86, 1.1) * math.cos(i * step),
            y + radius * wobble.uniform(0.8, 1.02) * math.sin(i * step),
            z,
        )
        for i in range(count)
    ]


def make_tree(x: float, z: float, light: Light, rng: random.Random) -> Thing:
    faces: list[Face] = []
    height = rng.uniform(5.0, 8.5)
    bark = light.shade((86, 70, 58), TO_CAMERA, z)
    faces.append(
        Face(
            [
                (x - 0.17, 0, z),
                (x + 0.17, 0, z),
                (x + 0.1, height * 0.7, z),
                (x - 0.1, height * 0.7, z),
            ],
            bark,
        )
    )
    if light.weather == "snowy":
        _branches(
            faces,
            x,
            height * 0.45,
            z,
            math.pi / 2,
            height * 0.34,
            0.09,
            5 if z < 40 else 4,
            bark,
            light,
            rng,
        )
    else:
        leaf = rng.choice(
            (
                (74, 104, 56),
                (84, 112, 58),
                (66, 94, 60),
                (98, 118, 60),
                (150, 116, 52) if rng.random() < 0.35 else (78, 102, 58),
            )
        )
        count = 64 if z < 22 else 40 if z < 50 else 20
        spread, tall = height * rng.uniform(0.3, 0.4), height * 0.36
        sunny = light.sun_direction[0]
        blobs = []
        for _ in range(count):
            angle, r = rng.uniform(0, 2 * math.pi), math.sqrt(rng.random())
            dx, dy = math.cos(angle) * r * spread, math.sin(angle) * r * tall
            toward = rng.uniform(-1, 1)
            blobs.append((toward, dx, dy))
        for toward, dx, dy in sorted(blobs):
            k = (
                0.78
                + 0.26 * dy / tall
                + 0.16 * toward
                + 0.2 * sunny * dx / spread * (1 if light.casts_shadows else 0)
            )
            normal = (sunny * 0.4, 0.55, -0.6)
            colour = light.shade(tuple(c * k * rng.uniform(0.93, 1.07) for c in leaf), normal, z)
            radius = rng.uniform(0.14, 0.26) * height * (0.62 if count > 40 else 0.8)
            faces.append(
                Face(
                    _blob(
                        x + dx,
                        height * 0.86 + dy,
                        z + 0.1 - 0.1 * toward,
                        radius,
                        rng,
                        9 if z < 30 else 7,
                    ),
                    colour,
                )
            )
    spread = height * 0.33
    shadow = [
        [
            (x - 0.3, 0.0, z - 0.2),
            (x + 0.3, 0.0, z - 0.2),
            (x + 0.3, 0.0, z + 0.2),
            (x - 0.3, 0.0, z + 0.2),
        ]
    ]
    if light.weather != "snowy":
        shadow.append(
            [(x + spread * math.cos(t), height * 0.86 + spread * math.sin(t), z) for t in range(7)]
        )
    return Thing(z=z, faces=faces, shadow=shadow)


def _branches(
    faces: list[Face],
    x: float,
    y: float,
    z: float,
    angle: float,
    length: float,
    width: float,
    levels: int,
    bark: Colour,
    light: Light,
    rng: random.Random,
) -> None:
    """Bare twigs with snow on them."""
    end_x, end_y = x + math.cos(angle) * length, y + math.sin(angle) * length
    nx, ny = -math.sin(angle) * width, math.cos(angle) * width
    faces.append(
        Face(
            [
                (x - nx, y - ny, z),
                (x + nx, y + ny, z),
                (end_x + nx * 0.6, end_y + ny * 0.6, z),
                (end_x - nx * 0.6, end_y - ny * 0.6, z),
            ],
            bark,
        )
    )
    if levels < 4:
        white = light.shade((226, 229, 234), (0.0, 1.0, 0.0), z)
        top = width * 0.9
        faces.append(
            Face(
                [
                    (x, y + top * 0.2, z),
                    (end_x, end_y + top * 0.2, z),
                    (end_x, end_y + top * 1.2, z),
                    (x, y + top * 1.2, z),
                ],
                white,
                -1.0,
                False,
            )
        )
    if levels == 0:
        return
    for turn in (rng.uniform(0.25, 0.7), -rng.uniform(0.25, 0.7)):
        _branches(
            faces,
            end_x,
            end_y,
            z,
            angle + turn,
            length * rng.uniform(0.66, 0.82),
            width * 0.66,
            levels - 1,
            bark,
            light,
            rng,
        )


def make_hedge(
    side: int, x: float, z: float, length: float, light: Light, rng: random.Random
) -> Thing:
    normal = (-float(side), 0.0, 0.0)
    high = rng.uniform(0.8, 1.3)
    if rng.random() < 0.6:
        colour = (66, 92, 54) if light.weather != "snowy" else (150, 160, 158)
    else:
        colour = (206, 202, 194)
    faces: list[Face] = []
    wall = Wall(faces, light, False, x, z, 1, normal)
    piece = 1.2
    for i in range(int(length / piece)):
        k = rng.uniform(0.9, 1.1)
        wall.paint(
            i * piece,
            (i + 1) * piece + 0.02,
            0.0,
            high * rng.uniform(0.95, 1.05),
            tuple(c * k for c in colour),
            solid=True,
        )
    return Thing(z=z + length / 2, faces=faces)
