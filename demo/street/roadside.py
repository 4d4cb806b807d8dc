"""People, traffic lights and traffic signs."""

from __future__ import annotations

import math
import random

from demo.street.canvas import Face, Thing
from demo.street.light import TO_CAMERA, Colour, Light, Vector

CLOTHES: tuple[Colour, ...] = (
    (58, 72, 104),
    (134, 56, 48),
    (44, 46, 50),
    (170, 146, 104),
    (70, 100, 88),
    (206, 200, 190),
    (196, 150, 60),
    (108, 84, 124),
)
TROUSERS: tuple[Colour, ...] = ((42, 46, 58), (62, 56, 50), (30, 31, 34), (92, 98, 112))
SKIN: tuple[Colour, ...] = ((226, 182, 152), (186, 136, 104), (132, 92, 68), (98, 68, 52))
HAIR: tuple[Colour, ...] = (
    (44, 34, 30),
    (92, 66, 44),
    (30, 28, 28),
    (168, 140, 96),
    (150, 148, 146),
)


def _round(x: float, y: float, z: float, rx: float, ry: float, count: int = 12) -> list[Vector]:
    step = 2 * math.pi / count
    return [
        (x + rx * math.cos((i + 0.5) * step), y + ry * math.sin((i + 0.5) * step), z)
        for i in range(count)
    ]


def make_person(x: float, z: float, light: Light, rng: random.Random) -> Thing:
    """Seen from behind, the front or the side, standing or in mid-step."""
    h = rng.uniform(1.55, 1.88)
    stride = rng.choice((0.03, 0.12, 0.2)) * h
    sideways = rng.random() < 0.5
    shoulder = 0.13 * h if not sideways else 0.095 * h
    top, legs, skin, hair = (
        rng.choice(CLOTHES),
        rng.choice(TROUSERS),
        rng.choice(SKIN),
        rng.choice(HAIR),
    )
    coat = rng.random() < 0.35 or light.weather in ("snowy", "rainy")
    faces: list[Face] = []

    def add(points: list[tuple[float, float]], colour: Colour, k: float = 1.0) -> None:
        lit = light.shade(tuple(c * k for c in colour), TO_CAMERA, z)
        faces.append(Face([(x + px, py, z) for px, py in points], lit))

    hip, foot = 0.50 * h, 0.055 * h
    for sign, k in ((-1, 0.82), (1, 1.0)):  # legs, the farther one darker
        d = sign * (stride if sideways else 0.045 * h)
        knee = d * 0.55
        add(
            [
                (d - foot, 0.03),
                (d + foot, 0.03),
                (knee + 0.05 * h, hip * 0.52),
                (0.075 * h, hip),
                (-0.075 * h, hip),
                (knee - 0.05 * h, hip * 0.52),
            ],
            legs,
            k,
        )
        add(
            [
                (d - foot, 0.0),
                (d + foot + (0.05 if sideways else 0.0), 0.0),
                (d + foot, 0.08),
                (d - foot, 0.08),
            ],
            (34, 30, 28),
        )
    hem = hip - (0.14 * h if coat else 0.02 * h)
    add(
        [
            (-shoulder * 0.86, hem),
            (shoulder * 0.86, hem),
            (shoulder, 0.80 * h),
            (shoulder * 0.6, 0.845 * h),
            (-shoulder * 0.6, 0.845 * h),
            (-shoulder, 0.80 * h),
        ],
        top,
    )
    add(
        [
            (0.01, hem),
            (shoulder * 0.86, hem),
            (shoulder, 0.80 * h),
            (shoulder * 0.6, 0.845 * h),
            (0.01, 0.845 * h),
        ],
        top,
        0.86,
    )
    for sign in (-1, 1):
        swing = -sign * stride * 0.7 if sideways else sign * 0.05 * h
        s = sign * shoulder * (0.92 if not sideways else 0.1)
        hand = s + swing
        add(
            [
                (hand - 0.026 * h, 0.47 * h),
                (hand + 0.026 * h, 0.47 * h),
                (s + 0.036 * h, 0.80 * h),
                (s - 0.036 * h, 0.80 * h),
            ],
            top,
            0.76,
        )
        add(
            [
                (hand - 0.022 * h, 0.44 * h),
                (hand + 0.022 * h, 0.44 * h),
                (hand + 0.024 * h, 0.48 * h),
                (hand - 0.024 * h, 0.48 * h),
            ],
            skin,
        )
    add(
        [
            (-0.025 * h, 0.83 * h),
            (0.025 * h, 0.83 * h),
            (0.025 * h, 0.88 * h),
            (-0.025 * h, 0.88 * h),
        ],
        skin,
        0.85,
    )
    lit_skin = light.shade(skin, TO_CAMERA, z)
    faces.append(Face(_round(x, 0.93 * h, z, 0.052 * h, 0.07 * h), lit_skin))
    lit_hair = light.shade(hair, TO_CAMERA, z)
    away = rng.random() < 0.5
    faces.append(
        Face(
            _round(
                x - (0.01 * h if sideways else 0),
                (0.945 if away else 0.965) * h,
                z,
                0.056 * h,
                0.06 * h if away else 0.04 * h,
            ),
            lit_hair,
        )
    )
    if light.weather == "rainy" and rng.random() < 0.6:
        tint = light.shade(
            rng.choice(((150, 40, 44), (40, 60, 110), (36, 38, 42), (206, 160, 60))),
            (0.0, 0.6, -0.8),
            z,
        )
        dome = [
            (x + 0.62 * math.cos(t * math.pi / 10), h * 1.02 + 0.34 * math.sin(t * math.pi / 10), z)
            for t in range(11)
        ]
        faces.append(Face(dome, tint))
    shadow = [
        [
            (x - 0.25, 0.0, z - 0.15),
            (x + 0.25, 0.0, z - 0.15),
            (x + 0.2, h, z),
            (x - 0.2, h, z),
            (x + 0.25, 0.0, z + 0.2),
            (x - 0.25, 0.0, z + 0.2),
        ]
    ]
    return Thing(
        z=z,
        faces=faces,
        label="person",
        attributes={"pose": "walking" if stride > 0.1 else "standing"},
        shadow=shadow,
    )


