// Who hears a key. Components add layers; the newest layer that knows the chord takes it. A modal layer
// (dialog, menu) hides all below it. What can be pressed is what `?`, the status bar and the palette show.

import { untrack } from 'svelte';
import { matches, sequence } from './chord';

export interface Binding {
  /** One chord, or several that mean the same; the first is shown. */
  keys: string | readonly string[];
  label: string;
  run: (event: KeyboardEvent | null) => void;
  /** Shown in the status bar. */
  bar?: boolean;
  /** Also heard while a text field has the focus. */
  typing?: boolean;
  /** Left out of the palette: makes no sense without the thing under the cursor. */
  bare?: boolean;
}

interface Layer {
  name: string;
  bindings: Binding[];
  modal: boolean;
}

let layers = $state.raw<readonly Layer[]>([]);

/** How long the second key of "G E" may take. */
const SEQUENCE_MS = 1500;

let begun = { step: '', until: 0 };

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && target.type === 'checkbox')
  );
}

/** Enter on a button or a link is theirs. */
function presses(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a[href], summary') !== null;
}

function heard(binding: Binding, event: KeyboardEvent, prefix: string): 'run' | 'begin' | null {
  const chords = typeof binding.keys === 'string' ? [binding.keys] : binding.keys;
  for (const chord of chords) {
    const [first = '', second] = sequence(chord);
    if (second === undefined) {
      if (!prefix && matches(first, event)) return 'run';
    } else if (prefix) {
      if (prefix === first && matches(second, event)) return 'run';
    } else if (matches(first, event)) return 'begin';
  }
  return null;
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === 'Enter' && presses(event.target)) return;
  const inField = typing(event.target);
  const prefix = begun.until > performance.now() ? begun.step : '';
  begun = { step: '', until: 0 };
  for (const layer of visible()) {
    for (const binding of layer.bindings) {
      if (inField && !binding.typing) continue;
      const how = heard(binding, event, prefix);
      if (how === null) continue;
      event.preventDefault();
      if (how === 'run') binding.run(event);
      else begun = { step: event.key.toUpperCase(), until: performance.now() + SEQUENCE_MS };
      return;
    }
  }
}

/** Newest first, down to the first modal one. */
function visible(): Layer[] {
  const newest = [...layers].reverse();
  const modal = newest.findIndex((layer) => layer.modal);
  return modal < 0 ? newest : newest.slice(0, modal + 1);
}

export const keyring = {
  /** Layers a person can reach now, the innermost first. */
  get layers(): readonly Layer[] {
    return visible();
  },
  get bar(): Binding[] {
    return visible().flatMap((layer) => layer.bindings.filter((binding) => binding.bar));
  },
  listen(): () => void {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  },
};

/** Call while a component is made: its bindings live as long as it does and follow what they read. */
export function useKeys(
  name: () => string,
  bindings: () => Binding[],
  modal: () => boolean = () => false,
): void {
  let mine: Layer | null = null;
  $effect(() => {
    const layer: Layer = { name: name(), bindings: bindings(), modal: modal() };
    // In its place, not on top: a layer that only changed its words must not cover newer ones.
    const now = untrack(() => layers);
    layers = mine ? now.map((has) => (has === mine ? layer : has)) : [...now, layer];
    mine = layer;
  });
  $effect(() => () => {
    layers = untrack(() => layers).filter((layer) => layer !== mine);
  });
}
