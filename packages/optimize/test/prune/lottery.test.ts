import { build, cosine, type Module } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import {
  lottery,
  maskOf,
  parseRecipe,
  prune,
  recipeJson,
  runRecipe,
  together,
  type LotteryOptions,
  type Pass,
} from '../../src/index.ts';
import { accuracyOf, logitsOf, perceptron, train, trained } from '../helpers/blobs.ts';
import { at } from '../helpers/at.ts';

const given = { data: { train }, loss: 'cross-entropy', seed: 6 } as const;
const quick = { epochs: 2, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } } as const;
const fresh = (): Module => build(perceptron(8), { seed: 3 });
const total = 16 * 8 + 8 * 4;

const weightsOf = (model: Module): Promise<number[][]> =>
  Promise.all(model.parameters().map(async ({ tensor }) => [...(await tensor.data())]));
const masksOf = (model: Module): Promise<(Uint8Array | undefined)[]> =>
  Promise.all(model.parameters().map(async (parameter) => maskOf(parameter)?.kept()));

interface Ticket {
  readonly model: Module;
  readonly summary: string;
  /** All raw values, and the learning rate, with which the last training begins. */
  readonly start: readonly (readonly number[])[];
  readonly rates: readonly number[];
}

async function draw(options: LotteryOptions, model = fresh()): Promise<Ticket> {
  let start: number[][] = [];
  const rates: number[] = [];
  const spy: Pass = {
    config: { type: 'spy' },
    needs: 'training',
    effects: [],
    plan: async (of) => ({
      summary: '',
      apply: async () => ({
        model: of,
        training: {
          beforeStep: async (step, _, rate) => {
            if (step === 0) start = await weightsOf(of);
            rates.push(rate);
          },
        },
        finalize: async () => ({ config: { type: 'spy' }, summary: '', details: {} }),
      }),
    }),
  };
  const { model: made, records } = await runRecipe(model, [together(lottery(options), spy)], given);
  return { model: made, summary: records[0]?.summary ?? '', start, rates };
}

describe('a lottery', () => {
  test('drops a share of what is left in each round, and takes everything back to the start', async () => {
    const { model, start, summary } = await draw({ rounds: 3, share: 0.5, train: quick });
    expect(start).toEqual(await weightsOf(fresh()));
    const kept = (await masksOf(model)).flatMap((mask) => [...(mask ?? [])]);
    expect(kept.filter((each) => each === 1)).toHaveLength(total / 8);
    expect(summary).toBe(
      'drop 140 of 160 weights in 3 rounds of training by magnitude, in one ranking of all tensors, at most 98 % of each, each time with all weights back to the start; trained for 2 epochs',
    );
    for (const parameter of model.parameters()) {
      const mask = await maskOf(parameter)?.kept();
      const values = await parameter.value.data();
      for (const [index, stays] of (mask ?? []).entries()) if (stays === 0) expect(values[index]).toBe(0);
    }
  });

  test('goes back to where the first training was after some epochs, and trains what is left of it', async () => {
    const options = { share: 0.5, rewindTo: 1, train: quick };
    const [one, two] = [await draw({ ...options, rounds: 1 }), await draw({ ...options, rounds: 2 })];
    expect(two.start).toEqual(one.start);
    expect(one.start).not.toEqual(await weightsOf(fresh()));
    const steps = train.size / 64;
    const horizon = { totalSteps: 2 * steps, stepsPerEpoch: steps };
    expect(two.rates).toEqual(Array.from({ length: steps }, (_, step) => 0.01 * cosine().at(steps + step, horizon)));
  });

  test('finds a network that learns better than one of the same size at random', async () => {
    const start = build(perceptron(16), { seed: 3 });
    const training = { ...quick, epochs: 6 };
    const { model: ticket } = await draw({ rounds: 4, share: 0.5, train: training }, start);
    const blind = prune({ sparsity: 1 - 1 / 16, method: 'random', train: training });
    const { model: random } = await runRecipe(start, [blind], given);
    expect(await accuracyOf(ticket)).toBeGreaterThan((await accuracyOf(random)) + 0.1);
  });

  test('may take back the learning rate alone', async () => {
    const { start, rates } = await draw({ rounds: 1, rewind: 'rate', train: quick }, await trained());
    expect(start).not.toEqual(await weightsOf(await trained()));
    expect(rates).toHaveLength((2 * train.size) / 64);
    expect(rates[0]).toBe(0.01);
  });

  test('takes shares by names, and goes on from a mask', async () => {
    const share = { '2.weight': 0.25, '*': 0.5 };
    const { model } = await draw({ rounds: 1, share, train: quick });
    const again = await draw({ rounds: 1, share, train: quick }, model);
    for (const [made, power] of [
      [model, 1],
      [again.model, 2],
    ] as const) {
      const [first, , second] = await masksOf(made);
      expect(first?.filter((each) => each === 1)).toHaveLength(128 * 0.5 ** power);
      expect(second?.filter((each) => each === 1)).toHaveLength(32 * 0.75 ** power);
    }
    const [before, after] = [await masksOf(model), await masksOf(again.model)];
    for (const [place, mask] of after.entries())
      for (const [index, stays] of (mask ?? []).entries())
        if (stays === 1) expect(at(before[place] ?? [], index)).toBe(1);
  });

  test('is the same each time, as JSON too', async () => {
    const steps = [lottery({ rounds: 2, method: 'movement', rewindTo: 1, train: quick })];
    const read = parseRecipe(JSON.parse(JSON.stringify(recipeJson(steps))));
    expect(recipeJson(read)).toEqual(recipeJson(steps));
    const [a, b] = [await runRecipe(fresh(), steps, given), await runRecipe(fresh(), read, given)];
    expect(await logitsOf(a.model)).toEqual(await logitsOf(b.model));
  });

  test('is seen by the prunings behind it before anything is trained', async () => {
    const steps = [lottery({ rounds: 3, share: 0.5, train: quick }), prune({ sparsity: 0.8 })];
    await expect(runRecipe(fresh(), steps, given)).rejects.toThrow(
      /the sparsity is 0\.8, but up to 140 of 160 weights may be gone by then/u,
    );
  });

  test.each<[LotteryOptions, RegExp]>([
    [{ rounds: 0 }, /rounds is 0/u],
    [{ rounds: 1, share: 1 }, /share is 1/u],
    [{ rounds: 1, rewindTo: 3, train: { epochs: 3 } }, /goes back to the end of epoch 3, and it trains for 3/u],
    [{ rounds: 1, pattern: '2:4' }, /use prune/u],
    [{ rounds: 1, rewind: 'all' as never }, /rewind is "all"/u],
    [{ rounds: 1, share: { '*': 0.1 }, scope: 'global' }, /scope is global/u],
  ])('%j contradicts itself', (options, message) => {
    expect(() => lottery(options)).toThrow(message);
  });

  test.each<[LotteryOptions, object, RegExp]>([
    [{ rounds: 1, rewindTo: 3 }, given, /it trains for 3/u],
    [{ rounds: 1, share: { 'fc*': 0.1 } }, given, /share has "fc\*", which matches none/u],
    [{ rounds: 1 }, { data: { train } }, /nothing says which/u],
    [{ rounds: 1 }, { loss: 'mse' }, /lottery needs data for training/u],
  ])('%j is refused before anything is trained', async (options, run, message) => {
    await expect(runRecipe(fresh(), [lottery(options)], run)).rejects.toThrow(message);
  });
});
