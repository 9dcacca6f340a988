import {
  batchNorm,
  compile,
  concat,
  cpu,
  createCpuDevice,
  createReferenceDevice,
  crossEntropy,
  Generator,
  gradients,
  LifetimeError,
  memory,
  noGrad,
  ones,
  OutOfMemoryError,
  rand,
  randn,
  randint,
  scope,
  tensor,
  zeros,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('compile', () => {
  test('records once per signature and gives what the function gives', () => {
    const fn = (x: Tensor, options: { scale: number }): { sum: Tensor; list: Tensor[] } => ({
      sum: x.sum(),
      list: [x.mul(options.scale), x.t()],
    });
    const compiled = compile(fn);
    const x = randn([3, 4]);
    const [a, b] = [compiled(x, { scale: 2.5 }), fn(x, { scale: 2.5 })];
    expect(a.sum.itemSync()).toBeCloseTo(b.sum.itemSync(), 5);
    expect(a.list.map((part) => part.arraySync())).toEqual(b.list.map((part) => part.arraySync()));
    compiled(randn([3, 4]), { scale: 2.5 });
    expect(compiled.recordings).toBe(1);
    compiled(randn([2, 4]), { scale: 2.5 });
    compiled(x, { scale: 3 });
    expect(compiled.recordings).toBe(3);
  });

  test('reads captured tensors at each call and updates assigned ones', () => {
    const state = tensor([1, 2]);
    const other = tensor([10, 20]);
    const step = compile((x: Tensor) => {
      state.assign(state.add(x.mul(other)));
      return state.sum();
    });
    expect(step(tensor([1, 1])).itemSync()).toBe(33);
    expect(state.arraySync()).toEqual([11, 22]);
    other.assign(tensor([0, 1]));
    expect(step(tensor([5, 5])).itemSync()).toBe(38);
    expect(state.arraySync()).toEqual([11, 27]);
    state.assign(zeros([2]));
    expect(step(tensor([5, 5])).itemSync()).toBe(5);
  });

  test('a tensor made from the old value keeps it when the state is updated in place', () => {
    const state = tensor([1, 2]);
    const step = compile(() => {
      state.assign(state.mul(2));
    });
    const before = state.detach();
    const lazy = state.add(100);
    step();
    step();
    expect(state.arraySync()).toEqual([4, 8]);
    expect(before.arraySync()).toEqual([1, 2]);
    expect(lazy.arraySync()).toEqual([101, 102]);
  });

  test('states that read each other see the old values', () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([10, 20, 30])];
    const swap = compile(() => {
      const [x, y] = [a.add(0), b.add(0)];
      a.assign(y.flip(0));
      b.assign(x.mul(2));
    });
    swap();
    expect([a.arraySync(), b.arraySync()]).toEqual([
      [30, 20, 10],
      [2, 4, 6],
    ]);
    swap();
    expect([a.arraySync(), b.arraySync()]).toEqual([
      [6, 4, 2],
      [60, 40, 20],
    ]);
  });

  test('two states swap without losing one', () => {
    const [a, b, c] = [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])];
    const rotate = compile(() => {
      const [x, y, z] = [a.detach(), b.detach(), c.detach()];
      a.assign(y);
      b.assign(z);
      c.assign(x);
    });
    rotate();
    expect([a, b, c].map((state) => state.arraySync())).toEqual([
      [3, 4],
      [5, 6],
      [1, 2],
    ]);
    rotate();
    expect([a, b, c].map((state) => state.arraySync())).toEqual([
      [5, 6],
      [1, 2],
      [3, 4],
    ]);
  });

  test('what it assigns to an argument is there after each call, as without compile', () => {
    const accumulate = (z: Tensor, w: Tensor): void => {
      z.assign(z.add(w));
    };
    const step = compile(accumulate);
    const [z, other] = [tensor([1, 2, 3]), tensor([0, 0, 0])];
    const [before, lazy] = [z.detach(), z.mul(10)];
    step(z, tensor([10, 20, 30]));
    step(z, tensor([1, 1, 1]));
    step(other, z);
    expect([z.arraySync(), other.arraySync()]).toEqual([
      [12, 23, 34],
      [12, 23, 34],
    ]);
    // What was computed from the old value keeps it.
    expect([before.arraySync(), lazy.arraySync()]).toEqual([
      [1, 2, 3],
      [10, 20, 30],
    ]);
    // A value that does not depend on the old one.
    const set = compile((target: Tensor, value: Tensor) => target.assign(value.mul(2)));
    set(z, tensor([1, 2, 3]));
    expect(z.arraySync()).toEqual([2, 4, 6]);
  });

  test('an argument that is given twice, or captured too, is one tensor', () => {
    const both = compile((a: Tensor, b: Tensor) => {
      a.assign(a.add(b));
      return b.mul(1);
    });
    const x = tensor([1, 2]);
    expect(both(x, x).arraySync()).toEqual([2, 4]);
    expect(x.arraySync()).toEqual([2, 4]);
    expect(both(x, tensor([1, 1])).arraySync()).toEqual([1, 1]);
    expect(x.arraySync()).toEqual([3, 5]);
    const big = zeros([300]).add(1).realizeSync();
    const captured = compile((a: Tensor) => {
      a.assign(a.add(1));
      return big.flip(0).add(0);
    });
    expect(captured(big).sum().itemSync()).toBe(300);
    expect(big.sum().itemSync()).toBe(600);
    expect(
      captured(zeros([300]))
        .sum()
        .itemSync(),
    ).toBe(600);
  });

  test('two tensors that shared a value when the step was recorded go their own ways', () => {
    const a = tensor([1, 2]);
    const b = a.detach();
    const step = compile(() => {
      a.assign(a.add(1));
      return b.add(0);
    });
    expect([step(), step(), step()].map((value) => value.arraySync())).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const [c, d] = [tensor([1]), tensor([0])];
    d.assign(c.detach());
    const twice = compile(() => {
      c.assign(c.add(1));
      d.assign(d.mul(3));
    });
    twice();
    twice();
    expect([c.arraySync(), d.arraySync()]).toEqual([[3], [9]]);
  });

  test.each<[string, (b: Tensor) => Tensor]>([
    ['neg', (b) => b.neg()],
    ['add', (b) => b.add(0)],
    ['mul, on the right', (b) => ones([3, 2]).mul(b)],
    ['sum', (b) => b.sum()],
    ['reshape', (b) => b.reshape(2, 1)],
    ['concat', (b) => concat([b, ones([1])])],
    ['where', (b) => b.where(b.gt(1), 0)],
    ['the moments of batchNorm', (b) => batchNorm(ones([3, 2]), { mean: b, variance: ones([2]) }).output],
    ['lerp', (b) => ones([2]).lerp(b, 0.5)],
    ['softmax', (b) => b.softmax()],
    ['assign', (b) => (b.assign(b), b.detach())],
    ['whoever called the step', (b) => b],
  ])('so do those of which the second is first read by %s', (_, read) => {
    const a = tensor([1, 2]);
    const b = tensor([0, 0]);
    b.assign(a.detach());
    const wanted = read(tensor([1, 2])).arraySync();
    const step = compile(() => {
      a.assign(a.lerp(ones([2]).mul(9), 0.5));
      return read(b);
    });
    expect([step(), step(), step()].map((value) => value.arraySync())).toEqual([wanted, wanted, wanted]);
    expect(b.arraySync()).toEqual([1, 2]);
  });

  test.each([cpu(), createReferenceDevice('states')])(
    'any states, captured or given, are updated as without compile on $name',
    (device) => {
      /** State `target` becomes a combination of two states, at once or after others were assigned. */
      const update = fc.record({
        target: fc.nat({ max: 3 }),
        left: fc.nat({ max: 3 }),
        right: fc.nat({ max: 3 }),
        form: fc.constantFrom('add', 'flip', 'total', 'copy', 'product'),
      });
      /** States that have the value of another at first, and share it. */
      const shares = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { maxLength: 3 });
      const forms: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
        add: (a, b) => a.sub(b),
        flip: (a, b) => a.flip(0).add(b),
        total: (a, b) => a.maximum(b.sum()).minimum(50),
        copy: (a) => a.detach(),
        product: (a, b) => a.reshape(10, 10).matmul(b.reshape(10, 10)).reshape(100).clamp(-9, 9),
      };
      fc.assert(
        fc.property(fc.array(update, { minLength: 1, maxLength: 7 }), shares, (updates, sharing) => {
          const make = (): Tensor[] => {
            const states = [0, 1, 2, 3].map((i) =>
              tensor(
                Array.from({ length: 100 }, (_, j) => ((i * 7 + j) % 5) - 2),
                { device },
              ),
            );
            for (const [to, from] of sharing) states[to]?.assign((states[from] as Tensor).detach());
            return states;
          };
          const run = (states: readonly Tensor[]): Tensor => {
            for (const { target, left, right, form } of updates)
              states[target]?.assign(
                (forms[form] as (typeof forms)['add'])(states[left] as Tensor, states[right] as Tensor).clamp(-99, 99),
              );
            return (states[0] as Tensor).add(states[3] as Tensor);
          };
          const [plain, given] = [make(), make()];
          const step = compile((a: Tensor, b: Tensor) => run([a, b, given[2] as Tensor, given[3] as Tensor]));
          for (let i = 0; i < 3; i++) {
            const [expected, found] = [run(plain).dataSync(), step(given[0] as Tensor, given[1] as Tensor).dataSync()];
            expect(found).toEqual(expected);
            for (const [k, state] of plain.entries()) expect(given[k]?.dataSync()).toEqual(state.dataSync());
          }
          step.dispose();
        }),
        { numRuns: 80 },
      );
    },
  );

  test('a host argument is uploaded when it changes, and not at each call', () => {
    const device = createCpuDevice({ name: 'uploads' });
    let writes = 0;
    const write = device.write.bind(device);
    device.write = (...args): void => {
      writes++;
      write(...args);
    };
    const step = compile((x: Tensor) => x.sum());
    const [x, y] = [tensor([1, 2, 3], { device }), tensor([4, 5, 6], { device })];
    for (let i = 0; i < 10; i++) expect(step(x).itemSync()).toBe(6);
    expect(writes).toBe(1);
    expect([step(y).itemSync(), step(x).itemSync()]).toEqual([15, 6]);
    x.assign(tensor([7, 7, 7], { device }));
    expect(step(x).itemSync()).toBe(21);
    device.dispose();
  });

  test('a step that is too large keeps nothing, and another one has room', () => {
    const device = createCpuDevice({ name: 'small', maximumBytes: 16 * 2 ** 20 });
    const w = ones([64, 64], { device }).add(0).realizeSync();
    const trial = (rows: number): number => {
      const step = compile((x: Tensor) => {
        const h = x.expand([rows, 64]).matmul(w).relu().matmul(w);
        w.assign(w.mul(1));
        return h.mean().add(h.matmul(w).mean());
      });
      return step(zeros([1, 64], { device })).itemSync();
    };
    trial(8);
    const before = device.memory();
    for (let i = 0; i < 5; i++) expect(() => trial(100_000)).toThrow(OutOfMemoryError);
    expect(() => trial(100_000)).toThrow(/^compile: no room for a buffer of a compiled step of \d+\.\d MiB: /);
    expect(device.memory().bytes).toBeLessThanOrEqual(before.bytes);
    // Steps that nobody disposed of do not fill it either.
    for (let i = 0; i < 40; i++) expect(trial(8192 + i)).toBe(0);
    device.dispose();
  });

  test('results that are views of one value live and are assigned to each by itself, also where it is a state', () => {
    const state = zeros([2, 2]);
    const step = compile((x: Tensor) => {
      const rows = x.sum(1, { keepDims: true });
      const next = state.add(x);
      state.assign(next);
      return { rows, flat: rows.reshape(2), next: next.reshape(4) };
    });
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const { rows, flat, next } = step(x);
    step(x);
    compile(() => flat.assign(flat.add(1)))();
    expect(flat.arraySync()).toEqual([4, 8]);
    expect(rows.arraySync()).toEqual([[3], [7]]);
    expect(next.arraySync()).toEqual([1, 2, 3, 4]);
    expect(state.arraySync()).toEqual([
      [2, 4],
      [6, 8],
    ]);
  });

  test('an argument returned as it is comes back as a copy', () => {
    const identity = compile((x: Tensor) => x);
    const x = tensor([1, 2, 3]);
    expect(identity(x).arraySync()).toEqual([1, 2, 3]);
  });

  test('random draws are new at each call and replay from the generator', () => {
    const generator = new Generator(7);
    const draw = compile(() => rand([4], { generator }));
    const start = generator.state();
    const [first, second] = [draw().arraySync(), draw().arraySync()];
    expect(first).not.toEqual(second);
    generator.setState({ ...start, draws: generator.state().draws - 2 });
    expect([draw().arraySync(), draw().arraySync()]).toEqual([first, second]);
  });

  test('reading a value inside says what to do', () => {
    const step = compile((x: Tensor) => (x.sum().itemSync() > 0 ? x : x.neg()));
    expect(() => step(tensor([1]))).toThrow(LifetimeError);
    expect(() => step(tensor([1]))).toThrow(/return it and read it outside/);
  });

  test.each([cpu(), createReferenceDevice('compile')])('trains like the uncompiled loop on $name', (device) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const make = (): { w: Tensor; b: Tensor } => {
          const generator = new Generator(seed);
          return {
            w: randn([5, 3], { generator, device }).requiresGradients(),
            b: zeros([3], { device }).requiresGradients(),
          };
        };
        const generator = new Generator(seed + 1);
        const x = randn([8, 5], { generator, device });
        const y = randint(0, 3, [8], { generator, device });
        const update = ({ w, b }: { w: Tensor; b: Tensor }): Tensor => {
          const loss = crossEntropy(x.matmul(w).add(b), y);
          const [dw, db] = gradients(loss, [w, b]);
          noGrad(() => {
            w.assign(w.sub(dw.mul(0.5)));
            b.assign(b.sub(db.mul(0.5)));
          });
          return loss;
        };
        const [plain, replayed] = [make(), make()];
        const step = compile(() => update(replayed));
        for (let i = 0; i < 4; i++) expect(step().itemSync()).toBeCloseTo(update(plain).itemSync(), 5);
        const difference = plain.w.sub(replayed.w).abs().max().itemSync();
        expect(difference).toBeLessThan(1e-5);
      }),
      { numRuns: 5 },
    );
  });
});

