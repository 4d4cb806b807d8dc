// The list that an item was opened from, as the item needs it: its neighbours are the list's.

import type { Pages } from '../../scope/pages.svelte';

export interface Sequence {
  total: number;
  at: (index: number) => number | undefined;
  indexOf: (no: number) => number;
  read: (index: number) => Promise<void>;
  ready: boolean;
}

export function sequenceOf<T extends { no: number }>(pages: Pages<T>): Sequence {
  return {
    total: pages.total ?? 0,
    at: (index) => pages.at(index)?.no,
    indexOf: (no) => pages.indexWhere((tile) => tile.no === no),
    read: (index) => pages.read(index, index),
    ready: pages.total !== null && !pages.stale,
  };
}
