"""Who is on the road: vehicles in lanes, parked and crossing ones, people, lights and signs."""

from __future__ import annotations

import math
import random

from demo.street.canvas import Camera, Thing
from demo.street.layout import Street
from demo.street.light import Light
from demo.street.roadside import SIGNS, make_gantry, make_person, make_sign, make_traffic_light
from demo.street.vehicles import LENGTHS, make_vehicle

_KINDS = {
    "city street": (
        "sedan",
        "hatchback",
        "suv",
        "sedan",
        "hatchback",
        "van",
        "taxi",
        "bus",
        "truck",
        "suv",
        "bus",
    ),
    "residential": ("sedan", "hatchback", "suv", "van", "hatchback", "suv", "truck"),
    "highway": ("sedan", "hatchback", "suv", "sedan", "van", "truck", "truck", "bus", "suv"),
}
_PARKED = ("sedan", "hatchback", "suv", "hatchback", "van")


def _lanes(
    street: Street, camera: Camera, light: Light, rng: random.Random, police: bool
) -> list[Thing]:
    things = []
    busy = rng.choice((0.35, 0.6, 0.9, 1.3))
    if street.place == "residential":
        busy *= 0.5
    own = min(street.lanes, key=lambda lane: abs(lane.x_m - camera.x_m) + 100 * lane.towards)
    police_lane = rng.choice(street.lanes) if police else None
    for lane in street.lanes:
        nearest = 9.0 if lane is own else 6.5
        z = nearest + rng.expovariate(busy / 9.0) if lane is not police_lane else rng.uniform(9, 18)
        first = True
        while z < 130:
            kind = rng.choice(_KINDS[street.place])
            if lane is police_lane and first:
                kind = "police"
            if kind in ("bus", "truck") and lane is own and z < 15:
                kind = "sedan"
            first = False
            blocked = (
                street.junction
                and z + LENGTHS[kind] > street.junction[0] - 4
                and z < street.junction[1] + 1
            )
            if not blocked or kind == "police":
                yaw = (math.pi if lane.towards else 0.0) + rng.gauss(0, 0.012)
                things.append(
                    make_vehicle(kind, lane.x_m + rng.gauss(0, 0.14), z, yaw, camera, light, rng)
                )
            z += LENGTHS[kind] + 3.0 + rng.expovariate(busy / 14.0) + z * 0.08
    return things


def _parked(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    things = []
    if not street.parking_m:
        return things
    share = rng.uniform(0.25, 0.8)
    for side in (-1, 1):
        z = rng.uniform(5, 11)
        while z < 90:
            kind = rng.choice(_PARKED)
            clear = (
                not street.junction or z + 6 < street.junction[0] - 6 or z > street.junction[1] + 5
            )
            if rng.random() < share and clear:
                x = street.beyond(side, -street.parking_m / 2)
                yaw = (0.0 if side > 0 else math.pi) + rng.gauss(0, 0.02)
                things.append(make_vehicle(kind, x, z, yaw, camera, light, rng))
            z += LENGTHS[kind] + rng.uniform(0.8, 2.2)
    return things


def _crossing(street: Street, camera: Camera, light: Light, rng: random.Random) -> list[Thing]:
    """Traffic on the crossing street, seen from the side."""
    things = []
    if not street.junction:
        return things
    near, far = street.junction
    for direction, z in ((1, near + (far - near) * 0.28), (-1, near + (far - near) * 0.74)):
        if rng.random() < 0.5:
            kind = rng.choice(_KINDS[street.place])
            x = rng.uniform(-11, 11)
            things.append(
                make_vehicle(
                    kind,
                    x - direction * LENGTHS[kind] / 2,
                    z,
                    direction * math.pi / 2,
                    camera,
                    light,
                    rng,
                )
            )
    return things


def _people(street: Street, light: Light, rng: random.Random) -> list[Thing]:
    if street.place == "highway":
        return []
    things = []
    count = (
        rng.choice((0, 1, 2, 3, 5, 7))
        if street.place == "city street"
        else rng.choice((0, 0, 1, 2, 3))
    )
    for _ in range(count):
        side = rng.choice((-1, 1))
        walk = street.verge_m + rng.uniform(1.0, max(1.2, street.walk_m - 0.4))
        x, z = street.beyond(side, walk), 6 + rng.random() ** 1.5 * 46
        for i in range(rng.choice((1, 1, 1, 2))):
            things.append(make_person(x + i * side * 0.65, z + i * 0.4, light, rng))
    if street.crossing_z is not None:
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            x = rng.uniform(street.road[0] + 1, street.road[1] - 1)
            things.append(make_person(x, street.crossing_z + rng.uniform(0.4, 3.0), light, rng))
    return things


def _furniture(street: Street, light: Light, rng: random.Random) -> list[Thing]:
    things: list[Thing] = []
    if street.place == "highway":
        if rng.random() < 0.7:
            things += make_gantry(-0.6, street.road[1] + 1.0, rng.uniform(26, 70), light, rng)
        for _ in range(rng.choice((0, 1, 2))):
            things += make_sign(
                street.beyond(1, 1.4),
                rng.uniform(12, 48),
                rng.choice(("speed limit", "warning")),
                light,
            )
        return things
    if street.junction and street.place == "city street" and rng.random() < 0.85:
        state = rng.choice(("red", "red", "green", "green", "yellow"))
        z = street.junction[1] + 1.2 if rng.random() < 0.6 else street.junction[0] - 6.2
        things += make_traffic_light(
            1, street.beyond(1, 0.6), z, rng.choice((0.0, street.parking_m + 2.2)), state, light
        )
        things += make_traffic_light(-1, street.beyond(-1, 0.6), z + 0.4, 0.0, state, light)
        if rng.random() < 0.5:
            things += make_traffic_light(
                1, street.beyond(1, 0.6), z + 0.2, street.parking_m + 4.6, state, light
            )
    elif street.junction and rng.random() < 0.6:
        things += make_sign(
            street.beyond(1, 0.55), street.junction[0] - 5.0, rng.choice(("stop", "yield")), light
        )
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        side = rng.choice((-1, 1, 1))
        things += make_sign(street.beyond(side, 0.55), rng.uniform(8, 42), rng.choice(SIGNS), light)
    return things


def build_traffic(
    street: Street, camera: Camera, light: Light, rng: random.Random, police: bool
) -> list[Thing]:
    return (
        _lanes(street, camera, light, rng, police)
        + _parked(street, camera, light, rng)
        + _crossing(street, camera, light, rng)
        + _people(street, light, rng)
        + _furniture(street, light, rng)
    )
