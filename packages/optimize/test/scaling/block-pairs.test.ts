// In blocks of transformers norms and layers take the factors of what follows them, and a block computes what it did.
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { Generator, noGrad, randn, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { awq, encode, equalize, runRecipe, smoothQuant, type Step } from '../../src/index.ts';
import { outputError, unlabelled } from '../helpers/correlated.ts';

const width = 32;

function block(
  more: { readonly order?: string; readonly keyValueHeads?: number; readonly activation?: string } = {},
): Module {
  const { order = 'before', keyValueHeads = 4, activation } = more;
  const gated = activation === undefined;
  const norm: ModuleConfig = { type: 'rms-norm', size: width };
  const model = build(
    {
      type: 'transformer-block',
      attention: { type: 'residual', order, norm, body: { type: 'self-attention', width, heads: 4, keyValueHeads } },
      feedForward: {
        type: 'residual',
        order,
        norm,
        body: { type: 'feed-forward', width, hidden: 48, gated, activation: activation ?? 'silu' },
      },
    },
    { seed: 3 },
  );
  // Every eighth channel is far larger, and weights are of the size that leaves states as large as they are.
  for (const [name, { tensor }] of model.namedParameters())
    if (name.endsWith('norm.weight'))
      tensor.assign(
        tensor
          .detach()
          .add(
            randn([width], { generator: new Generator(2) })
              .gt(1.1)
              .cast('f32')
              .mul(20),
          )
          .realizeSync(),
      );
    else if (tensor.rank === 2)
      tensor.assign(
        randn(tensor.shape, { generator: new Generator(tensor.size) })
          .mul(0.15)
          .realizeSync(),
      );
  return model.eval();
}

const states = (count: number, seed: number): Tensor =>
  randn([count, 12, width], { generator: new Generator(seed) }).realizeSync();

/** The weights that differ from those of the model before, by name. */
function changed(model: Module, before: Module): string[] {
  const others = before.namedParameters();
  return [...model.namedParameters()].flatMap(([name, { value }]) =>
    [...(value.dataSync() as Float32Array)].join() ===
    [...((others.get(name)?.value.dataSync() ?? []) as Float32Array)].join()
      ? []
      : [name],
  );
}

const train = unlabelled(states(24, 1));
const run = async (model: Module, step: Step): Promise<Module> =>
  (await runRecipe(model, [step], { data: { train } })).model;
const outputsOf = (model: Module, x: Tensor): Float32Array => noGrad(() => model.call(x)).dataSync() as Float32Array;
const bodies = (names: string): string[] =>
  names.split(' ').map((name) => name.replace('A', 'attention.').replace('F', 'feedForward.'));

describe('smoothing that others take', () => {
  test.each<[string, Parameters<typeof block>[0], string]>([
    [
      'a norm before what it goes into',
      {},
      'Anorm.weight Abody.query.weight Abody.key.weight Abody.value.weight Abody.value.bias Abody.out.weight Fnorm.weight Fbody.gate.weight Fbody.up.weight Fbody.up.bias Fbody.down.weight',
    ],
    [
      'a norm behind the sum takes nothing',
      { order: 'after' },
      'Abody.value.weight Abody.value.bias Abody.out.weight Fbody.up.weight Fbody.up.bias Fbody.down.weight',
    ],
    [
      'nor do heads that share values',
      { order: 'after', keyValueHeads: 2 },
      'Fbody.up.weight Fbody.up.bias Fbody.down.weight',
    ],
    ['nor what lies before a bent activation', { order: 'after', activation: 'gelu', keyValueHeads: 2 }, ''],
    [
      'but that before a rectifier does',
      { order: 'after', activation: 'relu', keyValueHeads: 2 },
      'Fbody.up.weight Fbody.up.bias Fbody.down.weight',
    ],
  ])('%s', async (_, more, names) => {
    const model = block(more);
    for (const { tensor } of model.parameters())
      if (tensor.rank === 1 && tensor.dataSync().every((value) => value === 0))
        tensor.assign(tensor.detach().add(0.1).realizeSync());
    const smooth = await run(model, smoothQuant({ foldedOnly: true }));
    expect(changed(smooth, model)).toEqual(names === '' ? [] : bodies(names));
    expect(smooth.parameters().flatMap(({ inputs }) => inputs)).toEqual([]);
    const x = states(4, 7);
    const [before, after] = [outputsOf(model, x), outputsOf(smooth, x)];
    const size = Math.max(...before.map(Math.abs));
    for (const [at, value] of before.entries())
      expect(Math.abs(value - (after[at] as number))).toBeLessThan(1e-4 * size);
  });

  test('without it what nobody takes stands before the layer', async () => {
    const model = block({ order: 'after' });
    const smooth = await run(model, smoothQuant());
    const kept = [...smooth.namedParameters()].filter(([, { inputs }]) => inputs.length > 0).map(([name]) => name);
    expect(kept).toEqual(
      bodies('Abody.query.weight Abody.key.weight Abody.value.weight Fbody.gate.weight Fbody.up.weight'),
    );
  });
});

test('ranges are made alike in a block, too', async () => {
  const model = block();
  const x = states(4, 7);
  const equal = await run(model, equalize());
  expect(changed(equal, model)).toContain('feedForward.body.down.weight');
  const [before, after] = [outputsOf(model, x), outputsOf(equal, x)];
  for (const [at, value] of before.entries()) expect(after[at]).toBeCloseTo(value, 2);
});

test.each([3, 4] as const)(
  'awq in a plain block of %d bits is nearer than the nearest numbers, where channels differ',
  async (bits) => {
    const model = block();
    const x = states(16, 9);
    const options = { bits, group: 16, zeros: true } as const;
    const own = await run(model, awq({ ...options, clip: false, foldedOnly: true, exclude: ['*.norm.*', '*.bias'] }));
    const plain = await run(model, encode({ format: 'int-n', options, exclude: ['*.norm.*', '*.bias'] }));
    expect(own.parameters().flatMap(({ inputs }) => inputs)).toEqual([]);
    expect(outputError(own, model, x)).toBeLessThan(0.9 * outputError(plain, model, x));
  },
);
