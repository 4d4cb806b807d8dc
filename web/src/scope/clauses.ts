// A query as its top-level AND clauses, so that a facet, a bar or a cell can add and remove its own
// clause in words one could have typed. This is no parser: it only finds AND, OR and ORDER BY outside
// quotes and brackets; the server judges the rest.

export interface Parts {
  clauses: string[];
  /** Without the words ORDER BY; empty when there is none. */
  order: string;
}

interface Mark {
  word: 'AND' | 'OR' | 'ORDER';
  start: number;
  end: number;
}

/** Keywords at nesting depth 0 and outside quotes. */
function marks(text: string): Mark[] {
  const found: Mark[] = [];
  let depth = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (quote) {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth = Math.max(0, depth - 1);
    else if (depth === 0 && !/[\w.]/.test(text[i - 1] ?? ' ')) {
      const at = /^(?:(AND|OR)(?![\w.])|(ORDER)\s+BY(?![\w.]))/i.exec(text.slice(i));
      if (at) {
        found.push({
          word: (at[1] ?? at[2] ?? '').toUpperCase() as Mark['word'],
          start: i,
          end: i + at[0].length,
        });
        i += at[0].length - 1;
      }
    }
  }
  return found;
}

export function splitQuery(text: string): Parts {
  const all = marks(text);
  const order = all.findLast((mark) => mark.word === 'ORDER');
  const body = order ? text.slice(0, order.start) : text;
  const within = all.filter((mark) => mark.end <= body.length);
  const tail = order ? text.slice(order.end).trim() : '';
  // A top-level OR binds weaker than AND: the whole is then one clause.
  if (within.some((mark) => mark.word === 'OR')) {
    return { clauses: [body.trim()], order: tail };
  }
  const clauses: string[] = [];
  let from = 0;
  for (const mark of within) {
    clauses.push(body.slice(from, mark.start).trim());
    from = mark.end;
  }
  clauses.push(body.slice(from).trim());
  return { clauses: clauses.filter((clause) => clause !== ''), order: tail };
}

export function joinQuery({ clauses, order }: Parts): string {
  const several = clauses.length > 1;
  const said = clauses.map((clause) =>
    several && marks(clause).some((mark) => mark.word !== 'ORDER') ? `(${clause})` : clause,
  );
  const body = said.join(' AND ');
  return order ? `${body} ORDER BY ${order}`.trim() : body;
}

/** Two clauses that say the same but for blanks and the case of keywords. */
export function sameClause(a: string, b: string): boolean {
  return normal(a) === normal(b);
}

function normal(clause: string): string {
  const bare = clause.trim().replace(/\s+/g, ' ');
  const inner = /^\((.*)\)$/.exec(bare)?.[1];
  const whole = inner !== undefined && balanced(inner) ? inner : bare;
  return whole
    .replace(/\b(and|or|not)\b/gi, (word) => word.toUpperCase())
    .replace(/"([A-Za-z_]\w*)"/g, (_, word: string) => valueText(word));
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === '(') depth++;
    if (c === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

/** All top-level clauses of `clause` stand in the query already. */
export function hasClause(query: string, clause: string): boolean {
  const have = splitQuery(query).clauses;
  const wanted = splitQuery(clause).clauses;
  return wanted.length > 0 && wanted.every((want) => have.some((has) => sameClause(has, want)));
}

export function addClause(query: string, clause: string): string {
  if (hasClause(query, clause)) return query;
  const parts = splitQuery(query);
  return joinQuery({ ...parts, clauses: [...parts.clauses, ...splitQuery(clause).clauses] });
}

export function removeClause(query: string, clause: string): string {
  const parts = splitQuery(query);
  const gone = splitQuery(clause).clauses;
  return joinQuery({
    ...parts,
    clauses: parts.clauses.filter((has) => !gone.some((want) => sameClause(has, want))),
  });
}

/** What a click on a bar does: narrow to it, or take the narrowing back. */
export function toggleClause(query: string, clause: string): string {
  return hasClause(query, clause) ? removeClause(query, clause) : addClause(query, clause);
}

export function dropLastClause(query: string): string {
  const parts = splitQuery(query);
  if (parts.clauses.length === 0) return '';
  return joinQuery({ ...parts, clauses: parts.clauses.slice(0, -1) });
}

export function orderOf(query: string): string {
  return splitQuery(query).order;
}

export function withOrder(query: string, order: string): string {
  return joinQuery({ ...splitQuery(query), order });
}

const KEYWORD = /^(and|or|not|order|by|asc|desc|true|false|null|like|in|is)$/i;

/** A name as it is written after a dot: in quotes when it holds other characters. */
export function nameText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !KEYWORD.test(name) ? name : quoted(name);
}

