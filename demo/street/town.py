"""What stands still beside the road, and where: buildings, trees, lamps, rails, hills.

Everything here is scenery: it hides objects (its faces are solid) but is none itself.
"""

from __future__ import annotations

import math
import random

from demo.street.buildings import WALLS, Wall, make_building, make_house, rectangle_z
from demo.street.canvas import Camera, Face, Thing
from demo.street.layout import Street
from demo.street.light import TO_CAMERA, Light
from demo.street.plants import make_hedge, make_tree


def _street_lamp(side: int, x: float, z: float, light: Light) -> Thing:
    metal = light.shade((84, 88, 92), TO_CAMERA, z)
    head_x, top = x - side * 2.1, 7.6
    faces = [
        Face([(x - 0.08, 0, z), (x + 0.08, 0, z), (x + 0.05, top, z), (x - 0.05, top, z)], metal),
        Face(
            [(x, top - 0.16, z), (head_x, top + 0.1, z), (head_x, top + 0.22, z), (x, top, z)],
            metal,
        ),
    ]
    bulb = [
        (head_x - 0.4, top + 0.02, z),
        (head_x + 0.4, top + 0.02, z),
        (head_x + 0.4, top + 0.18, z),
        (head_x - 0.4, top + 0.18, z),
    ]
    lit = light.night or light.timeofday == "dawn/dusk"
    faces.append(
        Face(bulb, (255, 222, 162), 1.6)
        if lit
        else Face(bulb, light.shade((150, 152, 154), TO_CAMERA, z))
    )
    return Thing(z=z, faces=faces, lamp=(head_x, z) if light.night else None)


def _free(street: Street, z: float, length: float = 0.0) -> bool:
    """Nothing is built on the crossing street."""
    return not street.junction or z + length < street.junction[0] - 1 or z > street.junction[1] + 1


