// What weights are multiplied with is measured once for all that are multiplied with the same, and as if it were not.
import { build, dataset, type Dataset, type Module } from '@espalier/nn';
import { Generator, randn, type Tensor, zeros } from '@espalier/tensor';
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
  await visitInputs(of, chosen, visit, async ({ name }, means) => void found.set(name, means));
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
