// A query's words for colouring; and offsets for the server, which counts bytes in completion and
// characters (code points, not UTF-16 units) in columns.

export type Kind = 'n' | 'o' | 'v' | 'p' | '';

export interface Word {
  text: string;
  kind: Kind;
  start: number;
}

const TOKEN =
  /("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(\d[\w.:-]*)|([A-Za-z_][\w]*(?:\.(?:[A-Za-z_]\w*|"(?:\\.|[^"\\])*"?))*)|(\s+)|([<>=!]+|.)/gsu;
const KEYWORD = /^(and|or|not|order|by|asc|desc|like|in|is)$/i;
/** What a model says is blue, wherever it stands. */
const MACHINE = /^(predictions|issue|autotag|similar_to)\b/;

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let value = false; // The word after a comparison is a value.
  for (const match of text.matchAll(TOKEN)) {
    const [whole, quoted, numeral, name, blank] = match;
    let kind: Kind = 'o';
    if (blank !== undefined) kind = '';
    else if (quoted !== undefined || numeral !== undefined) kind = 'v';
    else if (name !== undefined) {
      kind = KEYWORD.test(name) ? 'o' : value ? 'v' : MACHINE.test(name) ? 'p' : 'n';
    }
    if (blank === undefined) value = /^[<>=!]+$/.test(whole);
    words.push({ text: whole, kind, start: match.index });
  }
  return words;
}

const encoder = new TextEncoder();

export function byteOffset(text: string, index: number): number {
  return encoder.encode(text.slice(0, index)).length;
}

export function charIndex(text: string, bytes: number): number {
  let seen = 0;
  for (let i = 0; i < text.length;) {
    if (seen >= bytes) return i;
    const c = String.fromCodePoint(text.codePointAt(i) ?? 0);
    seen += encoder.encode(c).length;
    i += c.length;
  }
  return text.length;
}

/** From a column (1 = the first character) to the end of the word there, as indices into the text. */
export function wordAt(text: string, column: number): [number, number] {
  const start = [...text].slice(0, column - 1).join('').length;
  const rest = /^(?:"(?:\\.|[^"\\])*"?|[\w]+|\S)/u.exec(text.slice(start))?.[0] ?? '';
  return [start, start + rest.length];
}
