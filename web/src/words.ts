// Every word the app says, and how it prints numbers, times and sizes. One catalogue, so that a second
// language is a second file. Nouns are those of DESIGN § 7; acts are verb + count + noun.

const number = new Intl.NumberFormat('en-US');
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export const n = (value: number): string => number.format(value).replace('-', '−');

/** "1 image", "6,278 images". */
export const plural = (value: number, one: string, other: string): string =>
  `${n(value)} ${value === 1 ? one : other}`;

export const images = (value: number): string => plural(value, 'image', 'images');

/** "today 11:58", "24 Nov", "2 Oct 2025". */
export function when(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  if (at.toDateString() === now.toDateString()) return `today ${clock.format(at)}`;
  return at.getFullYear() === now.getFullYear() ? day.format(at) : dayYear.format(at);
}

export const time = (iso: string): string => clockSeconds.format(new Date(iso));

/** "212 MB": three figures at most. */
export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "< .001" rather than a zero that it is not. */
export const score = (value: number): string =>
  value > 0 && value < 0.0005 ? '< .001' : value.toFixed(3);
export const probability = (value: number): string => value.toFixed(2);
/** ".94": confidences stand in narrow columns. */
export const confidence = (value: number): string =>
  value >= 0.995 ? '1.0' : value.toFixed(2).replace(/^0/, '');

/** "2.9 %", "0.04 %": two figures. */
export const share = (value: number): string =>
  value >= 0.0995 ? percent(value) : `${Number((value * 100).toPrecision(2))} %`;
/** "36 to 74". */
export const range = (low: number, high: number): string =>
  Math.round(low) === Math.round(high)
    ? n(Math.round(low))
    : `${n(Math.floor(low))} to ${n(Math.ceil(high))}`;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** "13 s", "2 min 5 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "4 ms", "0.4 ms". */
