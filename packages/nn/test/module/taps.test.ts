import {
  accuracy,
  below,
  build,
  callContext,
  crossEntropy,
  evaluate,
  fit,
  Linear,
  Module,
  predict,
  Residual,
  Sequential,
  SGD,
  tensorDataset,
  type CallContext,
  type CallSlots,
  type Dataset,
  type ModuleConfig,
  type Tap,
} from '@espalier/nn';
import {
  ArgumentError,
  arange,
  compile,
  cpu,
  createReferenceDevice,
  gradients,
  LifetimeError,
  ones,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { expectSameSight, images, network, observed, places, square, type Seen } from '../helpers/observed.ts';

declare module '@espalier/nn' {
  interface CallSlots {
    readonly testMask?: Tensor;
  }
}

describe('a tap', () => {
  test('sees what goes in and out of each place, a shared module once for each', async () => {
    const model = network();
    const x = images(1);
    const { y, seen } = observed(model, x);
    expect(Object.keys(seen)).toEqual(places);
    await expectClose(y, model.call(x), { absolute: 0, relative: 0 });
    for (const [name, before] of [
      ['1', '0'],
      ['2', '1'],
      ['3', '2'],
    ] as const)
      expect(seen[name]?.input).toBe(seen[before]?.output);
    expect(seen['2.body.0']?.input).toBe(seen['1']?.output);
    expect(seen['3']?.output).toBe(y);
  });

  test.each<[Tap['at'], string[]]>([
    ['2.body.*', ['2.body.0', '2.body.1']],
    ['*.1', ['0.1', '2.body.1']],
    ['2.body', ['2.body']],
    ['', ['']],
    [/^\d$/g, ['0', '1', '2', '3']],
    [/body/y, []],
    [(name, module) => module.type === 'linear' && name.length > 1, ['0.5', '2.body.0', '2.body.1']],
  ])('at %s', (at, expected) => {
    // A regular expression has no memory: flags that would give it one do nothing.
    const names = Object.keys(observed(network(), images(1), at).seen);
    expect(names).toEqual(expected.length > 0 ? expected : ['2.body.0', '2.body.1', '2.body']);
  });

  test('that matches nothing is refused by name, and one that is none', () => {
    const model = network();
    expect(() => observed(model, images(1), 'body.*')).toThrow(
      /the tap at 'body\.\*' matches no module; there are the model itself \(''\), 0, 0\.0, /,
    );
    expect(() => observed(model, images(1), () => false)).not.toThrow();
    for (const tap of [1, {}, { at: 3 }, { at: '*', outputs: () => {} }, { at: '*', output: 1 }])
      expect(() => callContext({ taps: [tap as unknown as Tap] })).toThrow(ArgumentError);
    expect(() => model.call(images(1), {} as CallContext)).toThrow(ArgumentError);
    const pushes = { at: '1', output: () => 3 } as unknown as Tap;
    expect(() => model.call(images(1), callContext({ taps: [pushes] }))).toThrow(
      /the tap at '1' returned 3 for the output of 1 \(linear\); a tap returns the tensor/,
    );
  });

  test('replaces what goes in and what comes out, one tap after the other', () => {
    const model = new Sequential([new Linear({ in: 1, out: 1, bias: false, init: 'ones' }), square0()]);
    const taps: Tap[] = [
      { at: '0', input: (x) => x.mul(10) },
      { at: '0', input: (x) => x.add(1), output: (y) => y.neg() },
    ];
    expect(model.call(tensor([[2]]), callContext({ taps })).arraySync()).toEqual([[-21]]);
    expect(model.call(tensor([[2]])).arraySync()).toEqual([[2]]);
  });

  test('lets gradients through what it replaces', () => {
    const layer = new Linear({ in: 1, out: 1, bias: false, init: 'ones' });
    const model = new Sequential([layer]);
    const loss = model.call(tensor([[2]]), callContext({ taps: [{ at: '0', output: (y) => y.square() }] })).sum();
    expect(gradients(loss, [layer.weight.tensor])[0]?.arraySync()).toEqual([[8]]);
  });

  test('may change the shape where what follows takes it, and is to blame where not', () => {
    const model = build({ type: 'sequential', layers: [{ type: 'relu' }, { type: 'linear', in: 3, out: 2 }] });
    const withOutput = (replacement: Tensor): Tensor =>
      model.call(ones([2, 3]), callContext({ taps: [{ at: '0', output: () => replacement }] }));
    expect(withOutput(ones([7, 3])).shape).toEqual([7, 2]);
    expect(() => withOutput(ones([2, 4]))).toThrow(ShapeError);
    expect(() => withOutput(ones([2, 4]))).toThrow(
      /call: the tap at '0' replaced the output of 0 \(relu\), \[2, 3\] f32 on cpu, by \[2, 4\] f32 on cpu; what follows does not take it: linear: takes \[\.\.\., 3\]/,
    );
    const ends = callContext({ taps: [{ at: /^1$/, input: () => zeros([4]) }] });
    expect(() => model.call(ones([2, 3]), ends)).toThrow(/tap at \/\^1\$\/ replaced the input of 1 \(linear\)/);
    // An error that has nothing to do with it stays as it is.
    expect(() => observed(model, ones([2, 4]))).toThrow(/^linear: takes/);
  });
});

const square0 = (): Linear => new Linear({ in: 1, out: 1, bias: false, init: 'ones' });

describe('a tap on every module of a compiled model', () => {
  test.each([cpu(), createReferenceDevice('taps')])(
    'sees what an uncompiled one sees, at each replay, on $name',
    async (on) => {
      for (const training of [false, true]) await expectSameSight(on, training);
    },
  );

  test('is told when it puts aside what the step does not return', () => {
    const model = network();
    let seen: Seen = {};
    const step = compile((x: Tensor) => {
      const found = observed(model, x);
      ({ seen } = found);
      return found.y;
    });
    step(images(1));
    expect(() => seen['1']?.output.arraySync()).toThrow(LifetimeError);
  });
});

/** Keeps what the modules gave last, and the sum of it over all calls. */
function lastOutputs(model: Module, x: Tensor): { readonly taps: Tap[]; readonly values: Record<string, Tensor[]> } {
  const { seen } = observed(model, x);
  const values: Record<string, Tensor[]> = {};
  for (const [name, { output }] of Object.entries(seen))
    values[name] = [0, 1].map(() => zeros(output.shape).realizeSync());
  const output: Tap['output'] = (y, { name }) => {
    const [last, sum] = values[name] as [Tensor, Tensor];
    last.assign(y);
    sum.assign(sum.add(y));
  };
  return { taps: [{ at: '*', output }], values };
}

describe('taps in training and measuring', () => {
  const data = (): Dataset => tensorDataset(images(9, 20), arange(0, 20).remainder(3).cast('i32'));

  test('see in the step of fit what a plain loop sees', async () => {
    const [model, plain] = [network(), network()];
    plain.load(model.state());
    const { taps, values } = lastOutputs(model.eval(), images(1, 10));
    const options = { loss: crossEntropy, epochs: 2, batchSize: 10, shuffle: false, seed: 1 };
    await fit(model, data(), { ...options, optimizer: new SGD({ lr: 0.1 }), taps });
    const optimizer = new SGD({ lr: 0.1 }).attach(plain.namedParameters());
    const byHand = lastOutputs(plain.eval(), images(1, 10));
    plain.train();
    for (const part of [0, 10, 0, 10]) {
      const { x, y } = await data().batch(Int32Array.from({ length: 10 }, (_, index) => part + index));
      const loss = crossEntropy(plain.call(x, callContext({ taps: byHand.taps })), y);
      optimizer.step(gradients(loss, optimizer.parameters));
      for (const each of Object.values(byHand.values).flat()) each.realizeSync();
    }
    for (const name of places)
      for (const index of [0, 1])
        await expectClose(values[name]?.[index] as Tensor, byHand.values[name]?.[index] as Tensor, {
          absolute: 1e-4,
          relative: 1e-4,
        });
  });

  test('see all batches of predict and evaluate', async () => {
    const model = network().eval();
    const all = await data().batch(Int32Array.from({ length: 20 }, (_, index) => index));
    const expected = observed(model, all.x).seen['0.5']?.output.sum(0) as Tensor;
    for (const run of [
      (taps: Tap[]) => predict(model, data(), { batchSize: 10, taps }),
      (taps: Tap[]) => evaluate(model, data(), { accuracy }, { batchSize: 10, taps }),
    ]) {
      const sum = zeros([3]).realizeSync();
      await run([{ at: '0.5', output: (y) => void sum.assign(sum.add(y.sum(0))) }]);
      await expectClose(sum, expected, { absolute: 1e-4, relative: 1e-4 });
    }
  });

  test('change what is predicted', async () => {
    const taps: Tap[] = [{ at: '', output: (y) => y.mul(0) }];
    expect((await predict(network(), data(), { taps })).square().sum().itemSync()).toBe(0);
    await expect(fit(network(), data(), { taps: [3] } as never)).rejects.toThrow(ArgumentError);
  });

  test('have no values to read in a step', async () => {
    const taps: Tap[] = [{ at: '1', output: (y) => void y.arraySync() }];
    await expect(predict(network(), data(), { taps })).rejects.toThrow(LifetimeError);
  });
});

/** Multiplies by what the caller of the model gave. */
class Masked extends Module {
  readonly type = 'test-masked';

  forward(x: Tensor, context?: CallContext): Tensor {
    const mask = context?.slots.testMask;
    return mask ? x.mul(mask) : x;
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

/** A container of the old kind: what it calls is not seen. */
class Forwarding extends Module {
  readonly type = 'test-forwarding';
  readonly inner = this.addModule('inner', square());
  readonly loose = new Masked();
  readonly throughDoor: boolean;

  constructor(throughDoor: boolean) {
    super();
    this.throughDoor = throughDoor;
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    return this.throughDoor ? this.loose.call(x, below(context, 'loose')) : this.inner.forward(x);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

describe('a context', () => {
  test('carries slots down to whoever reads them, compiled or not', () => {
    const model = new Sequential([new Residual(new Sequential([new Masked()]))]);
    const x = tensor([1, 2, 3]);
    const call = (input: Tensor, testMask: Tensor): Tensor =>
      model.call(input, callContext({ slots: { testMask, anything: 'else' } satisfies CallSlots }));
    const mask = tensor([1, 0, 1]);
    expect(call(x, mask).arraySync()).toEqual([2, 2, 6]);
    expect(compile(call)(x, mask).arraySync()).toEqual([2, 2, 6]);
    expect(model.call(x, callContext()).arraySync()).toEqual([2, 4, 6]);
    expect(model.forward(x).arraySync()).toEqual([2, 4, 6]);
  });

  test('that was written by hand is refused', () => {
    const context = { taps: [{ at: '*' }], slots: {} } as unknown as CallContext;
    expect(() => new Masked().call(ones([1]), context)).toThrow('it must be what callContext() gives');
  });

  test('does not change', () => {
    const taps: Tap[] = [];
    const context = callContext({ taps, slots: { a: 1 } });
    taps.push({ at: '*' });
    expect(context.taps).toHaveLength(0);
    for (const part of [context, context.taps, context.slots]) expect(Object.isFrozen(part)).toBe(true);
    expect(below(undefined, 'a')).toBeUndefined();
  });

  test('names a child that its module does not know by what the module calls it', () => {
    expect(Object.keys(observed(new Forwarding(true), ones([2, 3])).seen)).toEqual(['loose', '']);
    expect(Object.keys(observed(new Forwarding(false), ones([2, 3])).seen)).toEqual(['']);
    const unnamed = new (class extends Masked {
      override forward(x: Tensor, context?: CallContext): Tensor {
        return new Masked().call(x, context);
      }
    })();
    expect(() => observed(unnamed, ones([1]))).toThrow(/no such child.*addModule, or call it with below/);
    expect(unnamed.call(ones([1])).arraySync()).toEqual([1]);
  });
});