describe('memory', () => {
  test('10,000 steps of a synchronous loop hold memory flat after the first hundred', () => {
    const generator = new Generator(3);
    const w = randn([20, 10], { generator }).requiresGradients();
    const images = Array.from({ length: 8 }, () => randn([16, 20], { generator }).arraySync() as number[][]);
    const y = randint(0, 10, [16], { generator });
    const step = compile((x: Tensor) => {
      const loss = crossEntropy(x.matmul(w), y);
      const [gradient] = gradients(loss, [w]);
      noGrad(() => w.assign(w.sub(gradient.mul(0.01))));
      return loss;
    });
    const run = (count: number): void => {
      // No scope and no dispose: batches come from JavaScript, and losses go back to it.
      for (let i = 0; i < count; i++) expect(step(tensor(images[i % 8] ?? [])).itemSync()).toBeGreaterThan(0);
    };
    run(100);
    const { bytes, buffers } = memory(cpu());
    run(10_000);
    expect(memory(cpu())).toEqual({ bytes, buffers });
  });

  test('an uncompiled loop in scopes holds memory flat too', () => {
    const w = randn([20, 10]).requiresGradients();
    const y = randint(0, 10, [16]);
    const once = (): number =>
      scope(() => {
        const loss = crossEntropy(randn([16, 20]).matmul(w), y);
        const [gradient] = gradients(loss, [w]);
        noGrad(() => w.assign(w.sub(gradient.mul(0.01))));
        w.realizeSync();
        return loss.itemSync();
      });
    for (let i = 0; i < 20; i++) once();
    const { bytes, buffers } = memory(cpu());
    for (let i = 0; i < 300; i++) once();
    expect(memory(cpu())).toEqual({ bytes, buffers });
  });

  test('scope frees what it does not return, keep() exempts, and a disposed tensor says so', () => {
    const before = memory(cpu());
    let inner: Tensor | undefined;
    const [kept, lost] = scope((): [Tensor, Tensor] => {
      const big = randn([1000]).realizeSync();
      inner = big.add(2).realizeSync();
      return [big, big.add(1)];
    });
    expect(inner?.isDisposed).toBe(true);
    expect(kept.isDisposed || lost.isDisposed).toBe(false);
    kept.dispose();
    lost.dispose();
    expect(memory(cpu())).toEqual(before);
    expect(() => kept.add(1)).toThrow(/disposed/);
  });
});
