// The arithmetic of a virtual grid: equal rows, only those near the window exist. Pure.

export interface Shape {
  /** Things in the grid. */
  count: number;
  columns: number;
  /** From the top of one row to the top of the next, px. */
  pitch: number;
  /** Above the first row and below the last, px. */
  pad: number;
}

/**
 * The tallest element that every browser still places to the pixel (Firefox ends near 17.8 million).
 * Beyond it the scrollbar is a lever: a pixel of it moves more than a pixel of rows.
 */
export const HEIGHT_MAX_PX = 16_000_000;

/** Rows kept alive beyond each edge, so that a flick finds pictures already asked for. */
const OVERSCAN_ROWS = 2;

export interface Window {
  firstRow: number;
  /** One past the last row. */
  endRow: number;
  /** The first and one past the last thing that is really seen (for the status line). */
  seenFirst: number;
  seenEnd: number;
  /** What the scrolled element is to be tall. */
  height: number;
  /** Where row `r` stands in the scrolled element: `r * pitch + shift`. */
  shift: number;
}

export function rowsOf(shape: Shape): number {
  return Math.ceil(shape.count / Math.max(1, shape.columns));
}

/** Rows, padding included, as if nothing limited the height. */
function fullHeight(shape: Shape): number {
  return rowsOf(shape) * shape.pitch + 2 * shape.pad;
}

/** Where the window stands in full height, for a scrollbar position. */
function fullTop(shape: Shape, scrollTop: number, view: number): number {
  const full = fullHeight(shape);
  if (full <= HEIGHT_MAX_PX) return scrollTop;
  return (scrollTop / (HEIGHT_MAX_PX - view)) * (full - view);
}

export function windowOf(shape: Shape, scrollTop: number, view: number): Window {
  const rows = rowsOf(shape);
  const full = fullHeight(shape);
  const top = fullTop(shape, Math.max(0, scrollTop), view);
  const first = Math.floor((top - shape.pad) / shape.pitch);
  const end = Math.ceil((top - shape.pad + view) / shape.pitch);
  const within = (row: number) => Math.min(rows, Math.max(0, row));
  return {
    firstRow: within(first - OVERSCAN_ROWS),
    endRow: within(end + OVERSCAN_ROWS),
    seenFirst: Math.min(shape.count, within(first) * shape.columns),
    seenEnd: Math.min(shape.count, within(end) * shape.columns),
    height: Math.min(full, HEIGHT_MAX_PX),
    shift: shape.pad + (scrollTop - top),
  };
}

/** The scrollbar position that shows the row of `index` in full, moving as little as possible. */
export function scrollToShow(shape: Shape, index: number, scrollTop: number, view: number): number {
  const row = Math.floor(index / Math.max(1, shape.columns));
  const top = fullTop(shape, scrollTop, view);
  const rowTop = shape.pad + row * shape.pitch;
  let wanted = top;
  if (rowTop - shape.pad < top) wanted = rowTop - shape.pad;
  else if (rowTop + shape.pitch + shape.pad > top + view) {
    wanted = rowTop + shape.pitch + shape.pad - view;
  }
  const full = fullHeight(shape);
  if (full <= HEIGHT_MAX_PX) return Math.max(0, wanted);
  return Math.max(0, (wanted / (full - view)) * (HEIGHT_MAX_PX - view));
}

/** Where the focus goes; null when the key does not move it. */
export function moved(key: string, index: number, shape: Shape, view: number): number | null {
  const last = shape.count - 1;
  if (last < 0) return null;
  const page = Math.max(1, Math.floor(view / shape.pitch)) * shape.columns;
  const column = index % shape.columns;
  const to: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - shape.columns,
    ArrowDown: index + shape.columns,
    PageUp: index - page,
    PageDown: index + page,
    Home: 0,
    End: last,
  };
  const wanted = to[key];
  if (wanted === undefined) return null;
  if (wanted < 0) return key === 'PageUp' ? column : key === 'ArrowLeft' ? 0 : index;
  if (wanted > last) {
    // Down from the row above a short last row still reaches that row.
    const lower = Math.floor(index / shape.columns) < Math.floor(last / shape.columns);
    return key === 'PageDown' || (key === 'ArrowDown' && lower) ? last : index;
  }
  return wanted;
}
