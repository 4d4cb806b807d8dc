// Key chords as text: "A", "Shift+ArrowDown", "Ctrl+A", "G E" (one after the other), "?".
// Pure, so that the keymap can be tested without a browser.

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** Does this single chord (no sequence) mean this key press? Ctrl stands for Cmd as well. */
export function matches(chord: string, pressed: Pressed): boolean {
  const steps = chord.split(/\+(?=.)/);
  const key = steps.pop() ?? '';
  const has = (name: string) => steps.includes(name);
  if (has('Ctrl') !== (pressed.ctrlKey || pressed.metaKey)) return false;
  if (has('Alt') !== pressed.altKey) return false;
  if (isWritten(key)) return pressed.key === key; // Shift is part of how "?" is typed.
  if (has('Shift') !== pressed.shiftKey) return false;
  return pressed.key.toLowerCase() === (key === 'Space' ? ' ' : key).toLowerCase();
}

/** A sign other than a letter or a digit: which keys type it depends on the keyboard. */
function isWritten(key: string): boolean {
  return key.length === 1 && !/[a-z0-9]/i.test(key);
}

/** "G E" is two steps; all others one. */
export function sequence(chord: string): string[] {
  return chord.split(' ').filter((step) => step !== '');
}

const CAPS: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Enter: '↵',
  Backspace: '⌫',
  Escape: 'Esc',
  Delete: 'Del',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
};

/** What to print on each key cap. */
export function caps(chord: string): string[] {
  return sequence(chord).flatMap((step) => step.split(/\+(?=.)/).map((key) => CAPS[key] ?? key));
}

/** In one cap, as beside a button: "Shift R". */
export function capText(chord: string): string {
  return caps(chord).join(' ');
}
