// The orders that the sort menu offers. The order itself stands in the query, where one can edit it.

import type { Schema } from '../../api/types';
import { nameText } from '../../scope/clauses';
import { WORDS } from '../../words';

export interface Sort {
  order: string;
  text: string;
}

const KEYS_OFFERED_MAX = 8;

export function sortsOf(schema: Schema, hasIssues: boolean): Sort[] {
  const W = WORDS.explore.sorts;
  const sorts: Sort[] = [{ order: '', text: W.upload }];
  if (hasIssues) sorts.push({ order: 'issue.score', text: W.worst });
  if (schema.types.some((type) => type !== 'category')) {
    sorts.push({ order: 'annotations.count DESC', text: W.most });
    sorts.push({ order: 'annotations.count', text: W.fewest });
  }
  sorts.push({ order: 'item.reference_id', text: W.reference });
  const numbers = schema.metadata.filter((key) => key.types.includes('number'));
  for (const { key } of numbers.slice(0, KEYS_OFFERED_MAX)) {
    sorts.push({ order: `metadata.${nameText(key)}`, text: W.up(key) });
    sorts.push({ order: `metadata.${nameText(key)} DESC`, text: W.down(key) });
  }
  return sorts;
}

export function sameOrder(a: string, b: string): boolean {
  const normal = (order: string) =>
    order
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/\s+asc$/i, '')
      .toLowerCase();
  return normal(a) === normal(b);
}
