// What weights are multiplied with is measured once for all that are multiplied with the same, and as if it were not.
import {
  build,
  dataset,
  Module,
  type CallContext,
  type Dataset,
  type ModuleConfig,
  type Parameter,
} from '@espalier/nn';
import { fromTyped, Generator, randn, type Tensor, zeros } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { visitInputs, type InputVisit } from '../../src/calibration/visit-inputs.ts';
import { columnProducts } from '../../src/second-order/inputs.ts';

const width = 8;
const model = build({ type: 'self-attention', width, heads: 2 }, { seed: 1 }).eval();
const x = randn([6, 5, width], { generator: new Generator(3) }).realizeSync();

/** Examples, and how often they were read. */
function counted(): { readonly data: Dataset; readonly reads: () => number } {
  let reads = 0;
  const data = dataset({
    size: 6,
    load: (indices) => {
      reads++;
      return { x: x.narrow(0, indices[0] as number, indices.length) };
    },
    prepare: ({ x: given }) => ({ x: given as Tensor, y: zeros([1]) }),
  });
  return { data, reads: () => reads };
}

async function measured(
  of: Module,
  sharesInputs: boolean,
  changes = false,
): Promise<{ readonly found: ReadonlyMap<string, Float64Array | undefined>; readonly reads: number }> {
  const { data, reads } = counted();
  const chosen = [...of.namedParameters()].flatMap(([name, parameter]) =>
    name.endsWith('weight') ? [{ name, parameter }] : [],
  );
  const visit: InputVisit = {
    place: 'test',
    measure: { ...columnProducts, batchSize: 6 },
    data,
    count: 6,
    sharesInputs,
  };
  const found = new Map<string, Float64Array | undefined>();
  await visitInputs(of, chosen, visit, async ({ name, parameter }, means) => {
    found.set(name, means);
    if (!changes) return;
    const halved = ((await parameter.tensor.data()) as Float32Array).map((value) => value / 2);
    parameter.tensor.assign(fromTyped(halved, parameter.shape));
  });
  return { found, reads: reads() };
}

test('queries, keys and values are measured by one look, and what comes out of them by another', async () => {
  const [alone, shared] = [await measured(model, false), await measured(model, true)];
  expect([...shared.found.keys()]).toEqual(['query.weight', 'key.weight', 'value.weight', 'out.weight']);
  expect(shared.found).toEqual(alone.found);
  expect(shared.found.get('key.weight')).toBe(shared.found.get('query.weight'));
  // One more is for the order of the calls.
  expect([alone.reads, shared.reads]).toEqual([5, 3]);
});

test('a layer that is called twice is measured for itself', async () => {
  const layer = { type: 'linear', in: width, out: width };
  const twice = build({ type: 'sequential', layers: [layer, layer] }, { seed: 2 }).eval();
  const [alone, shared] = [await measured(twice, false), await measured(twice, true)];
  expect(shared.found).toEqual(alone.found);
  expect(shared.reads).toBe(alone.reads);
});

const residual = (body: ModuleConfig): ModuleConfig => ({
  type: 'residual',
  norm: { type: 'layer-norm', shape: width },
  body,
});
const block = {
  type: 'transformer-block',
  attention: residual({ type: 'self-attention', width, heads: 2 }),
  feedForward: residual({ type: 'feed-forward', width, hidden: 16, activation: 'gelu' }),
};
const deep = { type: 'sequential', layers: [block, block, block, block] };
/** A model that goes through its one layer twice, and looks at its own input once more at the end. */
class Returning extends Module {
  readonly type = 'returning';
  readonly first = this.addModule('first', build(deep, { seed: 4 }));
  readonly twice = this.addModule('twice', build(block, { seed: 5 }));
  readonly last = this.addModule('last', build({ type: 'linear', in: width, out: width }, { seed: 6 }));

  override forward(given: Tensor, context?: CallContext): Tensor {
    const once = this.twice.call(this.first.call(given, context), context);
    return this.last.call(this.twice.call(once, context).add(given), context);
  }

  override config(): ModuleConfig {
    return { type: this.type };
  }
}

test.each([
  ['layers one after the other', () => build(deep, { seed: 4 })],
  ['a layer that is gone through twice, and an input that is needed again', () => new Returning()],
])('%s: what each weight sees is that of a model whose earlier weights have changed', async (_, made) => {
  const [alone, shared] = [await measured(made().eval(), false, true), await measured(made().eval(), true, true)];
  expect([...shared.found.keys()]).toEqual([...alone.found.keys()]);
  for (const [name, means] of alone.found) expect(shared.found.get(name)).toEqual(means);
});

test('what is called before is not computed again', async () => {
  const layers = build(deep, { seed: 4 }).eval();
  const chosen = [...layers.namedParameters()].flatMap(([name, parameter]) =>
    name.startsWith('3.feedForward') && name.endsWith('weight') && parameter.shape.length === 2
      ? [{ name, parameter }]
      : [],
  );
  expect(chosen).toHaveLength(2);
  const { data } = counted();
  const measure = { ...columnProducts, batchSize: 4 };
  const seen: boolean[] = [];
  const visit = { place: 'test', measure, data, count: 6, sharesInputs: true };
  await visitInputs(layers, chosen, visit, async (_, means) => {
    seen.push((means as Float64Array).every(Number.isFinite));
    // Nobody may do so: a look at the layer shows it.
    const early = layers.namedParameters().get('0.attention.body.query.weight') as Parameter;
    early.tensor.assign(fromTyped(new Float32Array(width * width).fill(Number.NaN), early.shape));
  });
  expect(seen).toEqual([true, true]);
});
