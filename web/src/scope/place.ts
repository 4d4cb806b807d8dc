// Where one is: the room and, for the rooms of a dataset, the scope and the view of it. The URL is the
// only place where this is kept, so Back undoes each narrowing and a link shows what its sender saw.
// Pure: reading and printing are each other's inverse, which a test holds them to.

import type { IssueKind, Pair } from '../api/types';

export type Room = 'datasets' | 'explore' | 'issues' | 'slices';
export type DatasetRoom = Exclude<Room, 'datasets'>;

export const DATASET_ROOMS: readonly DatasetRoom[] = ['explore', 'issues', 'slices'];

/** Picks are labels to audit, drawn at random. */
export type IssueState = 'all' | 'open' | 'decided' | 'picks';
/** What became of an earlier run's label issues. */
export type Change = 'new' | 'still' | 'relabelled' | 'gone';
const CHANGES: readonly string[] = ['new', 'still', 'relabelled', 'gone'] satisfies Change[];
const KINDS: readonly string[] = [
  'label',
  'overlooked',
  'swapped',
  'badly_located',
] satisfies IssueKind[];

/** A selection up to this long stands in the URL; a longer one lasts as long as the page. */
export const SELECTION_IN_URL_MAX = 200;

export interface Place {
  room: Room;
  ds: string;
  q: string;
  slice: string | null;
  run: string | null;
  /** The label-issue run; null is the newest. */
  issues: string | null;
  /** The item that is open over the scope. */
  item: number | null;
  /** Selected item numbers; 'all' is the whole result. */
  sel: 'all' | readonly number[];
  /** Labels whose overlays are drawn; null is all. */
  show: readonly string[] | null;
  /** Columns of the grid; null lets the shape of the pictures decide. */
  size: number | null;
  pair: Pair | null;
  kind: IssueKind | null;
  state: IssueState;
  /** The earlier run that is compared with; null is the one before. */
  since: string | null;
  change: Change | null;
  order: 'worst' | 'pair';
  left: boolean;
  right: boolean;
  a: string | null;
  b: string | null;
  op: string | null;
}

export function emptyPlace(room: Room, ds = ''): Place {
  return {
    room,
    ds,
    q: '',
    slice: null,
    run: null,
    issues: null,
    item: null,
    sel: [],
    show: null,
    size: null,
    pair: null,
    kind: null,
    state: 'all',
    since: null,
    change: null,
    order: 'worst',
    left: true,
    right: true,
    a: null,
    b: null,
    op: null,
  };
}

/** Null: there is no such page. */
export function readPlace(url: URL): Place | null {
  const steps = url.pathname.split('/').filter((step) => step !== '');
  if (steps.length === 0) return emptyPlace('datasets');
  const [kind, ds, room] = steps;
  if (kind !== 'd' || ds === undefined || steps.length > 3) return null;
  const named = room ?? 'explore';
  if (!isDatasetRoom(named)) return null;
  const place = emptyPlace(named, safeDecode(ds));
  readScope(place, url.searchParams);
  readView(place, url.searchParams);
  return place;
}

function isDatasetRoom(name: string): name is DatasetRoom {
  return (DATASET_ROOMS as readonly string[]).includes(name);
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readScope(place: Place, asked: URLSearchParams): void {
  place.q = asked.get('q') ?? '';
  const sort = asked.get('sort');
  // A link may carry the order apart; it is then said in the query, where one can edit it.
  if (sort && !/\border\s+by\b/i.test(place.q)) place.q = `${place.q} ORDER BY ${sort}`.trim();
  place.slice = asked.get('slice') || null;
  place.run = asked.get('run') || null;
  place.issues = asked.get('issues') || null;
}

function readView(place: Place, asked: URLSearchParams): void {
  place.item = readNumber(asked.get('item'), 0);
  const sel = asked.get('sel');
  place.sel = sel === 'all' ? 'all' : (sel ?? '').split('.').flatMap((s) => readNumber(s, 0) ?? []);
  const show = asked.get('show');
  place.show = show === null ? null : show === '' ? [] : show.split(',').map(safeDecode);
  place.size = readNumber(asked.get('size'), 1);
  const pair = asked.get('pair');
  if (pair !== null) {
    const [given = '', suggested = ''] = pair.split(',').map(safeDecode);
    if (given || suggested) place.pair = { given: given || null, suggested: suggested || null };
  }
  const state = asked.get('state');
  if (state === 'open' || state === 'decided' || state === 'picks') place.state = state;
  const kind = asked.get('kind');
  if (kind !== null && KINDS.includes(kind)) place.kind = kind as IssueKind;
  place.since = asked.get('since') || null;
  const change = asked.get('change');
  if (change !== null && CHANGES.includes(change)) place.change = change as Change;
  if (asked.get('rank') === 'pair') place.order = 'pair';
  place.left = asked.get('left') !== '0';
  place.right = asked.get('right') !== '0';
  place.a = asked.get('a') || null;
  place.b = asked.get('b') || null;
  place.op = asked.get('op') || null;
}

function readNumber(text: string | null, least: number): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= least ? value : null;
}

export function printPlace(place: Place): string {
  if (place.room === 'datasets') return '/';
  const asked = new URLSearchParams();
  const put = (name: string, value: string | null) => {
    if (value !== null && value !== '') asked.set(name, value);
  };
  put('q', place.q);
  put('slice', place.slice);
  put('run', place.run);
  put('issues', place.issues);
  if (place.room === 'issues') {
    if (place.pair !== null) {
      const names = [place.pair.given, place.pair.suggested];
      asked.set('pair', names.map((name) => encodeURIComponent(name ?? '')).join(','));
    }
    put('state', place.state === 'all' ? null : place.state);
    put('kind', place.kind);
    put('since', place.since);
    put('change', place.change);
    put('rank', place.order === 'pair' ? 'pair' : null);
  }
  if (place.room === 'slices') {
    put('a', place.a);
    put('b', place.b);
    put('op', place.op);
  }
  if (place.sel === 'all') asked.set('sel', 'all');
  else if (place.sel.length <= SELECTION_IN_URL_MAX) put('sel', place.sel.join('.'));
  if (place.show !== null) asked.set('show', place.show.map(encodeURIComponent).join(','));
  put('size', place.size === null ? null : String(place.size));
  if (!place.left) asked.set('left', '0');
  if (!place.right) asked.set('right', '0');
  put('item', place.item === null ? null : String(place.item));
  const path = `/d/${encodeURIComponent(place.ds)}/${place.room}`;
  return asked.size > 0 ? `${path}?${asked}` : path;
}
