// A long result, read by pages as its rows come into view. Pages out of view are given up while they are
// still under way, and forgotten when too many are held.

import { aborted } from '../api/client';

export const PAGE_ROWS = 100;

/** At about 2 KB a tile with overlays: 12 MB. */
const PAGES_HELD_MAX = 60;

export interface Part<T> {
  total: number;
  rows: T[];
}

type Fetch<T> = (
  window: { offset: number; limit: number },
  signal: AbortSignal,
) => Promise<Part<T>>;

export class Pages<T> {
  /** Null before the first answer. */
  total = $state.raw<number | null>(null);
  error = $state.raw<unknown>(null);
  /** The rows shown are those of the question before; the answer is under way. */
  stale = $state(false);

  #changes = $state(0);
  #held = new Map<number, T[]>();
  #asked = new Map<number, AbortController>();
  #fetch: Fetch<T> | null = null;
  #wanted: [number, number] = [0, PAGE_ROWS - 1];

  /** A new question. What was answered stays on show until the new answer comes. */
  ask(fetch: Fetch<T>): void {
    this.#fetch = fetch;
    for (const asking of this.#asked.values()) asking.abort();
    this.#asked.clear();
    this.stale = true;
    this.#wanted = [0, PAGE_ROWS - 1];
    void this.#load(0, fetch, true);
  }

  /** Reads the row and makes the caller depend on it. */
  at(index: number): T | undefined {
    void this.#changes;
    return this.#held.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Rows that are held, in order. */
  *rows(): Generator<[number, T]> {
    void this.#changes;
    for (const page of [...this.#held.keys()].sort((a, b) => a - b)) {
      for (const [i, row] of (this.#held.get(page) ?? []).entries())
        yield [page * PAGE_ROWS + i, row];
    }
  }

  indexWhere(test: (row: T) => boolean): number {
    for (const [index, row] of this.rows()) if (test(row)) return index;
    return -1;
  }

  /** Changes one held row in place: a decision, say. */
  set(index: number, row: T): void {
    const page = this.#held.get(Math.floor(index / PAGE_ROWS));
    if (page === undefined || page[index % PAGE_ROWS] === undefined) return;
    page[index % PAGE_ROWS] = row;
    this.#changes++;
  }

  /** These rows are in view: ask for what is missing, give up what is not in view any more. */
  want(first: number, last: number): void {
    const fetch = this.#fetch;
    if (fetch === null || this.stale) return;
    this.#wanted = [first, last];
    const from = Math.floor(first / PAGE_ROWS);
    const to = Math.floor(Math.max(first, last) / PAGE_ROWS);
    for (const [page, asking] of this.#asked) {
      if (page < from - 1 || page > to + 1) {
        asking.abort();
        this.#asked.delete(page);
      }
    }
    for (let page = from; page <= to; page++) void this.#load(page, fetch, false);
  }

  /** For acts on rows that need not be in view. */
  async read(first: number, last: number): Promise<void> {
    const fetch = this.#fetch;
    if (fetch === null) return;
    const pages: Promise<void>[] = [];
    for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS <= last; page++) {
      pages.push(this.#load(page, fetch, false));
    }
    await Promise.all(pages);
  }

  async #load(page: number, fetch: Fetch<T>, anew: boolean): Promise<void> {
    if (!anew && (this.#held.has(page) || this.#asked.has(page))) return;
    const offset = page * PAGE_ROWS;
    if (!anew && this.total !== null && offset >= this.total) return;
    const asking = new AbortController();
    this.#asked.set(page, asking);
    try {
      const part = await fetch({ offset, limit: PAGE_ROWS }, asking.signal);
      if (this.#fetch !== fetch) return;
      if (anew) this.#held.clear();
      this.#held.set(page, part.rows);
      this.#forget();
      this.total = part.total;
      this.error = null;
      this.stale = false;
      this.#changes++;
    } catch (error) {
      if (this.#fetch !== fetch || aborted(error)) return;
      this.error = error;
    } finally {
      if (this.#asked.get(page) === asking) this.#asked.delete(page);
    }
  }

  /** The pages farthest from what is in view go first. */
  #forget(): void {
    if (this.#held.size <= PAGES_HELD_MAX) return;
    const middle = (this.#wanted[0] + this.#wanted[1]) / 2 / PAGE_ROWS;
    const far = [...this.#held.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const page of far.slice(0, this.#held.size - PAGES_HELD_MAX)) this.#held.delete(page);
  }
}