_LENSES = (("red", (255, 58, 44)), ("yellow", (255, 196, 50)), ("green", (52, 232, 150)))


def make_traffic_light(
    side: int, x: float, z: float, over_road: float, state: str, light: Light
) -> list[Thing]:
    """The mast is scenery, the housing is the object. `over_road` is the length of its arm."""
    metal = light.shade((66, 70, 72), TO_CAMERA, z)
    top = 6.0 if over_road else 3.3
    mast = [
        Face([(x - 0.09, 0, z), (x + 0.09, 0, z), (x + 0.07, top, z), (x - 0.07, top, z)], metal)
    ]
    head_x, head_y = x, 2.5
    if over_road:
        head_x, head_y = x - side * over_road, 5.0
        mast.append(
            Face(
                [(x, top - 0.2, z), (head_x, top - 0.06, z), (head_x, top + 0.08, z), (x, top, z)],
                metal,
            )
        )
    housing = [
        (head_x - 0.25, head_y, z),
        (head_x + 0.25, head_y, z),
        (head_x + 0.25, head_y + 1.12, z),
        (head_x - 0.25, head_y + 1.12, z),
    ]
    faces = [Face(housing, light.shade((34, 34, 32), TO_CAMERA, z))]
    rim = [
        (head_x - 0.21, head_y + 0.04, z),
        (head_x + 0.21, head_y + 0.04, z),
        (head_x + 0.21, head_y + 1.08, z),
        (head_x - 0.21, head_y + 1.08, z),
    ]
    faces.append(Face(rim, light.shade((52, 52, 48), TO_CAMERA, z), -1.0, False))
    for i, (name, colour) in enumerate(_LENSES):
        lens = _round(head_x, head_y + 0.92 - i * 0.36, z, 0.15, 0.15)
        if name == state:
            faces.append(Face(lens, colour, 0.9, False))
        else:
            faces.append(
                Face(lens, light.shade(tuple(c * 0.22 for c in colour), TO_CAMERA, z), -1.0, False)
            )
    head = Thing(z=z - 0.1, faces=faces, label="traffic light", attributes={"color": state})
    return [Thing(z=z, faces=mast), head]


