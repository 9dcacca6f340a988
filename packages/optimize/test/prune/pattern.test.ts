import { build, type Module, type Parameter } from '@espalier/nn';
import { zeros } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskOf, prune, runRecipe, type PruneOptions } from '../../src/index.ts';
import { markInGroups, markWeights, parsePattern, unitCount, unitScores, type Block } from '../../src/prune/pattern.ts';
import { markLowest } from '../../src/prune/exact-rank.ts';
import { at } from '../helpers/at.ts';
import { train, trained } from '../helpers/blobs.ts';

const sizes = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }));
// Few different scores, so that there are ties; some weights are gone.
const drawn = sizes.chain(([rows, columns]) =>
  fc.record({
    shape: fc.constant([rows, columns] as const),
    scores: fc
      .array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(-Infinity)), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .map((all) => Float32Array.from(all)),
  }),
);
const count = (marks: ArrayLike<number>): number => Array.from(marks).filter((mark) => mark === 1).length;

describe('blocks', () => {
  test('go as a whole, as many as asked, those of the lowest means first', () => {
    const patterns = fc.constantFrom('row', 'column', '2x3', '4x1', '1x4', 'unstructured', '9x9');
    fc.assert(
      fc.property(drawn, patterns, fc.double({ min: 0, max: 1, noNaN: true }), ({ shape, scores }, pattern, share) => {
        const units = parsePattern('test', pattern) as Block;
        const found = unitScores(units, scores, shape);
        const [height, width] = shape;
        const across = units.columns === Infinity ? 1 : Math.ceil(width / units.columns);
        expect(found).toHaveLength(unitCount(units, shape));
        const members = (unit: number): number[] =>
          [...scores.keys()].filter((index) => {
            const [row, column] = [Math.floor(index / width), index % width];
            const band = units.rows === Infinity ? 0 : Math.floor(row / units.rows);
            return band * across + (units.columns === Infinity ? 0 : Math.floor(column / units.columns)) === unit;
          });
        for (const [unit, score] of found.entries()) {
          const all = members(unit).map((index) => at(scores, index));
          const left = all.filter((each) => each !== -Infinity);
          const mean = left.reduce((sum, each) => sum + each, 0) / all.length;
          expect(score).toBe(left.length === 0 ? -Infinity : Math.fround(mean));
        }
        const whole = found.filter((score) => score === -Infinity).length;
        const marks = markLowest(found, Math.max(whole, Math.floor(share * found.length)));
        const gone = markWeights(units, marks, scores, [height, width]);
        for (const [unit, mark] of marks.entries())
          for (const index of members(unit))
            expect(gone[index]).toBe(mark === 1 || scores[index] === -Infinity ? 1 : 0);
      }),
    );
  });

  test('of two axes and more are those of the matrix [first axis, all others]', async () => {
    const model = build({ type: 'conv2d', in: 2, out: 4, kernel: 3, bias: false }, { seed: 1 });
    const { model: made, records } = await runRecipe(model, [prune({ sparsity: 0.5, pattern: 'row' })]);
    const kept = await maskOf(made.parameters()[0] as Parameter)?.kept();
    const filters = Array.from({ length: 4 }, (_, row) => count(kept?.slice(row * 18, (row + 1) * 18) ?? []));
    expect(filters.toSorted((a, b) => a - b)).toEqual([0, 0, 18, 18]);
    expect(records[0]?.summary).toContain('drop 2 of 4 rows by magnitude');
  });
});

describe('n of every m', () => {
  test('stay, the highest of each group, and what is gone stays gone', () => {
    const patterns = fc.constantFrom({ n: 2, m: 4 }, { n: 1, m: 4 }, { n: 1, m: 2 }, { n: 3, m: 5 });
    fc.assert(
      fc.property(drawn, patterns, ({ shape, scores }, { n, m }) => {
        const [height, width] = shape;
        const marks = markInGroups({ n, m }, scores, shape, 1);
        for (let row = 0; row < height; row++) {
          for (let begin = 0; begin < width; begin += m) {
            const group = [...scores.keys()].slice(row * width + begin, row * width + Math.min(begin + m, width));
            const gone = group.filter((index) => scores[index] === -Infinity).length;
            const order = group.toSorted((a, b) => at(scores, a) - at(scores, b) || a - b);
            const wanted = new Set(order.slice(0, Math.max(gone, group.length - n, 0)));
            for (const index of group) expect(marks[index]).toBe(wanted.has(index) ? 1 : 0);
          }
        }
      }),
    );
  });

  test('are come to step by step: what goes early is gone at the end', () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: 0, max: 1, noNaN: true }), ({ shape, scores }, share) => {
        const early = markInGroups({ n: 2, m: 4 }, scores, shape, share);
        const late = markInGroups({ n: 2, m: 4 }, scores, shape, 1);
        for (const [index, mark] of early.entries()) if (mark === 1) expect(late[index]).toBe(1);
      }),
    );
  });

  test('hold after gradual training', async () => {
    const steps = [prune({ pattern: '2:4', schedule: 'linear', train: { epochs: 2, batchSize: 64 } })];
    const { model, records } = await runRecipe(await trained(), steps, { data: { train } });
    expect(records[0]?.summary).toMatch(
      /drop 320 of 640 weights by magnitude, so that 2 of every 4 of a row stay, on a linear/u,
    );
    for (const parameter of model.parameters()) {
      const kept = await maskOf(parameter)?.kept();
      for (let begin = 0; begin < (kept?.length ?? 0); begin += 4)
        expect(count(kept?.slice(begin, begin + 4) ?? [])).toBe(2);
    }
  });
});

