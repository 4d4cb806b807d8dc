// Label colours for canvases, read once from the tokens: they are equal in both themes, as pictures are.

import type { SchemaLabel } from '../api/types';

/** Colours that tell labels apart; later ones would not, so those are slate until filtered. */
const NAMED = 12;

let tokens: string[] | null = null;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function palette(): string[] {
  tokens ??= [
    token('--label-rest'),
    ...Array.from({ length: NAMED }, (_, i) => token(`--label-${i + 1}`)),
  ];
  return tokens;
}

/** As a CSS value, for swatches. */
export function labelVar(index: number): string {
  return index >= 1 && index <= NAMED ? `var(--label-${index})` : 'var(--label-rest)';
}

/** As a resolved colour, for canvases. */
export function labelColor(index: number): string {
  const all = palette();
  return all[index >= 1 && index <= NAMED ? index : 0] ?? '#a1a4b2';
}

export type ColorOf = (label: string) => number;

export function colorsOf(labels: readonly SchemaLabel[]): ColorOf {
  const index = new Map(labels.map((label) => [label.name, label.color]));
  return (label) => index.get(label) ?? 0;
}
