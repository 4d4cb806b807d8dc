"""Cars, vans, buses, trucks and police cars, from convex solids and what is painted on them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from demo.street.canvas import Camera, Face, Thing
from demo.street.light import Colour, Light
from demo.street.solids import Builder, Prism, Profile

PAINTS: tuple[Colour, ...] = (
    (186, 188, 192),
    (214, 215, 214),
    (232, 232, 229),
    (38, 40, 44),
    (60, 63, 68),
    (104, 107, 110),
    (128, 26, 28),
    (160, 40, 34),
    (34, 56, 98),
    (52, 84, 128),
    (58, 76, 64),
    (150, 138, 116),
    (196, 150, 52),
)
GLASS: Colour = (44, 54, 64)
RUBBER: Colour = (24, 24, 26)


@dataclass(frozen=True)
class Shape:
    length: float
    half: float
    body: Profile
    cabin: Profile  # glazed part on top of the body, may be empty
    wheels: tuple[float, ...]
    wheel_radius: float


def _car(
    length: float, belt: float, top: float, rear: tuple[float, float], front: tuple[float, float]
) -> Shape:
    """`rear`, `front`: where the cabin meets belt and roof, from the respective bumper."""
    half = 0.9
    body = [
        (0.12, 0.26, 0.82),
        (0.0, 0.5, 0.89),
        (0.03, belt - 0.12, 0.89),
        (0.14, belt, 0.86),
        (length - 1.15, belt, 0.86),
        (length - 0.2, belt - 0.2, 0.84),
        (length, 0.52, 0.87),
        (length - 0.1, 0.26, 0.82),
    ]
    cabin = [
        (rear[0], belt - 0.02, 0.85),
        (rear[1], top, 0.64),
        (length - front[1], top + 0.01, 0.64),
        (length - front[0], belt - 0.02, 0.85),
    ]
    return Shape(
        length,
        half,
        body,
        cabin,
        (0.82, length - 0.88),
        0.33,
    )


SHAPES = {
    "sedan": _car(4.7, 0.96, 1.43, (0.55, 1.25), (1.15, 1.95)),
    "hatchback": _car(4.1, 0.98, 1.49, (0.10, 0.55), (1.0, 1.75)),
    "suv": _car(4.6, 1.1, 1.72, (0.12, 0.5), (1.15, 1.75)),
    "van": Shape(
        length=5.2,
        half=1.0,
        body=[
            (0.05, 0.3, 0.95),
            (0.0, 0.6, 1.0),
            (0.0, 1.2, 1.0),
            (4.1, 1.2, 1.0),
            (5.1, 1.0, 0.96),
            (5.2, 0.5, 0.97),
            (5.1, 0.3, 0.95),
        ],
        cabin=[(0.0, 1.18, 1.0), (0.1, 2.2, 0.88), (3.7, 2.22, 0.88), (4.5, 1.18, 0.98)],
        wheels=(0.95, 4.3),
        wheel_radius=0.36,
    ),
}


def _disc(u: float, y: float, radius: float, count: int = 12) -> list[tuple[float, float]]:
    step = 2 * math.pi / count
    return [
        (u + radius * math.cos(i * step), y + radius * math.sin(i * step)) for i in range(count)
    ]


def _wheels(prism: Prism, at: tuple[float, ...], radius: float, far: bool = False) -> None:
    for u in at:
        prism.side(_disc(u, radius * 1.08, radius * 1.08, 16), (16, 16, 18), solid=True)
        if not far:
            prism.side(_disc(u, radius, radius * 0.97, 14), RUBBER)
            prism.side(_disc(u, radius, radius * 0.58), (138, 140, 143))
            prism.side(_disc(u, radius, radius * 0.16, 6), (60, 62, 64))


def _tyres(build: Builder, length: float, half: float, radius: float) -> None:
    """The two tyres below the nearer bumper, as seen from behind or in front."""
    if abs(build.at(0, 0, 0)[2] - build.at(length, 0, 0)[2]) < length * 0.5:
        return  # seen from the side: the wheels say it
    u = 0.35 if build.at(0, 0, 0)[2] < build.at(length, 0, 0)[2] else length - 0.35
    for side in (-1, 1):
        a, b = side * (half - 0.28), side * (half - 0.06)
        points = [
            build.at(u, 0.0, a),
            build.at(u, 0.0, b),
            build.at(u, radius, b),
            build.at(u, radius, a),
        ]
        build.faces.append(Face(points, build.light.shade(RUBBER, (0, 0, -1), points[0][2])))


def _car_faces(build: Builder, shape: Shape, colour: Colour, kind: str, braking: bool) -> None:
    light, far = build.light, build.at(0, 0, 0)[2] > 45
    _tyres(build, shape.length, shape.half, shape.wheel_radius)
    body = Prism(build, shape.body, colour)
    rear, front = (1, len(shape.body) - 3)
    dark = tuple(c * 0.3 + 12 for c in colour)
    body.side(
        [(0.15, 0.27), (shape.length - 0.15, 0.27), (shape.length - 0.15, 0.36), (0.15, 0.36)], dark
    )
    _wheels(body, shape.wheels, shape.wheel_radius, far)
    if kind == "police":
        stripe = (28, 60, 150) if sum(colour) > 300 else (236, 238, 240)
        body.side(
            [(0.1, 0.62), (shape.length - 0.3, 0.62), (shape.length - 0.5, 0.8), (0.1, 0.8)], stripe
        )
        body.edge(rear, (0.0, 1.0), (0.42, 0.62), stripe)
        for i in range(6):
            body.edge(rear, (i / 6, i / 6 + 1 / 12), (0.42, 0.62), (240, 214, 60))
    # Rear: bumper, plate, lights. Front: grille, plate, headlights.
    body.edge(0, (0.0, 1.0), (0.0, 1.0), dark)
    body.edge(rear, (0.36, 0.64), (0.16, 0.40), (224, 224, 214))
    body.edge(front, (0.24, 0.76), (0.1, 0.62), dark)
    body.edge(front + 1, (0.36, 0.64), (0.1, 0.6), (224, 224, 214))
    on = light.lamps_on
    red = (255, 52, 40) if on or braking else (150, 22, 22)
    glow = (0.95 if braking else 0.5) if on else (0.55 if braking else None)
    for across in ((0.02, 0.2), (0.8, 0.98)):
        body.edge(rear, across, (0.52, 0.98), red, glow)
        body.edge(
            front,
            across,
            (0.05, 0.62),
            (255, 250, 232) if on else (222, 226, 228),
            1.0 if on else None,
        )
    roof = tuple(c * 1.02 for c in colour)
    cabin = Prism(build, shape.cabin, colour, roof)
    glass = tuple(c * (0.62 if light.night else 1.0) for c in GLASS)
    cabin.edge(0, (0.07, 0.93), (0.14, 0.92), glass)
    cabin.edge(2, (0.05, 0.95), (0.06, 0.94), glass)
    if shape is SHAPES["van"]:
        (u3, y3, _), (u2, y2, _) = shape.cabin[3], shape.cabin[2]
        cabin.side(
            [
                (u2 - 0.6, y3 + 0.1),
                (u3 - 0.12, y3 + 0.1),
                (u2 - 0.05, y2 - 0.14),
                (u2 - 0.6, y2 - 0.14),
            ],
            glass,
        )
    else:
        (u0, y0, _), (u1, y1, _), (u2, _, _), (u3, _, _) = shape.cabin
        low, high = y0 + 0.06, y1 - 0.08
        middle = (u0 + u3) / 2 + 0.1
        cabin.side(
            [(u0 + 0.22, low), (middle - 0.05, low), (middle - 0.05, high), (u1 + 0.06, high)],
            glass,
        )
        cabin.side(
            [(middle + 0.05, low), (u3 - 0.2, low), (u2 - 0.04, high), (middle + 0.05, high)], glass
        )
    if kind == "taxi":
        _roof_box(build, shape, ((0.0, 0.3, (255, 236, 170)),), on)
    if kind == "police":
        _roof_box(build, shape, ((-0.33, 0.3, (50, 96, 255)), (0.33, 0.3, (255, 46, 54))), True)


def _roof_box(build: Builder, shape: Shape, lamps, shining: bool) -> None:
    u = (shape.cabin[1][0] + shape.cabin[2][0]) / 2
    top = shape.cabin[1][1]
    for side, half, colour in lamps:
        lens = [
            build.at(u, top, side - half),
            build.at(u, top, side + half),
            build.at(u, top + 0.17, side + half),
            build.at(u, top + 0.17, side - half),
        ]
        build.faces.append(Face(lens, colour, 1.3 if shining else 0.0))


def _bus_faces(build: Builder, length: float, colour: Colour, rng: random.Random) -> None:
    light, half, top = build.light, 1.25, 3.05
    _tyres(build, length, half, 0.5)
    body = Prism(
        build,
        [
            (0.0, 0.34, half),
            (0.0, top - 0.15, half),
            (0.15, top, half - 0.08),
            (length - 0.2, top, half - 0.08),
            (length, top - 0.3, half),
            (length, 0.34, half),
        ],
        colour,
        tuple(c * 0.9 + 20 for c in colour),
    )
    lit = light.night
    glass = (232, 206, 150) if lit else GLASS
    count = 7
    step = (length - 1.0) / count
    for i in range(count):
        a = 0.4 + i * step
        body.side(
            [(a, 1.4), (a + step * 0.9, 1.4), (a + step * 0.9, 2.5), (a, 2.5)], glass, emits=lit
        )
    band = rng.choice(((34, 92, 160), (196, 60, 44), (44, 128, 96), (226, 170, 50)))
    body.side([(0.0, 0.85), (length, 0.85), (length, 1.12), (0.0, 1.12)], band)
    _wheels(body, (1.9, length - 2.6), 0.48)
    _bus_end(body, 0, True, light, band)
    _bus_end(body, 4, False, light, band)


def _bus_end(body: Prism, edge: int, rear: bool, light: Light, band: Colour) -> None:
    """Window, destination and lights. Shares count from below; the front's edge runs downwards."""

    def paint(
        across: tuple[float, float],
        up: tuple[float, float],
        colour: Colour,
        glow: float | None = None,
    ) -> None:
        body.edge(edge, across, up if rear else (1 - up[1], 1 - up[0]), colour, glow)

    paint((0.07, 0.93), (0.40, 0.80), (92, 84, 66) if light.night else (30, 36, 44))
    paint((0.0, 1.0), (0.0, 0.08), (40, 40, 42))
    paint((0.2, 0.8), (0.84, 0.97), (255, 186, 66), 0.3)
    shining = (255, 56, 42) if rear else (255, 250, 232)
    dull = (150, 24, 22) if rear else (220, 222, 222)
    for across in ((0.04, 0.16), (0.84, 0.96)):
        if light.lamps_on:
            paint(across, (0.16, 0.26), shining, 0.7)
        else:
            paint(across, (0.16, 0.26), dull)
    paint((0.0, 1.0), (0.30, 0.34), band)