def make_sign(x: float, z: float, kind: str, light: Light) -> list[Thing]:
    """A post (scenery) and a plate (the object)."""
    y, r = 2.6, 0.38
    grey = light.shade((140, 143, 146), TO_CAMERA, z)
    post = Face(
        [(x - 0.04, 0, z), (x + 0.04, 0, z), (x + 0.04, y + 0.2, z), (x - 0.04, y + 0.2, z)], grey
    )
    faces: list[Face] = []

    def plate(points: list[Vector], colour: Colour, solid: bool = False) -> None:
        # Signs are coated to throw headlights back.
        lit = light.shade(tuple(c * (1.25 if light.night else 1.0) for c in colour), TO_CAMERA, z)
        faces.append(Face(points, lit, -1.0, solid))

    def bar(x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        plate(
            [
                (x + x0 * r, y + y0 * r, z),
                (x + x1 * r, y + y0 * r, z),
                (x + x1 * r, y + y1 * r, z),
                (x + x0 * r, y + y1 * r, z),
            ],
            colour,
        )

    white, red, black = (238, 238, 234), (196, 30, 38), (28, 28, 30)
    if kind == "speed limit":
        plate(_round(x, y, z, r, r, 18), red, True)
        plate(_round(x, y, z, r * 0.76, r * 0.76, 18), white)
        for at in (-0.32, 0.12):  # two digits, as far as one can read them
            bar(at, -0.34, at + 0.22, 0.34, black)
            bar(at + 0.07, -0.2, at + 0.15, 0.2, white)
    elif kind == "stop":
        plate(_round(x, y, z, r, r, 8), white, True)
        plate(_round(x, y, z, r * 0.92, r * 0.92, 8), red)
        for at in (-0.62, -0.28, 0.06, 0.40):
            bar(at, -0.2, at + 0.22, 0.2, white)
    elif kind == "no entry":
        plate(_round(x, y, z, r, r, 18), red, True)
        bar(-0.66, -0.17, 0.66, 0.17, white)
    elif kind == "yield":
        plate([(x - r, y + r * 0.8, z), (x + r, y + r * 0.8, z), (x, y - r * 0.95, z)], red, True)
        plate(
            [(x - r * 0.6, y + r * 0.58, z), (x + r * 0.6, y + r * 0.58, z), (x, y - r * 0.48, z)],
            white,
        )
    elif kind == "warning":
        plate(_round(x, y, z, r * 1.1, r * 1.1, 4), black, True)
        plate([(x, y - r, z), (x + r, y, z), (x, y + r, z), (x - r, y, z)], (244, 196, 40))
        bar(-0.09, -0.1, 0.09, 0.5, black)
        bar(-0.09, -0.42, 0.09, -0.24, black)
    else:
        bar(-0.85, -0.85, 0.85, 0.85, (34, 84, 170))
        faces[-1] = faces[-1]._replace(solid=True)
        bar(-0.3, -0.6, -0.06, 0.6, white)
        bar(-0.06, 0.0, 0.34, 0.6, white)
        bar(-0.06, 0.18, 0.12, 0.42, (34, 84, 170))
    sign = Thing(z=z - 0.05, faces=faces, label="traffic sign", attributes={"sign": kind})
    return [Thing(z=z, faces=[post]), sign]


SIGNS = ("speed limit", "stop", "no entry", "yield", "warning", "parking")


def make_gantry(x0: float, x1: float, z: float, light: Light, rng: random.Random) -> list[Thing]:
    """A frame over the carriageway with one to three direction signs."""
    metal = light.shade((128, 132, 136), TO_CAMERA, z)
    frame = [
        Face([(x, 0, z), (x + 0.35, 0, z), (x + 0.35, 6.9, z), (x, 6.9, z)], metal)
        for x in (x0, x1 - 0.35)
    ] + [Face([(x0, 6.3, z), (x1, 6.3, z), (x1, 6.9, z), (x0, 6.9, z)], metal)]
    things = [Thing(z=z, faces=frame)]
    colour = rng.choice(((30, 104, 74), (34, 84, 160)))
    count = rng.choice((1, 2, 2, 3))
    width = (x1 - x0 - 2.0) / count
    for i in range(count):
        a, b = x0 + 1.2 + i * width, x0 + 0.8 + (i + 1) * width
        things.append(_direction_sign(a, b, z, colour, light, rng))
    return things


def _direction_sign(
    left: float, right: float, z: float, colour: Colour, light: Light, rng: random.Random
) -> Thing:
    low, high = 5.4, 7.7
    white = (236, 238, 238)
    bright = 1.3 if light.night else 1.0  # signs throw headlights back
    faces = []
    for margin, tint, solid in ((0.0, white, True), (0.1, colour, False)):
        board = [
            (left + margin, low + margin, z),
            (right - margin, low + margin, z),
            (right - margin, high - margin, z),
            (left + margin, high - margin, z),
        ]
        lit = light.shade(tuple(c * bright for c in tint), TO_CAMERA, z)
        faces.append(Face(board, lit, -1.0, solid))
    start = left + 0.5
    for row in range(2):  # lines of writing
        end = start + (right - left - 1.0) * rng.uniform(0.45, 0.95)
        y = high - 0.85 - row * 0.75
        text = [(start, y, z), (end, y, z), (end, y + 0.36, z), (start, y + 0.36, z)]
        faces.append(Face(text, light.shade(white, TO_CAMERA, z), -1.0, False))
    return Thing(z - 0.1, faces, "traffic sign", {"sign": "direction"})
