import { describe, expect, it } from 'vitest';
import { caps, capText, matches, sequence, type Pressed } from './chord';

const press = (key: string, held: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

describe('a chord', () => {
  it('means the letter in either case, but not with other keys held', () => {
    expect(matches('A', press('a'))).toBe(true);
    expect(matches('A', press('A'))).toBe(true);
    expect(matches('A', press('a', { ctrlKey: true }))).toBe(false);
    expect(matches('A', press('A', { shiftKey: true }))).toBe(false);
  });

  it('takes Cmd for Ctrl', () => {
    expect(matches('Ctrl+Z', press('z', { metaKey: true }))).toBe(true);
    expect(matches('Ctrl+Z', press('z'))).toBe(false);
  });

  it('does not mind how a sign is typed', () => {
    expect(matches('?', press('?', { shiftKey: true }))).toBe(true);
    expect(matches('/', press('/', { shiftKey: true }))).toBe(true);
    expect(matches('+', press('+', { shiftKey: true }))).toBe(true);
    expect(matches('Ctrl++', press('+', { ctrlKey: true }))).toBe(true);
  });

  it('tells Shift+R from R', () => {
    expect(matches('Shift+R', press('R', { shiftKey: true }))).toBe(true);
    expect(matches('Shift+R', press('r'))).toBe(false);
    expect(matches('Shift+ArrowDown', press('ArrowDown', { shiftKey: true }))).toBe(true);
  });

  it('is printed as it stands on the keys', () => {
    expect(sequence('G E')).toEqual(['G', 'E']);
    expect(caps('Shift+ArrowDown')).toEqual(['Shift', '↓']);
    expect(caps('G I')).toEqual(['G', 'I']);
    expect(capText('Backspace')).toBe('⌫');
  });
});