def _truck_faces(build: Builder, length: float, colour: Colour, cargo: Colour) -> None:
    light, half = build.light, 1.22
    _tyres(build, length, half, 0.5)
    cab_from = length - 2.0
    cab = [
        (cab_from, 0.5, half - 0.06),
        (cab_from, 2.6, half - 0.1),
        (length - 0.5, 2.66, half - 0.14),
        (length - 0.04, 1.5, half - 0.06),
        (length, 0.5, half - 0.06),
    ]
    box = [
        (0.0, 0.95, half),
        (0.0, 3.5, half),
        (cab_from - 0.25, 3.5, half),
        (cab_from - 0.25, 0.95, half),
    ]
    frame = [
        (0.1, 0.55, half - 0.3),
        (0.1, 0.95, half - 0.3),
        (cab_from, 0.95, half - 0.3),
        (cab_from, 0.55, half - 0.3),
    ]

    def draw_cab() -> None:
        prism = Prism(build, cab, colour)
        glass = tuple(c * (0.62 if light.night else 1.0) for c in GLASS)
        prism.side(
            [
                (cab_from + 0.45, 1.55),
                (length - 0.22, 1.55),
                (length - 0.55, 2.4),
                (cab_from + 0.45, 2.4),
            ],
            glass,
        )
        prism.edge(2, (0.06, 0.94), (0.1, 0.92), glass)
        prism.edge(3, (0.2, 0.8), (0.3, 0.62), (40, 42, 44))
        on = light.lamps_on
        for across in ((0.03, 0.18), (0.82, 0.97)):
            prism.edge(
                3,
                across,
                (0.56, 0.74),
                (255, 250, 232) if on else (220, 222, 222),
                0.9 if on else None,
            )
        _wheels(prism, (length - 1.1,), 0.5)

    def draw_box() -> None:
        under = Prism(build, frame, (44, 45, 48))
        _wheels(under, (1.2, 2.4), 0.5)
        prism = Prism(build, box, cargo, tuple(c * 0.96 for c in cargo))
        prism.side([(0.3, 1.5), (cab_from - 0.6, 1.5), (cab_from - 0.6, 1.75), (0.3, 1.75)], colour)
        prism.edge(0, (0.03, 0.49), (0.03, 0.97), tuple(c * 0.93 for c in cargo))
        prism.edge(0, (0.51, 0.97), (0.03, 0.97), tuple(c * 0.93 for c in cargo))
        for s in (0.44, 0.55):
            prism.edge(0, (s, s + 0.012), (0.08, 0.92), (96, 98, 100))
        rear, on = build.at(0.0, 0.0, 0.0)[2] < build.at(length, 0.0, 0.0)[2], light.lamps_on
        if rear:
            bar = [
                build.at(0, 0.55, -half),
                build.at(0, 0.55, half),
                build.at(0, 0.72, half),
                build.at(0, 0.72, -half),
            ]
            build.add(bar, (52, 53, 56), (0.0, 0.0, -1.0))
            for side in (-0.95, 0.95):
                lens = [
                    build.at(-0.01, y, side + s)
                    for y, s in ((0.74, -0.16), (0.74, 0.16), (0.93, 0.16), (0.93, -0.16))
                ]
                if on:
                    build.faces.append(Face(lens, (255, 56, 42), 0.7))
                else:
                    build.add(lens, (158, 26, 24), (0.0, 0.0, -1.0))

    first, second = (
        (draw_cab, draw_box)
        if build.at(length, 0, 0)[2] > build.at(0, 0, 0)[2]
        else (draw_box, draw_cab)
    )
    first()
    second()


