// Which items are selected: named ones, or the whole result. Pure steps over the value in the place.

export type Selection = 'all' | readonly number[];

export function isSelected(selection: Selection, no: number): boolean {
  return selection === 'all' || selection.includes(no);
}

export function selectedCount(selection: Selection, total: number): number {
  return selection === 'all' ? total : selection.length;
}

/** Taking one out of "all" starts anew with that one: what is seen is what is meant. */
export function toggled(selection: Selection, no: number): Selection {
  if (selection === 'all') return [no];
  return selection.includes(no) ? selection.filter((one) => one !== no) : [...selection, no];
}

export function extended(selection: Selection, more: readonly number[]): Selection {
  if (selection === 'all') return 'all';
  return [...new Set([...selection, ...more])];
}
