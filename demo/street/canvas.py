"""From faces in the world to pixels: camera, recorded things, and the canvas that paints them.

A `Thing` is a list of faces that belong together (a car, a facade). The canvas paints things from
far to near (painter's algorithm) three times at once: their colours, their light (for the glow)
and, where they are solid, their number into a picture of numbers. That picture is what makes boxes
exact: it knows how much of each object can be seen behind what stands in front of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from demo.street.light import Colour, Light

WIDTH = 640
HEIGHT = 360
# Faces are painted at twice the size and averaged: four samples a pixel.
SAMPLES = 2
GLOW = 2  # the glow is painted at half the size: it is blurred anyway
NEAR_M = 0.7


class Camera(NamedTuple):
    focal_px: float
    horizon_px: float
    x_m: float
    height_m: float

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        scale = self.focal_px / (z if z > NEAR_M else NEAR_M)
        return WIDTH / 2 + scale * (x - self.x_m), self.horizon_px - scale * (y - self.height_m)


class Face(NamedTuple):
    """A flat polygon. `emits` < 0: lit from outside; 0: shines; above: shines and glows so much."""

    points: list[tuple[float, float, float]]
    colour: Colour
    emits: float = -1.0
    solid: bool = True


@dataclass
class Thing:
    """Faces in the order they are painted; `label` makes it an object that gets a box."""

    z: float
    faces: list[Face] = field(default_factory=list)
    label: str = ""
    attributes: dict[str, object] = field(default_factory=dict)
    shadow: list[list[tuple[float, float, float]]] = field(default_factory=list)
    lamp: tuple[float, float] | None = None  # x and z of the light it throws on the ground at night


@dataclass
class Seen:
    """An object as the picture shows it; `bbox`: x, y, width, height, cut at the picture's edge."""

    label: str
    bbox: tuple[float, float, float, float]
    visible: float  # share of its silhouette inside the picture that nothing hides, 0..1
    truncated: bool
    distance_m: float
    attributes: dict[str, object]


class Canvas:
    def __init__(
        self, camera: Camera, light: Light, backdrop: np.ndarray, bottom_px: float
    ) -> None:
        """`backdrop` [HEIGHT x WIDTH x 3]: sky and ground; below `bottom_px` is our own car."""
        self.camera = camera
        self.light = light
        self.bottom_px = bottom_px
        small = Image.fromarray(np.clip(backdrop, 0, 255).astype(np.uint8))
        self.colours = small.resize((WIDTH * SAMPLES, HEIGHT * SAMPLES), Image.Resampling.NEAREST)
        self.glow = Image.new("RGB", (WIDTH // GLOW, HEIGHT // GLOW))
        self.numbers = Image.new("L", (WIDTH * SAMPLES, HEIGHT * SAMPLES))
        self._paint = ImageDraw.Draw(self.colours)
        self._shine = ImageDraw.Draw(self.glow)
        self._number = ImageDraw.Draw(self.numbers)
        self._extents: list[tuple[Thing, tuple[float, float, float, float], int]] = []

    def paint(self, things: list[Thing]) -> None:
        for thing in sorted(things, key=lambda t: -t.z):
            self._paint_thing(thing)

    def _paint_thing(self, thing: Thing) -> None:
        number = len(self._extents) + 1 if thing.label else 0
        if number > 255:
            raise ValueError("a scene holds at most 255 objects")
        project, light = self.camera.project, self.light
        left = top = float("inf")
        right = bottom = float("-inf")
        for face in thing.faces:
            outline = [project(*point) for point in face.points]
            distance = sum(point[2] for point in face.points) / len(face.points)
            emits = face.emits >= 0
            colour = light.through_air(face.colour, distance, emits)
            corners = [(x * SAMPLES, y * SAMPLES) for x, y in outline]
            self._paint.polygon(corners, fill=colour)
            if face.solid:
                self._number.polygon(corners, fill=number)
                self._shine.polygon([(x / GLOW, y / GLOW) for x, y in outline], fill=0)
            if face.emits > 0:
                shine = tuple(int(c * face.emits) for c in colour)
                self._shine.polygon([(x / GLOW, y / GLOW) for x, y in outline], fill=shine)
            if number and face.solid:
                xs = [x for x, _ in outline]
                ys = [y for _, y in outline]
                left, right = min(left, *xs), max(right, *xs)
                top, bottom = min(top, *ys), max(bottom, *ys)
        if number:
            extent = (left, top, right, bottom)
            self._extents.append((thing, extent, self._count(number, extent)))

    def _count(self, number: int, extent: tuple[float, float, float, float]) -> int:
        """How many samples show this number above our own car."""
        left, top, right, bottom = extent
        bounds = (
            max(0, int(left * SAMPLES) - 1),
            max(0, int(top * SAMPLES) - 1),
            min(WIDTH * SAMPLES, int(right * SAMPLES) + 2),
            min(int(self.bottom_px * SAMPLES), int(bottom * SAMPLES) + 2),
        )
        if bounds[0] >= bounds[2] or bounds[1] >= bounds[3]:
            return 0
        return int(np.count_nonzero(np.asarray(self.numbers.crop(bounds)) == number))

    def seen(self, side_px_min: float, visible_min: float, contrast_min: float) -> list[Seen]:
        """The objects one could be asked to label, nearest first. `contrast_min` is the share of an
        object's colour that haze must leave."""
        objects = []
        distance_max = -math.log(contrast_min) * self.light.haze_m
        for number, (thing, extent, silhouette) in enumerate(self._extents, start=1):
            left, top = max(0.0, extent[0]), max(0.0, extent[1])
            right, bottom = min(float(WIDTH), extent[2]), min(self.bottom_px, extent[3])
            width, height = right - left, bottom - top
            if min(width, height) < side_px_min or silhouette == 0 or thing.z > distance_max:
                continue
            whole = (extent[2] - extent[0]) * (extent[3] - extent[1])
            visible = self._count(number, extent) / silhouette
            if visible < visible_min or width * height < 0.25 * whole:
                continue
            objects.append(
                Seen(
                    label=thing.label,
                    bbox=(round(left, 2), round(top, 2), round(width, 2), round(height, 2)),
                    visible=round(visible, 3),
                    truncated=width * height < 0.98 * whole,
                    distance_m=round(thing.z, 1),
                    attributes=thing.attributes,
                )
            )
        return objects[::-1]

    def pixels(self) -> np.ndarray:
        """[HEIGHT x WIDTH x 3] float32, 0..255."""
        return np.asarray(self.colours.reduce(SAMPLES), dtype=np.float32)
