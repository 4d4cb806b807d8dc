// What a person decides about labels: sent at once, undone in the order in which it was made.

import { sentence } from '../api/client';
import * as api from '../api/tusker';
import type { Decision, IssueTile, Verdict } from '../api/types';
import { status } from './status.svelte';

export interface Made {
  ds: string;
  id: string;
  no: number;
  row: string;
  /** The list that was looked at, to go back there. */
  index: number;
}

class Decisions {
  made = $state.raw<readonly Made[]>([]);

  /** Throws what the server said; nothing is kept then. */
  async decide(
    ds: string,
    tile: IssueTile,
    index: number,
    issues: string,
    verdict: Verdict,
    label: string,
  ): Promise<Decision> {
    status.saved = 'saving';
    try {
      const one = { no: tile.no, row: tile.issue.row, verdict, label, issues };
      const saved = await api.decide(ds, [{ ...one, score: tile.issue.score }]);
      status.saved = { at: saved.saved_at };
      this.made = [...this.made, { ds, id: saved.id, no: tile.no, row: tile.issue.row, index }];
      return { id: saved.id, verdict, label, who: '', at: saved.saved_at };
    } catch (error) {
      status.saved = { error: sentence(error) };
      throw error;
    }
  }

  /** Takes the newest decision on this dataset back; null if there is none. */
  async undo(ds: string): Promise<(Made & { label: string }) | null> {
    const last = this.made.findLast((one) => one.ds === ds);
    if (last === undefined) return null;
    status.saved = 'saving';
    try {
      const { undone, saved_at } = await api.undoDecision(ds, last.id);
      status.saved = { at: saved_at };
      this.made = this.made.filter((one) => one !== last);
      return { ...last, label: undone[0]?.label ?? '' };
    } catch (error) {
      status.saved = { error: sentence(error) };
      return null;
    }
  }
}

export const decisions = new Decisions();
