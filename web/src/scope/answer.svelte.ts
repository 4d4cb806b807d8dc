// What the scope bar says of the question that stands in it: how many, or why not.

import type { Warning } from '../api/types';

class Answer {
  total = $state.raw<number | null>(null);
  /** "images", "issues". */
  noun = $state<(count: number) => string>(() => '');
  error = $state.raw<{ message: string; column: number | null } | null>(null);
  warnings = $state.raw<readonly Warning[]>([]);
}

export const answer = new Answer();
