// Long work of this server, followed while the page is seen: every second while some runs, else rarely.

import * as api from '../api/tusker';
import type { Job } from '../api/types';

const RUNNING_MS = 1000;
const IDLE_MS = 10_000;

class Jobs {
  all = $state.raw<readonly Job[]>([]);

  #timer: ReturnType<typeof setTimeout> | null = null;
  #followed = false;

  get running(): Job[] {
    return this.all.filter((job) => job.status === 'running');
  }

  follow(): () => void {
    this.#followed = true;
    void this.look();
    return () => {
      this.#followed = false;
      if (this.#timer !== null) clearTimeout(this.#timer);
    };
  }

  async look(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      if (!document.hidden) this.all = (await api.jobs()).jobs;
    } catch {
      // The next look tells; what was known stays on show.
    }
    if (!this.#followed) return;
    const wait = this.running.length > 0 ? RUNNING_MS : IDLE_MS;
    this.#timer = setTimeout(() => void this.look(), wait);
  }

  /** Until the job has ended; each step is handed on. Throws the job's own sentence if it failed. */
  async finished(started: Job, step: (job: Job) => void, signal?: AbortSignal): Promise<Job> {
    let job = started;
    void this.look();
    while (job.status === 'running') {
      step(job);
      job = await api.job(job.id, 5000, signal);
    }
    step(job);
    void this.look();
    if (job.status === 'done') return job;
    throw new Error(job.error ?? `${job.kind}: ${job.status}`);
  }
}

export const jobs = new Jobs();
