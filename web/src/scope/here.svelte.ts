// The current place, kept by the browser's history. Everything that moves goes through `go`.

import type { Scope } from '../api/types';
import { emptyPlace, printPlace, readPlace, type Place } from './place';

let place = $state.raw<Place | null>(readPlace(new URL(location.href)));

function changed(change: Partial<Place>): Place {
  const before = place ?? emptyPlace('datasets');
  const sameScope =
    (change.q === undefined || change.q === before.q) &&
    (change.slice === undefined || change.slice === before.slice);
  const other = change.ds !== undefined && change.ds !== before.ds;
  const base = other ? emptyPlace(before.room, change.ds) : before;
  // A selection belongs to the result it was made in.
  return { ...base, ...(sameScope ? {} : { sel: [], item: null }), ...change };
}

export const here = {
  /** Null: no such page. */
  get place(): Place | null {
    return place;
  },
  get scope(): Scope {
    return {
      q: place?.q ?? '',
      slice: place?.slice ?? null,
      run: place?.run ?? null,
      issues: place?.issues ?? null,
    };
  },
  href(change: Partial<Place>): string {
    return printPlace(changed(change));
  },
  /** Back undoes a step, unless it replaced the entry (a view that follows the hand). */
  go(change: Partial<Place>, how: 'push' | 'replace' = 'push'): void {
    place = changed(change);
    const url = printPlace(place);
    if (how === 'push') history.pushState(null, '', url);
    else history.replaceState(history.state, '', url);
  },
  listen(): () => void {
    const back = () => (place = readPlace(new URL(location.href)));
    window.addEventListener('popstate', back);
    document.addEventListener('click', follow);
    return () => {
      window.removeEventListener('popstate', back);
      document.removeEventListener('click', follow);
    };
  },
};

/** Plain clicks on links within the app do not load the page anew. */
function follow(event: MouseEvent): void {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (event.defaultPrevented || !plain || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (link === null || link.hasAttribute('download') || link.hasAttribute('target')) return;
  const url = new URL(link.getAttribute('href') ?? '', location.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  event.preventDefault();
  place = readPlace(url);
  history.pushState(null, '', url);
}
