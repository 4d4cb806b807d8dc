"""What weather and hour do to colours: one `Light` per scene, asked by everything that is drawn."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

Colour = tuple[float, float, float]
Vector = tuple[float, float, float]

TO_CAMERA: Vector = (0.0, 0.0, -1.0)  # the normal of what faces us

WEATHERS = ("clear", "partly cloudy", "overcast", "rainy", "snowy", "foggy")
HOURS = ("daytime", "dawn/dusk", "night")


@dataclass(frozen=True)
class Light:
    """Colours are 0..255 for what is seen (sky, haze), factors around 1 for what shines."""

    weather: str
    timeofday: str
    zenith: Colour
    horizon: Colour
    haze: Colour
    haze_m: float  # the distance at which haze has taken 63 % of a colour
    ambient: Colour
    sun: Colour
    sun_direction: Vector  # from the ground towards the sun, length 1
    clouds: float  # share of the sky, 0..1
    cloud_colour: Colour

    @property
    def night(self) -> bool:
        return self.timeofday == "night"

    @property
    def lamps_on(self) -> bool:
        return self.night or self.weather in ("rainy", "foggy") or self.timeofday == "dawn/dusk"

    @property
    def casts_shadows(self) -> bool:
        return self.sun[0] > 0.2

    def shade(self, albedo: Colour, normal: Vector, z: float) -> Colour:
        """The colour of a matt face with this normal, before haze."""
        sun = max(0.0, sum(n * s for n, s in zip(normal, self.sun_direction, strict=True)))
        sky = 0.74 + 0.26 * normal[1]
        lamp = 0.0
        if self.night:  # own headlights, on what faces them
            lamp = 0.75 * max(0.0, -normal[2]) * math.exp(-z / 19.0)
        return (
            albedo[0] * (self.ambient[0] * sky + self.sun[0] * sun + lamp),
            albedo[1] * (self.ambient[1] * sky + self.sun[1] * sun + lamp * 0.97),
            albedo[2] * (self.ambient[2] * sky + self.sun[2] * sun + lamp * 0.88),
        )

    def through_air(self, colour: Colour, z: float, emits: bool = False) -> tuple[int, int, int]:
        """What is left of a colour after `z` metres of air, as a pixel. Lights pierce haze."""
        clear = math.exp(-max(z, 0.0) / (self.haze_m * (2.2 if emits else 1.0)))
        r, g, b = (c * clear + h * (1.0 - clear) for c, h in zip(colour, self.haze, strict=True))
        return (
            0 if r < 0 else 255 if r > 255 else int(r),
            0 if g < 0 else 255 if g > 255 else int(g),
            0 if b < 0 else 255 if b > 255 else int(b),
        )


def _direction(azimuth: float, elevation: float) -> Vector:
    return (
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
        math.cos(elevation) * math.cos(azimuth),
    )


# zenith, horizon, ambient, sun. Chosen by eye, beside photographs of streets.
_DAY = {
    "clear": ((74, 126, 196), (196, 216, 232), (0.72, 0.75, 0.82), (0.62, 0.56, 0.45)),
    "partly cloudy": ((86, 134, 196), (200, 216, 228), (0.74, 0.77, 0.83), (0.50, 0.46, 0.38)),
    "overcast": ((148, 157, 168), (204, 209, 213), (0.90, 0.92, 0.95), (0.06, 0.06, 0.05)),
    "rainy": ((104, 113, 124), (164, 171, 177), (0.70, 0.73, 0.77), (0.0, 0.0, 0.0)),
    "snowy": ((176, 183, 192), (222, 226, 231), (0.84, 0.87, 0.92), (0.04, 0.04, 0.04)),
    "foggy": ((186, 191, 194), (206, 209, 210), (0.80, 0.82, 0.83), (0.0, 0.0, 0.0)),
}
_DUSK = {
    "clear": ((64, 80, 128), (242, 172, 112), (0.62, 0.57, 0.62), (0.72, 0.36, 0.16)),
    "partly cloudy": ((70, 82, 124), (238, 164, 118), (0.61, 0.56, 0.61), (0.60, 0.29, 0.14)),
    "overcast": ((92, 96, 114), (180, 160, 150), (0.50, 0.48, 0.52), (0.0, 0.0, 0.0)),
    "rainy": ((72, 78, 96), (140, 128, 128), (0.41, 0.40, 0.45), (0.0, 0.0, 0.0)),
    "snowy": ((110, 116, 138), (190, 178, 178), (0.58, 0.57, 0.63), (0.0, 0.0, 0.0)),
    "foggy": ((138, 134, 142), (182, 168, 160), (0.56, 0.53, 0.55), (0.0, 0.0, 0.0)),
}
_NIGHT = {
    "clear": ((10, 15, 34), (52, 50, 66), (0.27, 0.28, 0.36), (0.0, 0.0, 0.0)),
    "partly cloudy": ((13, 17, 34), (56, 52, 66), (0.27, 0.28, 0.35), (0.0, 0.0, 0.0)),
    "overcast": ((26, 27, 38), (70, 62, 64), (0.28, 0.28, 0.34), (0.0, 0.0, 0.0)),
    "rainy": ((18, 20, 32), (56, 52, 60), (0.24, 0.25, 0.31), (0.0, 0.0, 0.0)),
    "snowy": ((44, 46, 60), (92, 86, 94), (0.34, 0.35, 0.42), (0.0, 0.0, 0.0)),
    "foggy": ((42, 42, 48), (82, 74, 72), (0.28, 0.28, 0.31), (0.0, 0.0, 0.0)),
}
_HAZE_M = {
    "clear": 420,
    "partly cloudy": 380,
    "overcast": 260,
    "rainy": 120,
    "snowy": 95,
    "foggy": 40,
}
_CLOUDS = {
    "clear": 0.12,
    "partly cloudy": 0.5,
    "overcast": 0.9,
    "rainy": 0.9,
    "snowy": 0.8,
    "foggy": 0.3,
}


def choose_light(weather: str, timeofday: str, rng: random.Random) -> Light:
    table = {"daytime": _DAY, "dawn/dusk": _DUSK, "night": _NIGHT}[timeofday]
    zenith, horizon, ambient, sun = table[weather]
    side = rng.choice((-1, 1))
    # Low ahead at dusk, high at the side by day.
    direction = (
        _direction(side * rng.uniform(0.35, 0.9), rng.uniform(0.16, 0.26))
        if timeofday == "dawn/dusk"
        else _direction(side * rng.uniform(1.3, 2.4), rng.uniform(0.6, 1.0))
    )
    haze_m = _HAZE_M[weather] * rng.uniform(0.85, 1.2)
    haze = tuple(h * 0.94 + z * 0.06 for h, z in zip(horizon, zenith, strict=True))
    cloud = {
        "daytime": (250, 250, 250),
        "dawn/dusk": (255, 190, 150),
        "night": tuple(c * 1.25 for c in horizon),
    }[timeofday]
    if weather in ("overcast", "rainy", "snowy", "foggy"):
        cloud = tuple(c * 0.9 for c in horizon)
    return Light(
        weather=weather,
        timeofday=timeofday,
        zenith=zenith,
        horizon=horizon,
        haze=haze,
        haze_m=min(haze_m, 200.0) if timeofday == "night" else haze_m,
        ambient=ambient,
        sun=sun,
        sun_direction=direction,
        clouds=_CLOUDS[weather],
        cloud_colour=cloud,
    )
