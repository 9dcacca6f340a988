import { choice, float, int, space, type Fields } from '@espalier/search';
import { describe, expect, it } from 'vitest';

const before: Fields = {
  lr: float(1e-4, 1e-1, { log: true }),
  blocks: int(1, 4),
  init: choice(['zeros', 'normal']),
  optimizer: choice({ sgd: { momentum: float(0, 1) } }),
};

const changes = (parts: Fields): readonly (readonly [string, string, boolean])[] =>
  space({ ...before, ...parts })
    .changesSince(space(before))
    .map(({ path, change, compatible }) => [path, change, compatible]);

describe('what changed from one space to another', () => {
  it('is nothing for the same', () => {
    expect(changes({})).toEqual([]);
  });

  it.each<[string, Fields, readonly (readonly [string, string, boolean])[]]>([
    ['a value added', { init: choice(['zeros', 'normal', 'he']) }, [['init', 'changed', true]]],
    ['a value removed', { init: choice(['zeros']) }, [['init', 'changed', false]]],
    ['a wider range', { blocks: int(1, 6) }, [['blocks', 'changed', true]]],
    ['a narrower range', { blocks: int(2, 4) }, [['blocks', 'changed', false]]],
    ['a wider range off the grid', { blocks: int(0, 4, { step: 2 }) }, [['blocks', 'changed', false]]],
    ['another scale', { lr: float(1e-4, 1e-1) }, [['lr', 'changed', false]]],
    ['another kind', { lr: choice([0.1]) }, [['lr', 'changed', false]]],
    ['a new parameter', { dropout: float(0, 1) }, [['dropout', 'added', false]]],
    [
      'a new branch',
      { optimizer: choice({ sgd: { momentum: float(0, 1) }, adam: {} }) },
      [['optimizer.adam', 'added', true]],
    ],
    [
      'a branch gone',
      { optimizer: choice({ adam: {} }) },
      [
        ['optimizer.sgd', 'removed', false],
        ['optimizer.adam', 'added', true],
      ],
    ],
    [
      'a change inside a branch',
      { optimizer: choice({ sgd: { momentum: float(0, 0.9) } }) },
      [['optimizer.sgd.momentum', 'changed', false]],
    ],
  ])('%s', (_, parts, expected) => {
    expect(changes(parts)).toEqual(expected);
  });

  it('is shown as a user writes it', () => {
    const [change] = space({ ...before, lr: float(1e-3, 1, { log: true }) }).changesSince(space(before));
    expect(change?.before).toBe('float(0.0001, 0.1, log)');
    expect(change?.after).toBe('float(0.001, 1, log)');
  });
});
