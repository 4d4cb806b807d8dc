"""Where things are: the road's lanes, kerbs and crossings, for each of the three kinds of place."""

from __future__ import annotations

import random
from dataclasses import dataclass

PLACES = ("city street", "residential", "highway")


@dataclass(frozen=True)
class Lane:
    x_m: float
    towards: bool  # its traffic comes towards the camera


@dataclass(frozen=True)
class Street:
    place: str
    lanes: tuple[Lane, ...]
    lane_m: float
    road: tuple[float, float]  # kerb to kerb, including parked cars
    parking_m: float  # width of a parking strip on each side, 0 if none
    walk_m: float  # width of the pavement
    verge_m: float  # width of the grass between kerb and pavement
    front_m: float  # distance of the buildings from the kerb
    camera_x: float
    crossing_z: float | None  # zebra
    junction: tuple[float, float] | None  # the crossing street, from z to z

    def beyond(self, side: int, m: float) -> float:
        """The x that lies `m` metres outside the kerb of this side (-1 left, 1 right)."""
        return self.road[1] + m if side > 0 else self.road[0] - m


def _city(rng: random.Random) -> Street:
    per_side = rng.choice((1, 1, 2))
    lane, parking = rng.uniform(3.1, 3.4), 2.2
    half = per_side * lane + parking
    lanes = [Lane((i + 0.5) * lane, False) for i in range(per_side)]
    lanes += [Lane(-(i + 0.5) * lane, True) for i in range(per_side)]
    near = rng.uniform(15, 38)
    has_junction = rng.random() < 0.55
    walk = rng.uniform(2.6, 3.8)
    return Street(
        place="city street",
        lanes=tuple(lanes),
        lane_m=lane,
        road=(-half, half),
        parking_m=parking,
        walk_m=walk,
        verge_m=0.0,
        front_m=walk,
        camera_x=lanes[rng.randrange(per_side)].x_m + rng.gauss(0, 0.12),
        crossing_z=near if has_junction or rng.random() < 0.3 else None,
        junction=(near + 5.0, near + 13.5) if has_junction else None,
    )


def _residential(rng: random.Random) -> Street:
    lane, parking = rng.uniform(3.0, 3.3), 2.0
    half = lane + parking
    verge, walk = rng.uniform(0.8, 1.8), 1.7
    near = rng.uniform(18, 40)
    has_junction = rng.random() < 0.35
    return Street(
        place="residential",
        lanes=(Lane(lane / 2, False), Lane(-lane / 2, True)),
        lane_m=lane,
        road=(-half, half),
        parking_m=parking,
        walk_m=walk,
        verge_m=verge,
        front_m=verge + walk + rng.uniform(3.5, 6.0),
        camera_x=lane / 2 + rng.gauss(0, 0.12),
        crossing_z=None,
        junction=(near, near + 6.5) if has_junction else None,
    )


def _highway(rng: random.Random) -> Street:
    lane, count = 3.6, rng.choice((2, 3, 3))
    median = 3.4
    right = count * lane + 2.6
    lanes = [Lane((i + 0.5) * lane, False) for i in range(count)]
    lanes += [Lane(-median - (i + 0.5) * lane, True) for i in range(count)]
    return Street(
        place="highway",
        lanes=tuple(lanes),
        lane_m=lane,
        road=(-median - right, right),
        parking_m=0.0,
        walk_m=0.0,
        verge_m=30.0,
        front_m=26.0,
        camera_x=lanes[rng.randrange(count)].x_m + rng.gauss(0, 0.15),
        crossing_z=None,
        junction=None,
    )


def choose_street(place: str, rng: random.Random) -> Street:
    return {"city street": _city, "residential": _residential, "highway": _highway}[place](rng)
