// The dataset that is open, its schema and its slices: read once, and again when something changed them.

import { aborted, sentence } from '../api/client';
import * as api from '../api/tusker';
import type { DatasetWithSchema, RunSummary, Slice } from '../api/types';

class Opened {
  info = $state.raw<DatasetWithSchema | null>(null);
  slices = $state.raw<readonly Slice[]>([]);
  error = $state.raw<string | null>(null);

  #asking: AbortController | null = null;

  /** `ds` is an id or a name, as in the URL. */
  async open(ds: string): Promise<void> {
    const same = this.info !== null && (this.info.id === ds || this.info.name === ds);
    if (!same) {
      this.info = null;
      this.slices = [];
    }
    this.error = null;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const [info, { slices }] = await Promise.all([
        api.dataset(ds, asking.signal),
        api.slices(ds, asking.signal),
      ]);
      this.info = info;
      this.slices = slices;
    } catch (error) {
      if (!aborted(error)) this.error = sentence(error);
    }
  }

  async refresh(): Promise<void> {
    if (this.info !== null) await this.open(this.info.id);
  }

  get labels(): string[] {
    return this.info?.schema.labels.map((label) => label.name) ?? [];
  }

  /** The run that counts when the URL names none: the one with most predictions. */
  run(id: string | null): RunSummary | null {
    const runs = this.info?.runs ?? [];
    if (id !== null) return runs.find((run) => run.id === id || run.name === id) ?? null;
    return runs.reduce<RunSummary | null>(
      (best, run) => (best === null || run.predictions > best.predictions ? run : best),
      null,
    );
  }

  slice(named: string | null): Slice | null {
    if (named === null) return null;
    return this.slices.find((slice) => slice.id === named || slice.name === named) ?? null;
  }
}

export const opened = new Opened();
