/** Plans that a later process finds where an earlier one kept them: here, devices that have seen nothing yet. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  arange,
  compile,
  configure,
  conv2d,
  createCpuDevice,
  crossEntropy,
  defineElementwise,
  fromTyped,
  gradients,
  noGrad,
  scaledDotProductAttention,
  scalar,
  type Device,
  type PlanStore,
  type Tensor,
} from '../../src/index.ts';

/** A store that counts what is written. */
function memoryStore(): PlanStore & { readonly kept: Map<string, string>; writes: number } {
  const kept = new Map<string, string>();
  const store = {
    kept,
    writes: 0,
    read: (key: string) => kept.get(key),
    write: (key: string, plan: string) => {
      store.writes++;
      kept.set(key, plan);
    },
  };
  return store;
}

let devices = 0;
const fresh = (): Device => createCpuDevice({ name: `cpu:plans-${devices++}`, threads: 1 });

const drawn = (device: Device, ...shape: number[]): Tensor => {
  const size = shape.reduce((product, each) => product * each, 1);
  return fromTyped(
    Float32Array.from({ length: size }, (_, index) => Math.sin(index * 7 + 1)),
    shape,
    { device },
  );
};

const bytes = (tensor: Tensor): number[] => [...(tensor.dataSync() as Float32Array)];

/** What is computed, eagerly or by a step that is recorded, with state too. */
const computations: Readonly<Record<string, (device: Device) => number[]>> = {
  softmax: (device) => bytes(drawn(device, 7, 33).mul(3).softmax(1).sum(0)),
  product: (device) =>
    bytes(
      drawn(device, 70, 40)
        .matmul(drawn(device, 40, 50))
        .add(1)
        .relu(),
    ),
  convolution: (device) => bytes(conv2d(drawn(device, 2, 3, 12, 12), drawn(device, 5, 3, 3, 3), { padding: 1 })),
  attention: (device) => {
    const x = drawn(device, 2, 40, 16);
    return bytes(scaledDotProductAttention(x, x.mul(2), x.add(1), { causal: true }));
  },
  sort: (device) => bytes(drawn(device, 4, 100).sort(1).values),
  lengths: (device) => {
    const step = compile((x: Tensor, length: Tensor) => x.upTo(0, length).mul(2).sum(0));
    const length = arange(0, 1, 1, { dtype: 'i32', device }).add(5).reshape([]);
    return bytes(step(drawn(device, 9, 3), length));
  },
  training: (device) => {
    const weight = drawn(device, 20, 4).requiresGradients();
    const labels = fromTyped(Int32Array.from([0, 1, 2, 3, 0, 1]), [6], { device });
    const step = compile((x: Tensor) => {
      const loss = crossEntropy(x.matmul(weight), labels);
      const [gradient] = gradients(loss, [weight]);
      noGrad(() => weight.assign(weight.sub(gradient.mul(0.5))));
      return loss;
    });
    const losses = [1, 2, 3].map(() => bytes(step(drawn(device, 6, 20)))[0] ?? 0);
    return [...losses, ...bytes(weight)];
  },
};

describe('plans that are kept', () => {
  afterEach(() => {
    configure({ plans: undefined });
  });

  test.each(Object.entries(computations))('%s is computed by a plan that was kept, to the bit', (_, compute) => {
    const expected = compute(fresh());
    const store = memoryStore();
    configure({ plans: store });
    expect(compute(fresh())).toEqual(expected);
    expect(store.writes).toBeGreaterThan(0);
    const before = store.writes;
    expect(compute(fresh())).toEqual(expected);
    // What is not found, or does not fit, is written anew.
    expect(store.writes).toBe(before);
  });

  test('one whose kernel works in other memory than it did is made anew', () => {
    const store = memoryStore();
    configure({ plans: store });
    const expected = computations['sort']?.(fresh());
    for (const [key, text] of store.kept) {
      const plan = JSON.parse(text) as { steps: { slots: unknown[] }[] };
      for (const { slots } of plan.steps) slots.push({ kind: 'temporary', index: 0, offset: 0, bytes: 16 });
      store.kept.set(key, JSON.stringify(plan));
    }
    const before = store.writes;
    expect(computations['sort']?.(fresh())).toEqual(expected);
    expect(store.writes).toBeGreaterThan(before);
  });

  test('what an op of a user means is not kept', () => {
    const store = memoryStore();
    configure({ plans: store });
    const twice = defineElementwise({
      name: 'twice',
      summary: '2a',
      arity: 1,
      argumentRule: 'float',
      meaning: (a) => scalar.add(a, a),
    });
    const device = fresh();
    const x = drawn(device, 3);
    expect(bytes(twice([x]))).toEqual(bytes(x).map((each) => 2 * each));
    expect([...store.kept.keys()].filter((key) => key.includes('twice'))).toEqual([]);
  });

  test('a store that is none is refused', () => {
    expect(() => configure({ plans: {} as PlanStore })).toThrow(/plans is .*a store of plans: \{ read, write \}/u);
  });
});
