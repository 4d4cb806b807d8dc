// Outlines of objects on a picture: a dark halo under each line, so that it is seen on white and on black.
// People's lines are solid, a model's dashed. Pure drawing; who is shown is decided by the caller.

import type { Shape } from '../api/types';
import { labelColor, type ColorOf } from './colors';

export interface Overlay {
  shape: Shape;
  machine: boolean;
}

/** From picture pixels to canvas pixels: x * scale + dx. */
export interface View {
  scale: number;
  dx: number;
  dy: number;
}

const HALO = 'rgb(0 0 0 / .62)';
const DASH = [5, 3];

/** The overlays that are drawn; categories have no outline. */
export function overlaysOf(
  shapes: { annotations: readonly Shape[]; predictions: readonly Shape[] },
  layers: { people: boolean; machine: boolean; shown: (label: string) => boolean },
): Overlay[] {
  const drawn = (of: readonly Shape[], machine: boolean): Overlay[] =>
    of
      .filter((shape) => (shape.box || shape.points) && layers.shown(shape.label))
      .map((shape) => ({ shape, machine }));
  return [
    ...(layers.machine ? drawn(shapes.predictions, true) : []),
    ...(layers.people ? drawn(shapes.annotations, false) : []),
  ];
}

export function pathOf(shape: Shape, view: View): Path2D {
  const path = new Path2D();
  if (shape.box) {
    const [x, y, w, h] = shape.box;
    path.rect(x * view.scale + view.dx, y * view.scale + view.dy, w * view.scale, h * view.scale);
  } else if (shape.points) {
    shape.points.forEach(([x, y], i) => {
      const to = [x * view.scale + view.dx, y * view.scale + view.dy] as const;
      if (i === 0) path.moveTo(...to);
      else path.lineTo(...to);
    });
    path.closePath();
  }
  return path;
}

export function drawOverlays(
  context: CanvasRenderingContext2D,
  overlays: readonly Overlay[],
  view: View,
  colorOf: ColorOf,
  width: number,
): void {
  for (const { shape, machine } of overlays) {
    const path = pathOf(shape, view);
    context.setLineDash([]);
    context.strokeStyle = HALO;
    context.lineWidth = width + 1.8;
    context.stroke(path);
    context.setLineDash(machine ? DASH : []);
    context.strokeStyle = labelColor(colorOf(shape.label));
    context.lineWidth = width;
    context.stroke(path);
  }
}

/** Boxes of what a person can point at, smallest first: the inner one is meant. */
export function shapeAt(overlays: readonly Overlay[], x: number, y: number): Overlay | null {
  let best: { overlay: Overlay; area: number } | null = null;
  for (const overlay of overlays) {
    const [left, top, w, h] = boundsOf(overlay.shape);
    if (x < left || y < top || x > left + w || y > top + h) continue;
    if (best === null || w * h < best.area) best = { overlay, area: w * h };
  }
  return best?.overlay ?? null;
}

export function boundsOf(shape: Shape): [number, number, number, number] {
  if (shape.box) return shape.box;
  const points = shape.points ?? [];
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const left = Math.min(...xs);
  const top = Math.min(...ys);
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}