export const took = (ms: number): string => `${ms < 1 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** Metadata as it was given; nested values as JSON. */
export function metadataText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return JSON.stringify(value);
}

export const WORDS = {
  app: 'Tusker',
  skip: 'Skip to the content',
  rooms: { datasets: 'Datasets', explore: 'Explore', issues: 'Issues', slices: 'Slices' },
  roomsOf: 'Rooms of the dataset',
  allKeys: 'all keys',
  keysTitle: 'Keys',
  keysNote: 'of the thing in focus first',
  close: 'Close',
  cancel: 'Cancel',
  undo: 'Undo',
  copy: 'Copy',
  copied: 'Copied',
  retry: 'Try again',
  goTo: 'go to, do',
  goToPlace: 'Go to a room, a dataset or a slice, or do something',
  exact: 'exact',
  saved: (at: string) => `saved ${time(at)}`,
  saving: 'saving',
  notSaved: 'not saved',
  nothingLike: (text: string) => `Nothing is called “${text}”`,
  account: {
    theme: 'theme',
    system: 'as the system',
    dark: 'dark',
    light: 'light',
    density: 'density',
    compact: 'compact',
    comfortable: 'comfortable',
    end: 'Sign out of this browser',
    version: (version: string) => `Tusker ${version}`,
    as: (who: string, role: string) => `${who}, ${role}`,
  },
  signIn: {
    title: 'Not signed in',
    why: 'This browser has no session with this server, or the session has ended. A link signs it in; the link works once, for fifteen minutes.',
    how: 'Ask for one where the server runs:',
    first: 'The first start prints such a link by itself.',
  },
  notFound: {
    title: 'No such page',
    why: 'Nothing of this server stands at this address.',
    next: 'All datasets',
  },
  failed: {
    title: 'This could not be shown',
  },
  datasets: {
    count: (count: number) => plural(count, 'dataset', 'datasets'),
    here: (size: number) => `${bytes(size)} here`,
    find: 'find',
    sort: 'sort',
    sorts: { name: 'name', changed: 'last change', items: 'images', open: 'open issues' },
    review: (count: number) => `Review ${plural(count, 'issue', 'issues')}`,
    explore: (count: number) => `Explore ${images(count)}`,
    columns: {
      dataset: 'dataset',
      images: 'images',
      annotations: 'annotations',
      runs: 'predictions by run',
      issues: 'open issues',
      change: 'last change',
      size: 'size',
    },
    without: (count: number) => `${n(count)} without`,
    allLabelled: 'none without',
    noneYet: 'none yet',
    noRun: 'no run',
    decided: (count: number) => `${n(count)} decided`,
    notSearched: 'not searched',
    pictures: (size: number) => `pictures ${bytes(size)}`,
    inPlace: 'pictures in place',
    exploreOf: (name: string) => `Explore ${name}`,
    rename: 'rename',
    delete: 'delete, by typing its name',
    renameOf: (name: string) => `New name of ${name}`,
    deleteTitle: (name: string) => `Delete ${name}`,
    deleteWhy: (items: number) =>
      `${images(items)}, their annotations, predictions and decisions are removed from this server, with their bytes. Pictures that were referenced in place stay where they are. This cannot be undone.`,
    deleteType: 'Type its name',
    deleteAct: (items: number) => `Delete ${images(items)}`,
    none: 'No dataset is called like this.',
    emptyTitle: 'No dataset yet',
    empty:
      'This server holds nothing so far. Two ways in; the first can say what it would do before it does it. To look around first,',
    emptyDemo:
      'loads three datasets with known errors: Fashion-MNIST (10,000 images), the same with 5 % of the labels flipped, and 400 street scenes.',
    bring: 'Bring in your own',
    nameIt: 'name it',
    free: 'free',
    taken: 'taken: it is added to',
    nameStands: 'The name stands in both lines as you type it.',
    byPath: 'By path',
    byPathSmall: 'pictures stay where they are',
    byPathText: 'A folder of class folders, or COCO: images and one',
    byPathRoots: 'This server may read',
    byPathNoRoots: 'This server may read no folder yet; say which by',
    byPathMore: 'more by',
    byPathSpeed: '100,000 pictures take seconds.',
    copyDry: 'Copy with --dry-run',
    fromPython: 'From Python',
    fromPythonSmall: 'scale-nucleus, unchanged, 0.18 to 0.22',
    fromPythonKey: 'The key was printed at the first start; it stands in the data directory, file',
    keyFile: 'admin-key',
    bringIn: 'bring in',
    labelIssues: 'label issues',
  },
  scope: {
    name: 'Scope',
    slice: 'slice',
    run: 'run',
    all: (count: number) => `all ${n(count)}`,
    last: 'last result:',
    images: (count: number) => (count === 1 ? 'image' : 'images'),
    issues: (count: number) => (count === 1 ? 'issue' : 'issues'),
  },
  query: {
    name: 'query',
    placeholder: 'ask: annotations.count = 0, metadata.weather = rainy, …',
    clear: 'Clear the query',
    completions: 'Completions',
  },
  explore: {
    facets: 'Facets',
    labels: 'Labels',
    labelsSmall: (annotations: number, items: number) => `${n(annotations)} in ${images(items)}`,
    overlay: (label: string) => `Draw ${label}`,
    filter: (label: string, count: number) => `${label}: ${n(count)}. Click filters, Alt excludes`,
    without: 'counts without this filter',
    search: (key: string) => `search ${key}`,
    more: (count: number) => `${n(count)} more`,
    fewer: 'fewer',
    top: (shown: number, distinct: number) => `${n(shown)} of ${n(distinct)} values`,
    predictions: 'predictions',
    issueKinds: 'Label issues',
    noMetadata: 'The images carry no metadata.',
    strip: 'Distributions',
    bar: (label: string, count: number, whole: number) => `${label}: ${n(count)} of ${n(whole)}`,
    grid: 'Images',
    listed: (first: number, last: number, total: number) =>
      total === 0 ? 'no images' : `images ${n(first)} to ${n(last)} of ${n(total)}`,
    selected: (count: number) => `${n(count)} selected`,
    of: (count: number) => `of ${n(count)}`,
    clear: 'Clear',
    slice: (count: number) => `Slice ${images(count)}`,
    sliceKey: 'slice',
    sliceName: 'Name of the slice',
    makeSlice: (count: number) => `Make slice of ${images(count)}`,
    live: 'live',
    static: 'static',
    liveNote: 'changes with the data',
    staticNote: 'these images for good',
    sliced: (count: number) => `Sliced ${images(count)} as`,
    picked: (count: number) => `${n(count)} picked`,
    sort: 'sort',
    sorts: {
      upload: 'upload order',
      worst: 'label issues, worst first',
      most: 'most annotations first',
      fewest: 'fewest annotations first',
      reference: 'reference id',
      other: 'as the query says',
      up: (key: string) => `${key}, rising`,
      down: (key: string) => `${key}, falling`,
    },
    larger: 'Larger pictures',
    smaller: 'Smaller pictures',
    overlays: 'overlays',
    open: 'open',
    select: 'select',
    extend: 'extend',
    all: (count: number) => `all ${n(count)}`,
    tile: (index: number, total: number, what: string) =>
      `image ${n(index)} of ${n(total)}, ${what}`,
    objects: (count: number) => plural(count, 'object', 'objects'),
    broken: 'The picture cannot be read',
    none: 'No image is in this scope',
    noneWhy: (items: number) => `0 of ${n(items)} fit the query.`,
    widen: (items: number) => `Widen to ${images(items)}`,
    dropLast: 'Drop the last clause',
    emptyDataset: 'No image in this dataset yet',
    emptyWhy: 'Import a folder or upload from Python; both ways stand beside the list of datasets.',
    undone: 'Undone',
  },
  jobs: {
    title: 'Long work',
    note: 'goes on when this page is closed',
    kinds: {
      import: 'Import',
      issues: 'Find label issues',
      'label issues': 'Find label issues',
      label_issues: 'Find label issues',
    } as Record<string, string>,
    left: (seconds: number) => `${duration(seconds)} left`,
    of: (done: number, total: number, unit: string) => `${n(done)} of ${n(total)} ${unit}`,
    stored: (count: number) => `${n(count)} stored`,
    refused: (count: number) => `${n(count)} refused`,
    mend: 'mend the rows and import again: nothing doubles',
    failed: 'stopped',
    cancelled: 'cancelled',
    refusedColumns: { file: 'file', line: 'line', field: 'field', value: 'value', rule: 'rule' },
    more: (count: number) => `and ${n(count)} more`,
  },
  decide: {
    given: 'given',
    suggested: 'suggested',
    now: 'now',
    accept: (label: string) => `Accept ${label}`,
    keep: (label: string) => `Keep ${label}`,
    acceptBox: 'Take this box',
    keepBox: 'Keep the box',
    add: (label: string) => `Add ${label}`,
    addNone: 'None is missing',
    noBox: 'no box',
    sameBox: (label: string) => `${label}, another box`,
    unclear: 'another class',
    added: (label: string) => `added ${label}`,
    moved: 'box moved',
    notMissing: 'none missing',
    boxKept: 'box kept',
    agreed: 'the model agrees',
    other: 'Other class',
    acceptKey: 'accept',
    keepKey: 'keep',
    otherKey: 'other class',
    undoKey: 'back, undo',
    open: 'Open',
    pick: 'Another class for this label',
    pickPlaceholder: 'type a class',
    kept: (label: string) => `kept ${label}`,
    undone: (label: string) =>
      label === '' ? 'Undone: the box is gone again' : `Undone: the label is ${label} again`,
    by: (who: string, at: string) => `by ${who}, ${when(at)}`,
    verdicts: { accept: 'accepted', keep: 'kept', choose: 'other class' },
  },
  issues: {
    name: 'Label issues',
    left: 'Where the issues are',
    kinds: {
      label: 'label',
      overlooked: 'overlooked',
      swapped: 'swapped',
      badly_located: 'badly located',
    } as const,
    kindName: 'What is wrong',
    kindsTitle: 'Kinds',
    kindsSmall: 'click one to filter',
    wrong: 'Labels still wrong',
    wrongSmall: (audited: number) =>
      audited === 0 ? 'no audited picks yet' : `95 % interval, ${n(audited)} audited`,
    wrongRange: (low: number, high: number, labels: number) =>
      `${share(low / labels)} to ${share(high / labels)} · ${range(low, high)} of ${n(labels)}`,
    listedRange: (low: number, high: number) => `${range(low, high)} wrong among the listed`,
    unknown: 'not known yet',
    decideSome: 'Decide a few: your answers say how many labels are wrong.',
    auditRest: (open: number) =>
      `The rest has not been looked at: audit ${plural(open, 'pick', 'picks')} drawn at random.`,
    auditPicks: (open: number) => `Audit ${plural(open, 'pick', 'picks')}`,
    nextHolds: (labels: number, low: number, high: number) =>
      `The next ${n(labels)} are expected to hold ${range(low, high)} errors.`,
    stopMore: (target: number, more: number) =>
      `stopping is reasonable below ${share(target)}: about ${n(more)} more`,
    stopNow: (target: number) => `stopping is reasonable: below ${share(target)} wrong`,
    stopNever: (target: number) => `the list alone does not lead below ${share(target)}`,
    zeroDecided: '0 decided',
    curve: 'How the estimate went as labels were decided',
    curvePoint: (decided: number, at: { expected: number; low: number; high: number }) =>
      `${n(decided)} decided: ${n(Math.round(at.expected))}, ${range(at.low, at.high)}`,
    runName: 'run',
    runAt: (at: string, found: number) => `${when(at)} · ${n(found)} found`,
    compare: 'compare',
    since: (at: string) => `since run of ${clock.format(new Date(at))}`,
    changes: {
      new: (count: number) => `${n(count)} new`,
      relabelled: (count: number) => `${n(count)} relabelled`,
      gone: (count: number) => `${n(count)} gone`,
      still: (count: number) => `${n(count)} still there`,
    },
    clearChange: 'All of this run',
    allKinds: 'All kinds',
    figure: 'Open label issues',
    figureSmall: (found: number, scored: number) => `${n(found)} found in ${n(scored)} labels`,
    decided: (count: number) => `open, ${n(count)} decided`,
    skipped: (count: number) =>
      `${n(count)} images were not scored: no label, several, or no prediction.`,
    skippedBoxes: (count: number) => `${images(count)} without any box were left out.`,
    matrix: 'Given → suggested',
    matrixSmall: 'click a cell, row or column to filter',
    matrixTop: (shown: number, all: number) => `the ${n(shown)} most frequent of ${n(all)} pairs`,
    pair: (given: string, suggested: string) => `${given} → ${suggested}`,
    any: 'any class',
    clearPair: 'All pairs',
    worst: 'Worst first',
    byPair: 'By pair',
    rerank: 'Re-rank now',
    rerankKey: 're-rank',
    stale: 'changed',
    staleWhy: 'labels changed since this run',
    method: 'Method',
    methodSmall: (ms: number) => `found in ${took(ms)}`,
    filter: 'filter',
    rank: 'rank',
    states: { all: 'All', open: 'Open', decided: 'Decided', picks: 'Picks' } as const,
    stateName: 'Which label issues',
    slice: (count: number) => `Slice ${n(count)}`,
    issue: (rank: number, total: number) => `Issue ${n(rank)} of ${n(total)}`,
    tile: (rank: number, total: number, given: string, suggested: string, at: string) =>
      `label issue ${n(rank)} of ${n(total)}, given ${given}, suggested ${suggested}, score ${at}`,
    boxTile: (rank: number, total: number, kind: string, what: string, at: string) =>
      `label issue ${n(rank)} of ${n(total)}, ${kind}, ${what}, score ${at}`,
    open1: 'open',
    next: 'next',
    probabilities: 'Predicted probabilities',
    wholePicture: 'Whole picture',
    provenance: 'Provenance',
    listed: (first: number, last: number, total: number) =>
      total === 0 ? 'no label issues' : `label issues ${n(first)} to ${n(last)} of ${n(total)}`,
    none: 'No label issue is in this scope',
    noneWhy: 'Nothing of this run fits the query and the filters.',
    widen: 'All of this run',
    neverTitle: 'Not searched for label issues yet',
    neverWhyBoxes: (run: string) =>
      `The given boxes are compared with those of ${run}: which were overlooked, have another class, or lie in the wrong place. It takes about a second for 100,000 boxes.`,
    neverWhy: (run: string) =>
      `Confident learning compares each label with the probabilities of ${run}. It takes about a second for 100,000 images.`,
    find: (items: number) => `Find label issues in ${images(items)}`,
    noRun: 'Label issues need predictions',
    noRunWhy:
      'Upload predictions with class probabilities from Python, or bring a matrix of out-of-sample probabilities:',
    finding: 'Finding label issues',
  },
  item: {
    name: 'Image',
    list: 'List',
    of: (index: number, total: number) => `${n(index)} of ${n(total)}`,
    people: (count: number) => `People ${n(count)}`,
    model: (count: number) => `Model ${n(count)}`,
    names: 'Names',
    layers: 'Layers',
    bare: 'hold: bare picture',
    toObject: 'to object',
    whole: 'whole picture',
    objects: 'Objects',
    objectsSmall: (people: number, model: number) =>
      `${n(people)} by people, ${n(model)} by the model`,
    noObjects: 'No object on this image.',
    columns: { no: '#', label: 'label', who: 'who', size: 'w × h', confidence: 'conf' },
    who: { people: 'people', machine: 'model' },
    metadata: 'Metadata',
    noMetadata: 'This image carries no metadata.',
    provenance: 'Provenance',
    noProvenance: 'No label yet.',
    json: 'JSON',
    jsonOf: (ref: string) => `${ref} as the server gives it`,
    previous: 'previous',
    next: 'next',
    nextObject: 'next object',
    back: 'back',
    labels: 'Label',
    source: 'source',
  },
  slices: {
    name: 'Slices',
    kinds: { all: 'All', live: 'Live', static: 'Static' } as const,
    find: 'find a slice',
    columns: {
      ab: 'a b',
      slice: 'slice',
      kind: 'kind',
      images: 'images',
      made: 'made by',
    },
    live: 'live',
    static: 'static',
    staticNote: 'these images for good',
    none: 'No slice yet',
    noneWhy:
      'In Explore, narrow the images by a query or pick some, and press S. A slice can stay live or keep these images for good.',
    noneLike: 'No slice is called like this.',
    deleted: (name: string, count: number) => `Deleted ${name}, ${images(count)}; the images stay`,
    combine: 'Combine',
    combineSmall: 'counted before anything is made',
    choose: 'choose a slice',
    inScope: (count: number) => `${n(count)} in scope`,
    combineWhy: 'Press A and B on two slices, or their letters here.',
    first: (what: string, shown: number, count: number) =>
      `${what}, first ${n(shown)} of ${n(count)}`,
    ops: { or: 'a ∪ b', and: 'a ∩ b', 'a-b': 'a − b', 'b-a': 'b − a', xor: 'a △ b' },
    nameIt: 'name',
    make: (count: number) => `Make slice of ${images(count)}`,
    focus: 'in focus',
    explore: 'explore it',
    rename: 'rename',
    delete: 'delete, can be undone',
    exports: 'Export',
    renameOf: (name: string) => `New name of ${name}`,
    asA: 'as a',
    asB: 'as b',
    listed: (count: number) => plural(count, 'slice', 'slices'),
  },
};
