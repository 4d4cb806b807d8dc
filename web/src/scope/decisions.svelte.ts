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

type DecisionArguments = [
  ds: string,
  tile: IssueTile,
  index: number,
  issues: string,
  verdict: Verdict,
  /** Null: the server takes the suggestion, or keeps what there is. */
  label: string | null,
];

class Decisions {
  made = $state.raw<readonly Made[]>([]);
  #last: Promise<unknown> = Promise.resolve();

  /** One after the other: an undo pressed while a decision is being saved takes that one back. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }

  /** Throws what the server said; nothing is kept then. */
  decide(...decision: DecisionArguments): Promise<Decision> {
    return this.#inTurn(() => this.save(...decision));
  }

  /** Takes the newest decision on this dataset back; null if there is none. */
  undo(ds: string): Promise<(Made & { label: string }) | null> {
    return this.#inTurn(() => this.takeBack(ds));
  }

  private async save(
    ...[ds, tile, index, issues, verdict, label]: DecisionArguments
  ): Promise<Decision> {
    status.saved = 'saving';
    try {
      const { row } = tile.issue;
      const one = { no: tile.no, row, verdict, issues, ...(label === null ? {} : { label }) };
      const saved = await api.decide(ds, [{ ...one, score: tile.issue.score }]);
      status.saved = { at: saved.saved_at };
      this.made = [...this.made, { ds, id: saved.id, no: tile.no, row: tile.issue.row, index }];
      const after = saved.decided[0]?.after ?? label ?? '';
      return { id: saved.id, verdict, label: after, who: '', at: saved.saved_at };
    } catch (error) {
      status.saved = { error: sentence(error) };
      throw error;
    }
  }

  private async takeBack(ds: string): Promise<(Made & { label: string }) | null> {
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
