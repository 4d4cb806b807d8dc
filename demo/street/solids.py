"""Convex solids: where a vehicle's faces lie in the world, which of them are seen, and their light.

A profile runs around a solid's side, (u, y, half): metres from the rear, height, half the width
there. Only faces turned to the camera are recorded; as a solid is convex they never cover each
other, so details can simply follow the face they lie on.
"""

from __future__ import annotations

import math

from demo.street.canvas import Camera, Face
from demo.street.light import Colour, Light, Vector

Profile = list[tuple[float, float, float]]


class Builder:
    """Places faces given in a vehicle's own coordinates into the world, lit and turned."""

    def __init__(self, x: float, z: float, yaw: float, camera: Camera, light: Light) -> None:
        """x, z: the middle of the rear bumper; yaw 0 drives away from the camera."""
        self._x, self._z = x, z
        self._sin, self._cos = math.sin(yaw), math.cos(yaw)
        self._eye = (camera.x_m, camera.height_m, 0.0)
        self.light = light
        self.faces: list[Face] = []

    def at(self, u: float, y: float, side: float) -> Vector:
        return (
            self._x + u * self._sin + side * self._cos,
            y,
            max(1.0, self._z + u * self._cos - side * self._sin),
        )

    def plane(self, points: list[Vector], inside: Vector) -> tuple[Vector, bool]:
        """The normal that points away from `inside`, and whether the camera sees that side."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = points[0], points[1], points[2]
        ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        size = math.sqrt(nx * nx + ny * ny + nz * nz) or 1.0
        if nx * (ax - inside[0]) + ny * (ay - inside[1]) + nz * (az - inside[2]) < 0:
            size = -size
        nx, ny, nz = nx / size, ny / size, nz / size
        eye = self._eye
        return (nx, ny, nz), nx * (eye[0] - ax) + ny * (eye[1] - ay) + nz * (eye[2] - az) > 0

    def flank(self, sign: int, half: float) -> tuple[Vector, bool]:
        """The same for a side (-1 left, 1 right).

        Its normal is the axle's direction: sides taper, so three corners do not say it.
        """
        normal = (sign * self._cos, 0.0, -sign * self._sin)
        x, _, z = self.at(0.0, 0.0, sign * half)
        return normal, normal[0] * (self._eye[0] - x) - normal[2] * z > 0

    def add(self, points: list[Vector], colour: Colour, normal: Vector, solid: bool = True) -> None:
        self.faces.append(Face(points, self.light.shade(colour, normal, points[0][2]), -1.0, solid))

    def lamp(self, points: list[Vector], colour: Colour, glow: float) -> None:
        self.faces.append(Face(points, colour, glow, False))


class Prism:
    """A convex extruded profile: `side` and `edge` add what lies on its faces, if they are seen."""

    def __init__(
        self, build: Builder, profile: Profile, colour: Colour, roof: Colour | None = None
    ) -> None:
        self.build, self.profile = build, profile
        n = len(profile)
        self._inside = build.at(sum(p[0] for p in profile) / n, sum(p[1] for p in profile) / n, 0.0)
        self._edges: dict[int, tuple[list[Vector], Vector]] = {}
        self._sides: dict[int, Vector] = {}
        for i in range(n):
            (u0, y0, h0), (u1, y1, h1) = profile[i], profile[(i + 1) % n]
            quad = [
                build.at(u0, y0, -h0),
                build.at(u0, y0, h0),
                build.at(u1, y1, h1),
                build.at(u1, y1, -h1),
            ]
            normal, seen = build.plane(quad, self._inside)
            if seen:
                self._edges[i] = (quad, normal)
                build.add(quad, roof if roof and normal[1] > 0.8 else colour, normal)
        for sign in (-1, 1):
            points = [build.at(u, y, sign * h) for u, y, h in profile]
            normal, seen = build.flank(sign, max(h for _, _, h in profile))
            if seen:
                self._sides[sign] = normal
                build.add(points, colour, normal)

    def half_at(self, y: float) -> float:
        low, high = min(self.profile, key=lambda p: p[1]), max(self.profile, key=lambda p: p[1])
        t = (y - low[1]) / ((high[1] - low[1]) or 1.0)
        return low[2] + (high[2] - low[2]) * t

    def side(
        self,
        outline: list[tuple[float, float]],
        colour: Colour,
        emits: bool = False,
        solid: bool = False,
    ) -> None:
        """A flat shape (u, y) on whichever side is seen; solid if it reaches beyond the side."""
        for sign, normal in self._sides.items():
            points = [self.build.at(u, y, sign * (self.half_at(y) + 0.01)) for u, y in outline]
            if emits:
                self.build.lamp(points, colour, 0.0)
            else:
                self.build.add(points, colour, normal, solid)

    def edge(
        self,
        i: int,
        across: tuple[float, float],
        up: tuple[float, float],
        colour: Colour,
        glow: float | None = None,
    ) -> None:
        """A quad on edge i; `across`, `up`: shares of its width (left to right) and length."""
        if i not in self._edges:
            return
        (a, b, c, d), normal = self._edges[i]

        def point(s: float, t: float) -> Vector:
            return tuple(
                (p0 * (1 - s) + p1 * s) * (1 - t) + (p3 * (1 - s) + p2 * s) * t
                for p0, p1, p2, p3 in zip(a, b, c, d, strict=True)
            )

        quad = [
            point(across[0], up[0]),
            point(across[1], up[0]),
            point(across[1], up[1]),
            point(across[0], up[1]),
        ]
        if glow is None:
            self.build.add(quad, colour, normal, solid=False)
        else:
            self.build.lamp(quad, colour, glow)