/** A value at the right of a comparison. Texts that look like numbers or booleans need quotes. */
export function valueText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z_]\w*$/.test(value) && !KEYWORD.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, (c) => `\\${c}`)}"`;
}

/** A short name for what a query picks: its values, in order. "city street, car >= 3". */
export function saidShortly(query: string): string {
  return splitQuery(query)
    .clauses.map((clause) => {
      const equal = /^[\w."]+\s*=\s*"?([^"()]+)"?$/.exec(clause)?.[1];
      return equal ?? clause.replace(/^(annotations|metadata|item)\./, '').replace(/"/g, '');
    })
    .join(', ')
    .slice(0, 60);
}

/** What a facet says about its key in the query: the values taken in, and those shut out. */
export interface Choice {
  taken: string[];
  shut: string[];
}

/**
 * A facet's clauses. `subject` is what stands left of the comparison ("metadata.scene"). Several taken
 * values are one bracket of ORs; shutting out is NOT, because `!=` on an object's property holds when
 * any object differs. Values are kept as they are written in the query.
 */
export function choiceOf(query: string, subject: string): Choice {
  const choice: Choice = { taken: [], shut: [] };
  for (const clause of splitQuery(query).clauses) {
    const shut = /^NOT\s+(.*)$/is.exec(clause)?.[1];
    const values = valuesOf(shut ?? clause, subject);
    if (values !== null) (shut === undefined ? choice.taken : choice.shut).push(...values);
  }
  return choice;
}

/** The values of `S = a` or `(S = a OR S = b)`; null when the clause says anything else. */
function valuesOf(clause: string, subject: string): string[] | null {
  const inner = /^\((.*)\)$/s.exec(clause.trim())?.[1];
  const text = inner !== undefined && balanced(inner) ? inner : clause;
  const values: string[] = [];
  let from = 0;
  const all = marks(text);
  if (all.some((mark) => mark.word !== 'OR')) return null;
  for (const mark of [...all, { start: text.length, end: text.length }]) {
    const one = text.slice(from, mark.start).trim();
    from = mark.end;
    if (!one.startsWith(subject)) return null;
    const value = /^\s*=\s*(.+)$/s.exec(one.slice(subject.length))?.[1];
    if (value === undefined) return null;
    values.push(normal(value));
  }
  return values;
}

export function chooseValue(
  query: string,
  subject: string,
  value: string,
  way: 'take' | 'shut',
): string {
  const choice = choiceOf(query, subject);
  const flip = (list: string[]) =>
    list.includes(value) ? list.filter((has) => has !== value) : [...list, value];
  const drop = (list: string[]) => list.filter((has) => has !== value);
  const next: Choice =
    way === 'take'
      ? { taken: flip(choice.taken), shut: drop(choice.shut) }
      : { taken: drop(choice.taken), shut: flip(choice.shut) };
  return withChoice(query, subject, next);
}

function withChoice(query: string, subject: string, choice: Choice): string {
  const parts = splitQuery(query);
  const mine = (clause: string) =>
    valuesOf(/^NOT\s+(.*)$/is.exec(clause)?.[1] ?? clause, subject) !== null;
  const at = parts.clauses.findIndex(mine);
  const rest = parts.clauses.filter((clause) => !mine(clause));
  const said = choice.taken.map((value) => `${subject} = ${value}`);
  const own = said.length > 1 ? [`(${said.join(' OR ')})`] : said;
  own.push(...choice.shut.map((value) => `NOT ${subject} = ${value}`));
  const place = at < 0 ? rest.length : Math.min(at, rest.length);
  return joinQuery({ ...parts, clauses: [...rest.slice(0, place), ...own, ...rest.slice(place)] });
}