# Kind -> the label that a careful person would give it.
LABELS = {
    "sedan": "car",
    "hatchback": "car",
    "suv": "car",
    "van": "car",
    "taxi": "car",
    "police": "police_car",
    "bus": "bus",
    "truck": "truck",
}
LENGTHS = {"bus": 11.6, "truck": 8.4, "taxi": 4.7, "police": 4.7} | {
    name: shape.length for name, shape in SHAPES.items()
}


def make_vehicle(
    kind: str, x: float, z: float, yaw: float, camera: Camera, light: Light, rng: random.Random
) -> Thing:
    """`z` is the near end for traffic along the road; for crossing traffic the rear end's."""
    length = LENGTHS[kind]
    towards = abs(yaw) > math.pi * 0.75
    build = Builder(x, z + length if towards else z, yaw, camera, light)
    colour = rng.choice(PAINTS)
    half = 1.25 if kind in ("bus", "truck") else 0.92
    braking = rng.random() < 0.3
    if kind == "bus":
        _bus_faces(
            build,
            length,
            rng.choice(((226, 226, 222), (206, 62, 44), (54, 92, 138), (240, 196, 76))),
            rng,
        )
        top = 3.0
    elif kind == "truck":
        cargo = rng.choice(
            ((232, 232, 228), (206, 208, 210), (70, 92, 128), (188, 70, 52), (96, 128, 98))
        )
        _truck_faces(build, length, colour, cargo)
        top = 3.4
    else:
        if kind == "taxi":
            colour = (238, 184, 36)
        elif kind == "police":
            colour = rng.choice(((236, 237, 238), (236, 237, 238), (34, 36, 42)))
        shape = SHAPES[kind] if kind in SHAPES else SHAPES[rng.choice(("sedan", "suv"))]
        _car_faces(build, shape, colour, kind, braking)
        top = 1.4
    corners = [(u, side) for u in (0.0, length) for side in (-half, half)]
    ground = [
        build.at(u, 0.0, side) for u, side in (corners[0], corners[1], corners[3], corners[2])
    ]
    roof = [build.at(u * 0.8 + length * 0.1, top, side * 0.8) for u, side in corners]
    middle = build.at(length / 2, 0.0, 0.0)[2]
    return Thing(
        z=middle,
        faces=build.faces,
        label=LABELS[kind],
        attributes={"kind": kind},
        shadow=[ground + roof],
    )
