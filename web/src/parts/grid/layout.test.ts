import { describe, expect, it } from 'vitest';
import { HEIGHT_MAX_PX, moved, scrollToShow, windowOf, type Shape } from './layout';

const small: Shape = { count: 100, columns: 6, pitch: 130, pad: 8 };
const huge: Shape = { count: 3_000_000, columns: 6, pitch: 130, pad: 8 };

describe('the window', () => {
  it('holds the rows that are seen and two beyond', () => {
    const seen = windowOf(small, 0, 600);
    expect(seen).toMatchObject({ firstRow: 0, endRow: 7, seenFirst: 0, seenEnd: 30, shift: 8 });
    expect(seen.height).toBe(17 * 130 + 16);
    expect(windowOf(small, 1000, 600)).toMatchObject({ firstRow: 5, endRow: 15 });
  });

  it('ends with the last row', () => {
    const seen = windowOf(small, 17 * 130 + 16 - 600, 600);
    expect(seen.endRow).toBe(17);
    expect(seen.seenEnd).toBe(100);
  });

  it('is empty when nothing is listed', () => {
    const none = windowOf({ ...small, count: 0 }, 0, 600);
    expect(none.firstRow).toBe(none.endRow);
  });

  it('reaches every row of a grid that is taller than browsers can lay out', () => {
    const view = 700;
    const top = windowOf(huge, 0, view);
    expect(top.firstRow).toBe(0);
    const end = windowOf(huge, HEIGHT_MAX_PX - view, view);
    expect(end.endRow).toBe(500_000);
    // The last row's foot, as it is placed, is inside the element's foot.
    expect(499_999 * huge.pitch + end.shift + huge.pitch).toBeLessThanOrEqual(HEIGHT_MAX_PX);
    // A row in the middle is placed near the scroll position that shows it.
    const middle = windowOf(huge, HEIGHT_MAX_PX / 2, view);
    const placed = middle.firstRow * huge.pitch + middle.shift;
    expect(Math.abs(placed - HEIGHT_MAX_PX / 2)).toBeLessThan(1000);
  });
});

describe('showing a tile', () => {
  it('moves as little as possible', () => {
    expect(scrollToShow(small, 3, 0, 600)).toBe(0);
    expect(scrollToShow(small, 99, 0, 600)).toBe(17 * 130 + 16 - 600);
    expect(scrollToShow(small, 0, 900, 600)).toBe(0);
    const there = scrollToShow(small, 50, 900, 600);
    expect(there).toBe(900);
  });

  it('finds any row of a very tall grid', () => {
    for (const index of [0, 1_234_567, 2_999_999]) {
      const at = scrollToShow(huge, index, 5_000_000, 700);
      const seen = windowOf(huge, at, 700);
      expect(seen.seenFirst).toBeLessThanOrEqual(index);
      expect(seen.seenEnd).toBeGreaterThan(index);
    }
  });
});

describe('moving the focus', () => {
  const press = (key: string, from: number) => moved(key, from, small, 600);

  it('follows the arrows and stops at the edges', () => {
    expect(press('ArrowRight', 5)).toBe(6);
    expect(press('ArrowLeft', 0)).toBe(0);
    expect(press('ArrowDown', 5)).toBe(11);
    expect(press('ArrowUp', 3)).toBe(3);
    expect(press('ArrowRight', 99)).toBe(99);
  });

  it('reaches a short last row', () => {
    expect(press('ArrowDown', 95)).toBe(99);
    expect(press('ArrowDown', 97)).toBe(97);
  });

  it('jumps by pages and to the ends', () => {
    expect(press('PageDown', 2)).toBe(26);
    expect(press('PageUp', 8)).toBe(2);
    expect(press('End', 2)).toBe(99);
    expect(press('Home', 50)).toBe(0);
  });

  it('leaves other keys alone', () => {
    expect(press('x', 1)).toBeNull();
    expect(moved('End', 0, { ...small, count: 0 }, 600)).toBeNull();
  });
});
