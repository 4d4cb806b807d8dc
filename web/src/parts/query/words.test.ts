import { describe, expect, it } from 'vitest';
import { byteOffset, charIndex, wordAt, wordsOf } from './words';

describe('colouring', () => {
  it('tells names, operators, values and what a model says', () => {
    const kinds = wordsOf('annotations.car >= 3 AND issue.suggested = bus')
      .filter((word) => word.kind !== '')
      .map((word) => [word.text, word.kind]);
    expect(kinds).toEqual([
      ['annotations.car', 'n'],
      ['>=', 'o'],
      ['3', 'v'],
      ['AND', 'o'],
      ['issue.suggested', 'p'],
      ['=', 'o'],
      ['bus', 'v'],
    ]);
  });

  it('loses no character, whatever is typed', () => {
    for (const text of [
      'a = "ü\\"',
      'annotations."stop sign".x',
      "predictions['y'](",
      '🙂 = 1 \n',
    ]) {
      expect(
        wordsOf(text)
          .map((word) => word.text)
          .join(''),
      ).toBe(text);
    }
  });
});

describe('offsets', () => {
  it('count bytes where the server does', () => {
    const text = 'a = "Zürich 🙂" AND b';
    const at = text.indexOf('AND');
    expect(byteOffset(text, at)).toBe(at + 3);
    expect(charIndex(text, byteOffset(text, at))).toBe(at);
    expect(charIndex(text, 10_000)).toBe(text.length);
  });

  it('find the wrong word', () => {
    expect(wordAt('metadata.wheather = rainy', 10)).toEqual([9, 17]);
    expect(wordAt('a = ', 5)).toEqual([4, 4]);
    expect(wordAt('a = "🙂" AND wrong', 13)).toEqual([13, 18]);
  });
});
