import { describe, expect, it } from 'vitest';
import {
  addClause,
  chooseValue,
  choiceOf,
  dropLastClause,
  hasClause,
  nameText,
  removeClause,
  saidShortly,
  splitQuery,
  toggleClause,
  valueText,
  withOrder,
} from './clauses';

describe('splitting a query', () => {
  it('finds the top-level clauses and the order', () => {
    expect(
      splitQuery(
        'a = 1 and annotations(label = "x AND y" AND area > 3).count >= 2 order by b DESC',
      ),
    ).toEqual({
      clauses: ['a = 1', 'annotations(label = "x AND y" AND area > 3).count >= 2'],
      order: 'b DESC',
    });
  });

  it('takes an OR at the top as one clause', () => {
    expect(splitQuery('a = 1 AND b = 2 OR c = 3').clauses).toEqual(['a = 1 AND b = 2 OR c = 3']);
  });

  it('is not misled by names that contain keywords', () => {
    expect(splitQuery('metadata.AND = 1 AND android = x').clauses).toEqual([
      'metadata.AND = 1',
      'android = x',
    ]);
  });

  it('reads half a query without complaint', () => {
    expect(splitQuery('a = "open AND')).toEqual({ clauses: ['a = "open AND'], order: '' });
    expect(splitQuery('')).toEqual({ clauses: [], order: '' });
  });
});

describe('narrowing', () => {
  it('adds before the order and takes back', () => {
    const narrowed = addClause('a = 1 ORDER BY issue.score', 'b = 2');
    expect(narrowed).toBe('a = 1 AND b = 2 ORDER BY issue.score');
    expect(removeClause(narrowed, 'b  =  2')).toBe('a = 1 ORDER BY issue.score');
  });

  it('brackets an OR when something is added to it', () => {
    expect(addClause('a = 1 OR b = 2', 'c = 3')).toBe('(a = 1 OR b = 2) AND c = 3');
  });

  it('takes quotes around a plain word as no difference', () => {
    expect(hasClause('metadata.scene = "highway"', 'metadata.scene = highway')).toBe(true);
    expect(hasClause('metadata.x = "true"', 'metadata.x = true')).toBe(false);
  });

  it('toggles a bar of two clauses as one', () => {
    const bar = 'metadata.t >= 1 AND metadata.t < 2';
    const on = toggleClause('x = 1', bar);
    expect(on).toBe('x = 1 AND metadata.t >= 1 AND metadata.t < 2');
    expect(hasClause(on, bar)).toBe(true);
    expect(toggleClause(on, bar)).toBe('x = 1');
  });

  it('drops the last clause and keeps the order', () => {
    expect(dropLastClause('a = 1 AND b = 2 ORDER BY c')).toBe('a = 1 ORDER BY c');
    expect(dropLastClause('a = 1')).toBe('');
  });

  it('replaces the order', () => {
    expect(withOrder('a = 1 ORDER BY b', 'c DESC')).toBe('a = 1 ORDER BY c DESC');
    expect(withOrder('a = 1 ORDER BY b', '')).toBe('a = 1');
    expect(withOrder('', 'b')).toBe('ORDER BY b');
  });
});

describe('a facet', () => {
  const scene = 'metadata.scene';

  it('takes values in one bracket and gives them back', () => {
    const one = chooseValue('a = 1', scene, 'highway', 'take');
    expect(one).toBe('a = 1 AND metadata.scene = highway');
    const two = chooseValue(one, scene, '"city street"', 'take');
    expect(two).toBe('a = 1 AND (metadata.scene = highway OR metadata.scene = "city street")');
    expect(choiceOf(two, scene).taken).toEqual(['highway', '"city street"']);
    expect(chooseValue(two, scene, 'highway', 'take')).toBe(
      'a = 1 AND metadata.scene = "city street"',
    );
  });

  it('shuts out what Alt was held on', () => {
    const shut = chooseValue('', scene, 'highway', 'shut');
    expect(shut).toBe('NOT metadata.scene = highway');
    expect(choiceOf(shut, scene)).toEqual({ taken: [], shut: ['highway'] });
    expect(chooseValue(shut, scene, 'highway', 'take')).toBe('metadata.scene = highway');
  });

  it('does not take another key for its own', () => {
    expect(choiceOf('metadata.scene_type = a AND metadata.scene != b', scene)).toEqual({
      taken: [],
      shut: [],
    });
  });
});

describe('a name for what is picked', () => {
  it('is made of the values', () => {
    expect(saidShortly('metadata.scene = "city street" AND annotations.car >= 3')).toBe(
      'city street, car >= 3',
    );
    expect(saidShortly('')).toBe('');
  });
});

describe('writing names and values', () => {
  it('quotes what is not a plain word', () => {
    expect(nameText('stop sign')).toBe('"stop sign"');
    expect(nameText('scene')).toBe('scene');
    expect(valueText('dawn/dusk')).toBe('"dawn/dusk"');
    expect(valueText('say "hi"')).toBe('"say \\"hi\\""');
    expect(valueText('12')).toBe('"12"');
    expect(valueText('true')).toBe('"true"');
    expect(valueText(12)).toBe('12');
    expect(valueText(true)).toBe('true');
  });
});
