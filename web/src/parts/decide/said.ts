// What a label issue claims and what can be done about it, in words: of a label, and of a box that was
// overlooked, has another class, or lies in the wrong place.

import type { Decision, LabelIssue } from '../../api/types';
import { WORDS } from '../../words';

const W = WORDS.decide;

export const isOfBox = (issue: LabelIssue): boolean =>
  issue.kind === 'overlooked' || issue.kind === 'swapped' || issue.kind === 'badly_located';

/** It was looked at to audit it: nothing was found, and the model says the same. */
export const isAgreed = (issue: LabelIssue): boolean =>
  issue.kind === null && issue.suggested === issue.given;

export const givenText = (issue: LabelIssue): string => issue.given ?? W.noBox;

export function suggestedText(issue: LabelIssue): string {
  if (issue.kind === 'badly_located') return W.sameBox(issue.suggested ?? issue.given ?? '');
  return issue.suggested ?? W.unclear;
}

/** Null: there is nothing to accept. */
export function acceptText(issue: LabelIssue): string | null {
  if (issue.kind === 'badly_located') return issue.suggested_box ? W.acceptBox : null;
  if (issue.suggested === null || issue.suggested === issue.given) return null;
  return issue.kind === 'overlooked' ? W.add(issue.suggested) : W.accept(issue.suggested);
}

export function keepText(issue: LabelIssue): string {
  if (issue.kind === 'overlooked') return W.addNone;
  if (issue.kind === 'badly_located') return W.keepBox;
  return W.keep(issue.given ?? '');
}

/** What was done about it, as it stands on the tile. */
export function doneText(issue: LabelIssue, decision: Decision): string {
  if (decision.verdict === 'keep') {
    if (issue.kind === 'badly_located') return W.boxKept;
    return issue.given === null ? W.notMissing : W.kept(issue.given);
  }
  if (issue.kind === 'overlooked') return W.added(decision.label);
  if (issue.kind === 'badly_located' && decision.verdict === 'accept') return W.moved;
  return decision.label;
}
