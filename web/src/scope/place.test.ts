import { describe, expect, it } from 'vitest';
import { emptyPlace, printPlace, readPlace, type Place } from './place';

const read = (path: string) => readPlace(new URL(path, 'http://localhost'));

describe('the URL', () => {
  it('is read back as it was printed', () => {
    const places: Place[] = [
      emptyPlace('datasets'),
      { ...emptyPlace('explore', 'ds_1'), q: 'annotations.car >= 3 AND metadata.x = "a&b=c+d"' },
      { ...emptyPlace('explore', "a/b '; DROP"), slice: 'slc_1', run: 'run_2', item: 0 },
      { ...emptyPlace('explore', 'ds_1'), sel: [3, 0, 17], show: ['stop sign', 'a,b'], size: 4 },
      { ...emptyPlace('explore', 'ds_1'), sel: 'all', show: [], left: false, right: false },
      { ...emptyPlace('issues', 'ds_1'), pair: { given: 'T-shirt/top', suggested: 'a,b' } },
      { ...emptyPlace('issues', 'ds_1'), pair: { given: null, suggested: 'Shirt' } },
      { ...emptyPlace('issues', 'ds_1'), state: 'open', order: 'pair', issues: 'run_9' },
      { ...emptyPlace('issues', 'ds_1'), kind: 'swapped', since: 'iss_1', change: 'gone' },
      { ...emptyPlace('issues', 'ds_1'), state: 'picks' },
      { ...emptyPlace('slices', 'ds_1'), a: 'slc_1', b: 'slc_2', op: 'a-b' },
    ];
    for (const place of places) expect(read(printPlace(place))).toEqual(place);
  });

  it('opens Explore when no room is named', () => {
    expect(read('/d/street')).toEqual(emptyPlace('explore', 'street'));
  });

  it('knows no other pages', () => {
    for (const path of ['/x', '/d', '/d/street/nowhere', '/d/street/explore/more']) {
      expect(read(path)).toBeNull();
    }
  });

  it('says an order that came apart in the query', () => {
    expect(read('/d/a/explore?q=slice+%3D+x&sort=issue.score')?.q).toBe(
      'slice = x ORDER BY issue.score',
    );
    expect(read('/d/a/explore?q=+order+by+a&sort=b')?.q).toBe(' order by a');
  });

  it('leaves out what is no number', () => {
    const place = read('/d/a/explore?item=-1&sel=1.x.2&size=0');
    expect(place).toMatchObject({ item: null, sel: [1, 2], size: null });
  });

  it('does not carry a selection that would not fit', () => {
    const many = Array.from({ length: 201 }, (_, i) => i);
    expect(printPlace({ ...emptyPlace('explore', 'a'), sel: many })).toBe('/d/a/explore');
  });
});
