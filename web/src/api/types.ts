// The shapes of docs/app-api.md, in its words.

export interface Session {
  who: string;
  role: string;
  csrf: string;
  version: string;
}

export interface RunSummary {
  id: string;
  name: string;
  model: string;
  predictions: number;
}

export interface Dataset {
  id: string;
  name: string;
  items: number;
  annotations: number;
  unlabelled: number;
  runs: RunSummary[];
  issues: { id: string; open: number; decided: number; total: number; created_at: string } | null;
  slices: number;
  changed_at: string;
  changed_by: string;
  changed_what: string;
  created_at: string;
  stored_bytes: number;
  media_bytes: number;
  cover: number[];
}

export interface SchemaLabel {
  name: string;
  annotations: number;
  /** From 1; it never changes with a filter. */
  color: number;
}

export interface Schema {
  labels: SchemaLabel[];
  taxonomies: { name: string; labels: string[] }[];
  metadata: { key: string; types: string[]; items: number }[];
  types: string[];
}

export interface DatasetWithSchema extends Dataset {
  schema: Schema;
}

/** What every question about items is asked of. */
export interface Scope {
  q: string;
  slice: string | null;
  run: string | null;
  issues: string | null;
}

export interface Shape {
  row: string;
  id: string;
  type: string;
  label: string;
  box?: Box;
  points?: [number, number][];
  confidence?: number;
  annotation_id?: string | null;
}

export type Verdict = 'accept' | 'keep' | 'choose';

export interface Decision {
  id: string;
  verdict: Verdict;
  label: string;
  who: string;
  at: string;
}

export type IssueKind = 'label' | 'overlooked' | 'swapped' | 'badly_located';
export type Box = [number, number, number, number];

/** One doubtful label or box. (DESIGN § 7: never "issue" alone in code.) */
export interface LabelIssue {
  row: string;
  /** Null: it was scored, and nothing was found. */
  kind: IssueKind | null;
  /** Null where a box was overlooked. */
  given: string | null;
  /** Null where nothing says which class is right. */
  suggested: string | null;
  score: number;
  rank: number | null;
  /** Of boxes: the given one as the run found it, null where it was overlooked. */
  box?: Box | null;
  /** The predicted box that says so. */
  suggested_box?: Box | null;
  decision: Decision | null;
  now: string | null;
}

export interface Tile {
  no: number;
  id: string;
  ref: string;
  w: number | null;
  h: number | null;
  color: string | null;
  annotations: Shape[];
  predictions: Shape[];
  issue: LabelIssue | null;
}

export interface Warning {
  column: number;
  message: string;
}

export interface QueryAnswer {
  total: number;
  took_ms: number;
  warnings: Warning[];
  version: string | number;
  rows: Tile[];
}

export interface ValueCount {
  value: string | number | boolean;
  items: number;
}

export type MetadataFacet = { key: string; own_clause?: boolean } & (
  | { type: 'text'; distinct: number; values: ValueCount[] }
  | { type: 'bool'; distinct?: number; values: ValueCount[] }
  | {
      type: 'number';
      min: number;
      max: number;
      bins: { from: number; to: number; items: number }[];
    }
);

export interface LabelFacet {
  label: string;
  annotations: number;
  items: number;
}

export interface Bar {
  label: string;
  from: number | null;
  to: number | null;
  count: number;
  whole: number;
  q: string;
}

export interface Histogram {
  id: string;
  title: string;
  unit: string;
  log: boolean;
  bars: Bar[];
}

export interface Facets {
  total: number;
  took_ms: number;
  labels: LabelFacet[];
  labels_own_clause?: boolean;
  issue_kinds: { kind: IssueKind; issues: number; items: number }[];
  metadata: MetadataFacet[];
  histograms: Histogram[];
}

export interface CompletionName {
  text: string;
  kind: string;
  detail?: string;
}

export interface Completion {
  from: number;
  to: number;
  names: CompletionName[];
  values: { text: string; count: number | null }[];
}

export interface HistoryEntry {
  row: string;
  at: string;
  who: string;
  what: string;
  before: string | null;
  after: string | null;
  why: string | null;
}

export interface ItemDetail extends Tile {
  url: string | null;
  metadata: Record<string, unknown>;
  created_at: string;
  class_pdf: { label: string; p: number }[] | null;
  history: HistoryEntry[];
  previous: number | null;
  next: number | null;
}

export interface IssueRun {
  id: string;
  run: string;
  created_at: string;
  /** The change of the dataset up to which it read. */
  version: number;
  task: 'classification' | 'detection';
  filter_by: string;
  rank_by: string;
  taxonomy: string | null;
  found: number;
  scored: number;
  kinds: Partial<Record<IssueKind, number>> | null;
  skipped: Record<string, number>;
  took_ms: number;
}

export interface RunChanges {
  run: IssueRun;
  new: number;
  still: number;
  relabelled: number;
  gone: number;
}

export interface Estimate {
  expected: number;
  low: number;
  high: number;
}

/** How many labels are still wrong, from the decisions so far. */
export interface StillWrong {
  labels: number;
  decided: number;
  audited: number;
  picks: number;
  picks_open: number;
  still_wrong: Estimate | null;
  listed: Estimate | null;
  next: (Estimate & { labels: number }) | null;
  stop: { share: number; reached: boolean; more: number | null };
  curve: (Estimate & { decided: number })[];
}

export interface IssueTile extends Tile {
  issue: LabelIssue;
}

export interface Pair {
  given: string | null;
  suggested: string | null;
}

export interface MatrixCell {
  given: string;
  suggested: string;
  count: number;
}

export interface IssuesAnswer {
  run: IssueRun;
  total: number;
  open: number;
  decided: number;
  took_ms: number;
  tiles: IssueTile[];
  matrix: { labels: string[]; cells: MatrixCell[] };
  kinds: { kind: IssueKind; issues: number }[];
  since: RunChanges | null;
  verdicts: { accepted: number; kept: number; other: number };
  stale: boolean;
}

export interface NewDecision {
  no: number;
  row: string;
  verdict: Verdict;
  label?: string | undefined;
  issues: string | null;
  score?: number;
}

export interface DecisionSaved {
  id: string;
  decided: { no: number; row: string; before: string; after: string }[];
  saved_at: string;
}

export interface DecisionUndone {
  undone: { no: number; row: string; label: string }[];
  saved_at: string;
}

export interface Slice {
  id: string;
  name: string;
  /** Empty for a static slice. */
  query: string;
  items: number;
  created_at: string;
  created_by: string;
  cover: number[];
}

export type CombineOp = 'and' | 'or' | 'a-b' | 'b-a' | 'xor';

export interface Refused {
  file: string;
  line: number | null;
  field: string;
  value: string;
  rule: string;
}

export interface Job {
  id: string;
  kind: string;
  dataset: string | null;
  status: 'running' | 'done' | 'failed' | 'cancelled';
  done: number;
  total: number;
  unit: string;
  started_at: string;
  seconds_left: number | null;
  message: string;
  result: JobResult | null;
  error: string | null;
}

export interface JobResult {
  items?: Record<string, number>;
  annotations?: Record<string, number>;
  predictions?: Record<string, number>;
  classes?: { label: string; count: number }[];
  refused?: Refused[];
  refused_total?: number;
  [key: string]: unknown;
}
