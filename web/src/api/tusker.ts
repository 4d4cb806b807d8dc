// The routes of docs/app-api.md as functions. Nothing here keeps state.

import { ask } from './client';
import type {
  CombineOp,
  Completion,
  Dataset,
  DatasetWithSchema,
  DecisionSaved,
  DecisionUndone,
  Facets,
  IssueKind,
  IssueRun,
  IssuesAnswer,
  ItemDetail,
  Job,
  NewDecision,
  Pair,
  QueryAnswer,
  Scope,
  Session,
  Slice,
  StillWrong,
} from './types';
import type { Change, IssueState } from '../scope/place';

type Signal = AbortSignal | undefined;

const part = encodeURIComponent;
const base = (ds: string) => `/api/datasets/${part(ds)}`;

/** Members that are not set are left out, so that the server's defaults hold. */
function scopeBody(scope: Scope): Record<string, unknown> {
  const body: Record<string, unknown> = { q: scope.q };
  if (scope.slice) body.slice = scope.slice;
  if (scope.run) body.run = scope.run;
  if (scope.issues) body.issues = scope.issues;
  return body;
}

export const session = () => ask<Session>('/api/session');
export const endSession = () => ask<object>('/api/session/end', { method: 'POST' });

export const datasets = (signal?: Signal) =>
  ask<{ datasets: Dataset[]; roots: string[] }>('/api/datasets', { signal });
export const dataset = (ds: string, signal?: Signal) =>
  ask<DatasetWithSchema>(base(ds), { signal });
export const renameDataset = (ds: string, name: string) =>
  ask<Dataset>(base(ds), { method: 'PATCH', body: { name } });
export const deleteDataset = (ds: string, name: string) =>
  ask<object>(base(ds), { method: 'DELETE', body: { name } });

export interface Window {
  offset: number;
  limit: number;
}

export const query = (
  ds: string,
  scope: Scope,
  window: Window & { overlays?: boolean },
  signal?: Signal,
) => ask<QueryAnswer>(`${base(ds)}/query`, { body: { ...scopeBody(scope), ...window }, signal });

export const count = (ds: string, scope: Scope, signal?: Signal) =>
  ask<QueryAnswer>(`${base(ds)}/query`, { body: { ...scopeBody(scope), rows: false }, signal });

export const facets = (ds: string, scope: Scope, signal?: Signal) =>
  ask<Facets>(`${base(ds)}/facets`, { body: scopeBody(scope), signal });

/** `cursor` is a byte offset into the UTF-8 text, as the answer's `from` and `to`. */
export const complete = (
  ds: string,
  q: string,
  cursor: number,
  run: string | null,
  signal?: Signal,
) =>
  ask<Completion>(`${base(ds)}/complete`, { body: { q, cursor, ...(run ? { run } : {}) }, signal });

export const item = (
  ds: string,
  no: number,
  scope: { run: string | null; issues: string | null },
  signal?: Signal,
) => {
  const asked = new URLSearchParams();
  if (scope.run) asked.set('run', scope.run);
  if (scope.issues) asked.set('issues', scope.issues);
  return ask<ItemDetail>(`${base(ds)}/items/${no}${asked.size ? `?${asked}` : ''}`, { signal });
};

/** `v` is the dataset's id: thumbnails may be kept for a year, and a number is never used again. */
export const imageUrl = (ds: string, no: number, size?: number) =>
  `${base(ds)}/items/${no}/image?${size ? `size=${size}&` : ''}v=${part(ds)}`;

export interface Method {
  run: string | null;
  taxonomy: string | null;
  filter_by: string;
  rank_by?: string;
}

export const findIssues = (ds: string, method: Method) =>
  ask<Job>(`${base(ds)}/issue-runs`, { body: method });
export const issueRuns = (ds: string, signal?: Signal) =>
  ask<{ runs: IssueRun[] }>(`${base(ds)}/issue-runs`, { signal });

export interface IssuesQuestion extends Window {
  pair: Pair | null;
  kind: IssueKind | null;
  since: string | null;
  change: Change | null;
  state: IssueState;
  order: 'worst' | 'pair';
}

export const issues = (ds: string, scope: Scope, asked: IssuesQuestion, signal?: Signal) =>
  ask<IssuesAnswer>(`${base(ds)}/issues`, { body: { ...scopeBody(scope), ...asked }, signal });

export const stillWrong = (ds: string, issues: string, signal?: Signal) =>
  ask<StillWrong>(`${base(ds)}/still-wrong?issues=${part(issues)}`, { signal });

export const decide = (ds: string, decisions: NewDecision[]) =>
  ask<DecisionSaved>(`${base(ds)}/decisions`, { body: { decisions } });
export const undoDecision = (ds: string, id: string) =>
  ask<DecisionUndone>(`${base(ds)}/decisions/${part(id)}/undo`, { method: 'POST' });

export const slices = (ds: string, signal?: Signal) =>
  ask<{ slices: Slice[] }>(`${base(ds)}/slices`, { signal });

export interface NewSlice {
  name: string;
  q: string;
  slice: string | null;
  live: boolean;
  items: number[] | null;
}

export const makeSlice = (ds: string, made: NewSlice) =>
  ask<Slice>(`${base(ds)}/slices`, { body: made });
export const renameSlice = (id: string, name: string) =>
  ask<Slice>(`/api/slices/${part(id)}`, { method: 'PATCH', body: { name } });
export const deleteSlice = (id: string) =>
  ask<{ undo: string }>(`/api/slices/${part(id)}`, { method: 'DELETE' });
export const restoreSlice = (id: string) =>
  ask<object>(`/api/slices/${part(id)}/restore`, { method: 'POST' });

export const combine = (
  ds: string,
  asked: { a: string; b: string; op: CombineOp },
  signal?: Signal,
) => ask<{ items: number; cover: number[] }>(`${base(ds)}/slices/combine`, { body: asked, signal });
export const combineInto = (
  ds: string,
  asked: { a: string; b: string; op: CombineOp; name: string },
) => ask<Slice>(`${base(ds)}/slices/combine`, { body: asked });

export const exportUrl = (
  ds: string,
  format: 'coco' | 'csv',
  scope: { q: string; slice: string },
) => `${base(ds)}/export?${new URLSearchParams({ format, ...scope })}`;

export const jobs = (signal?: Signal) => ask<{ jobs: Job[] }>('/api/jobs', { signal });
/** Answers when the job changes, or after `wait` milliseconds. */
export const job = (id: string, wait: number, signal?: Signal) =>
  ask<Job>(`/api/jobs/${part(id)}?wait=${wait}`, { signal });
export const cancelJob = (id: string) =>
  ask<Job>(`/api/jobs/${part(id)}/cancel`, { method: 'POST' });