def _city(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    things = []
    tall = rng.choice((9.0, 14.0, 22.0))
    for side in (-1, 1):
        z = -8 + rng.uniform(0, 6)
        while z < 190:
            length = rng.uniform(8, 18)
            height = 8.6 + rng.random() ** 1.5 * tall + (8 if z > 60 else 0)
            if _free(street, z, length) and z + length > 2:
                x = street.beyond(side, street.front_m + rng.choice((0.0, 0.0, 0.6)))
                things.append(make_building(side, x, z, length, height, camera, light, rng))
                z += length + (0.1 if rng.random() < 0.75 else rng.uniform(2.5, 7))
            else:
                z += 3.0
        z = rng.uniform(7, 12)
        leafy = rng.random() < 0.7
        while z < 130:
            if _free(street, z):
                x = street.beyond(side, 0.7)
                if leafy and rng.random() < 0.6:
                    things.append(make_tree(x, z, light, rng))
                elif rng.random() < 0.5:
                    things.append(_street_lamp(side, x, z, light))
            z += rng.uniform(8, 15)
    return things


def _residential(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    things = []
    for side in (-1, 1):
        z = -4 + rng.uniform(0, 8)
        while z < 150:
            if _free(street, z, 12) and z > 1.5:
                things.append(make_house(side, street.beyond(side, street.front_m), z, light, rng))
                if rng.random() < 0.6:
                    things.append(
                        make_hedge(
                            side,
                            street.beyond(side, street.verge_m + street.walk_m + 0.4),
                            z,
                            9,
                            light,
                            rng,
                        )
                    )
            z += rng.uniform(14, 19)
        z = rng.uniform(6, 12)
        while z < 120:
            if _free(street, z):
                if rng.random() < 0.72:
                    things.append(
                        make_tree(street.beyond(side, street.verge_m * 0.5 + 0.4), z, light, rng)
                    )
                elif rng.random() < 0.6:
                    things.append(_street_lamp(side, street.beyond(side, 0.5), z, light))
            z += rng.uniform(8, 14)
        for z in range(20, 170, 13):  # a row of trees behind the gardens closes the view
            things.append(
                make_tree(
                    street.beyond(side, street.front_m + rng.uniform(12, 18)),
                    z + rng.uniform(0, 8),
                    light,
                    rng,
                )
            )
    return things


def _rail(x: float, side: int, light: Light) -> list[Thing]:
    """Guard rail in pieces, so that nearer things can stand before farther pieces."""
    things = []
    normal = (-float(side), 0.0, 0.0)
    z = 2.0
    while z < 170:
        length = 4.0 if z < 40 else 12.0
        faces: list[Face] = []
        wall = Wall(faces, light, False, x, z, 1, normal)
        wall.paint(0.0, 0.18, 0.0, 0.7, (110, 112, 114), solid=True)
        wall.paint(0.0, length, 0.48, 0.8, (172, 175, 178), solid=True)
        wall.paint(0.0, length, 0.60, 0.66, (116, 119, 122))
        things.append(Thing(z=z + length / 2, faces=faces))
        z += length
    return things


def _highway(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    things = (
        _rail(street.road[1] + 0.6, 1, light)
        + _rail(-1.7, -1, light)
        + _rail(street.road[0] - 0.6, -1, light)
    )
    for side in (-1, 1):
        z = rng.uniform(8, 20)
        while z < 190:
            if rng.random() < 0.8:
                things.append(make_tree(street.beyond(side, rng.uniform(6, 22)), z, light, rng))
            z += rng.uniform(5, 13)
    if rng.random() < 0.6:
        z = rng.uniform(20, 34)
        while z < 150:
            things.append(_street_lamp(-1, -1.7, z, light))
            z += 30
    if rng.random() < 0.35:
        things.append(_bridge(street, rng.uniform(55, 95), light))
    return things


def _bridge(street: Street, z: float, light: Light) -> Thing:
    concrete = (164, 160, 152)
    faces: list[Face] = []
    wall = Wall(faces, light, True, z, street.road[0] - 40, 1, TO_CAMERA)
    whole = street.road[1] - street.road[0] + 80
    for at in (38.0, whole - 39.0, 40 - street.road[0] - 2.0):
        wall.paint(at, at + 1.0, 0.0, 5.6, tuple(c * 0.85 for c in concrete), solid=True)
    wall.paint(0.0, whole, 5.4, 7.0, concrete, solid=True)
    wall.paint(0.0, whole, 5.4, 5.75, tuple(c * 0.7 for c in concrete))
    wall.paint(0.0, whole, 7.0, 7.9, (112, 116, 120), solid=True)
    return Thing(z=z, faces=faces)


def _skyline(light: Light, camera: Camera, place: str, rng: random.Random) -> list[Thing]:
    """Far silhouettes that meet the sky."""
    faces: list[Face] = []
    if place == "highway":
        for z, high, colour in ((620.0, 44.0, (92, 104, 92)), (420.0, 24.0, (84, 98, 72))):
            if light.weather == "snowy":
                colour = (196, 202, 208)
            phase = [rng.uniform(0, 6.3) for _ in range(3)]
            ridge = [
                (
                    x,
                    high
                    * (
                        0.5
                        + 0.24 * math.sin(x / 140 + phase[0])
                        + 0.16 * math.sin(x / 57 + phase[1])
                        + 0.05 * math.sin(x / 19 + phase[2])
                    ),
                    z,
                )
                for x in range(-520, 540, 20)
            ]
            shade = light.shade(colour, (0.0, 0.8, -0.6), z)
            faces.append(Face([(-520, -2, z), *ridge, (520, -2, z)], shade))
    else:
        x = -260.0
        while x < 260:
            wide = rng.uniform(12, 30)
            high = rng.uniform(10, 26) if place == "residential" else rng.uniform(18, 62)
            z = rng.uniform(240, 330)
            faces.append(
                Face(
                    rectangle_z(z, -1, high, x, x + wide),
                    light.shade(rng.choice(WALLS), TO_CAMERA, z),
                )
            )
            if light.night:
                for _ in range(int(high / 4)):
                    wx, wy = x + rng.uniform(1, wide - 2), rng.uniform(4, max(5.0, high - 2))
                    faces.append(
                        Face(
                            rectangle_z(z, wy, wy + 1.2, wx, wx + 1.2), (240, 196, 130), 0.0, False
                        )
                    )
            x += wide * rng.uniform(0.7, 1.2)
    return [Thing(z=700.0, faces=faces)]


def build_town(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    build = {"city street": _city, "residential": _residential, "highway": _highway}[street.place]
    return build(street, camera, light, rng) + _skyline(light, camera, street.place, rng)