const sparsitiesOf = async (model: Module): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      [...model.namedParameters()].map(async ([name, parameter]) => {
        const kept = await maskOf(parameter)?.kept();
        return [name, kept ? 1 - count(kept) / kept.length : 0] as const;
      }),
    ),
  );

describe('shares by names', () => {
  test('are those of the first pattern that stands for a tensor; others stay whole', async () => {
    const run = async (options: PruneOptions): Promise<Record<string, number>> =>
      sparsitiesOf((await runRecipe(await trained(), [prune(options)], { data: { train } })).model);
    expect(await run({ sparsity: { '0.weight': 0.75, '*': 0.5 } })).toMatchObject({
      '0.weight': 0.75,
      '2.weight': 0.5,
    });
    expect(await run({ sparsity: { '2.*': 0.25 } })).toMatchObject({ '0.weight': 0, '2.weight': 0.25 });
    expect(
      await run({
        sparsity: { '0.*': 0.75, '2.*': 0.5 },
        schedule: 'exponential',
        train: { epochs: 1, batchSize: 64 },
      }),
    ).toMatchObject({ '0.weight': 0.75, '2.weight': 0.5 });
  });

  test('bound what a tensor of a name loses in one ranking', async () => {
    const options = { sparsity: 0.8, maximum: { '2.weight': 0.25 }, minimum: { '2.*': 0.25 } };
    const { model } = await runRecipe(await trained(), [prune(options)]);
    expect(await sparsitiesOf(model)).toMatchObject({ '2.weight': 0.25, '0.weight': (512 - 32) / 512 });
  });

  test.each<[PruneOptions, RegExp]>([
    [
      { sparsity: { 'fc*': 0.5 } },
      /sparsity has "fc\*", which matches none of the tensors that are chosen; there are 0\.weight/u,
    ],
    [{ sparsity: 0.5, maximum: { '1.*': 0.9 } }, /maximum has "1\.\*", which matches none/u],
    [
      { sparsity: 0.5, minimum: { '0.*': 0.5 }, maximum: { '0.*': 0.25 } },
      /0\.weight is to lose at least 0\.5 and at most 0\.25/u,
    ],
    [{ sparsity: 0.5, minimum: 0.4, maximum: { '*': 0.45 } }, /its bounds allow/u],
  ])('%j is refused before anything is done', async (options, message) => {
    await expect(runRecipe(await trained(), [prune(options)])).rejects.toThrow(message);
  });

  test.each<[PruneOptions, RegExp]>([
    [{ sparsity: { '*': 1 } }, /sparsity of "\*" is 1/u],
    [{ sparsity: {} }, /sparsity is \{\}/u],
    [{ sparsity: { '*': 0.5 }, scope: 'global' }, /scope is global/u],
    [{ pattern: '2:4', sparsity: 0.5 }, /the pattern 2:4 says how many weights go/u],
    [{ pattern: '4:2' }, /pattern is "4:2"/u],
    [{ pattern: '0x4', sparsity: 0.5 }, /pattern is "0x4"/u],
    [{}, /sparsity is undefined/u],
  ])('%j contradicts itself', (options, message) => {
    expect(() => prune(options)).toThrow(message);
  });
});

test('a pattern goes on where weights are gone, and refuses to leave fewer units gone', async () => {
  const model = build({ type: 'linear', in: 8, out: 8, bias: false }, { seed: 3 });
  const { model: rows } = await runRecipe(model, [prune({ sparsity: 0.5, pattern: 'row' })]);
  const { model: both } = await runRecipe(rows, [prune({ pattern: '2:4' })]);
  const kept = await maskOf(both.parameters()[0] as Parameter)?.kept();
  expect(count(kept ?? [])).toBe(16);
  await expect(runRecipe(rows, [prune({ sparsity: 0.25, pattern: 'row' })])).rejects.toThrow(
    /4 of 8 rows are gone already/u,
  );
  const few = [prune({ sparsity: 0.75, pattern: 'row', scope: 'local' }), prune({ sparsity: 0.5 })];
  await expect(runRecipe(model, few)).rejects.toThrow(/up to 48 of 64 weights may be gone by then/u);
});

test('a vector is a matrix of one column', () => {
  expect(unitCount(parsePattern('test', 'row') as Block, zeros([5]).shape)).toBe(5);
  expect(unitCount(parsePattern('test', 'column') as Block, zeros([5]).shape)).toBe(1);
});
