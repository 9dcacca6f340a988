import {
  AttentionCache,
  build,
  cacheBytes,
  cacheNumbers,
  callContext,
  ConfigError,
  Sequential,
  type CacheNumbers,
  type Module,
  type SelfAttention,
} from '@espalier/nn';
import {
  concat,
  cpu,
  createReferenceDevice,
  Generator,
  gradients,
  memory,
  noGrad,
  randn,
  ShapeError,
  tensor,
  type Tensor,
} from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectSameInParts, inParts, transformer } from './laws.ts';

const draw = (shape: readonly number[], seed: number): Tensor =>
  randn([...shape], { generator: new Generator(seed) }).realizeSync();

/** Positions in parts of one to nine, as one prompt and what follows it come. */
const someLengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }).map((lengths) => {
  let left = 24;
  return lengths.flatMap((length) => {
    const now = Math.min(length, left);
    left -= now;
    return now > 0 ? [now] : [];
  });
});

const reference = createReferenceDevice('cache');

describe.each(cacheNumbers)('a cache of %s', (numbers) => {
  test('gives what a call with all positions gives, however they come', async () => {
    await fc.assert(
      fc.asyncProperty(someLengths, fc.constantFrom([], [2], [2, 1]), fc.nat(1000), async (lengths, lead, seed) => {
        // Whose sums are the same whatever else is computed with them: a key next to a tie is rounded alike.
        const model = transformer(numbers, reference);
        const length = lengths.reduce((sum, each) => sum + each, 0);
        const x = await draw([...lead, length, 16], seed).to(reference);
        const { outputs, recordings } = inParts(model, x, lengths);
        await expectClose(
          outputs,
          noGrad(() => model.call(x)),
          { absolute: 1e-6, relative: 1e-6 },
        );
        expect(recordings).toBe(new Set(lengths).size);
      }),
      { numRuns: 8 },
    );
  });

  test('gives that on the processor as well, but for keys that are rounded the other way', async () => {
    await expectSameInParts(numbers, cpu());
  });

  test.each(['f16', 'bf16', 'f32', 'f64'] as const)('serves a model of %s in its own dtype', async (dtype) => {
    const description = { type: 'self-attention', width: 8, heads: 2, causal: true, cache: numbers };
    const layer = build(description, { seed: 1, dtype });
    const x = draw([6, 8], 9).cast(dtype);
    const cache = new AttentionCache(layer, { capacity: 8 });
    const parts = [0, 2, 4].map((at) =>
      noGrad(() => layer.call(x.narrow(0, at, 2), callContext({ slots: { attentionCache: cache.from(at) } }))),
    );
    const whole = noGrad(() => layer.call(x));
    expect([whole.dtype, ...parts.map((part) => part.dtype)]).toEqual([dtype, dtype, dtype, dtype]);
    const step = { f16: 2e-3, bf16: 2e-2, f32: 1e-6, f64: 1e-6 }[dtype];
    await expectClose(concat(parts, 0), whole, { absolute: step, relative: step });
  });

  test('takes the bytes that it says', () => {
    const { cache } = inParts(transformer(numbers, cpu()), draw([3, 2, 16], 1), [2]);
    // Three places with four heads of four, keys and values, of three sequences.
    expect(cache.bytes).toBe(3 * 4 * 2 * 3 * 24 * cacheBytes(numbers, 4));
    cache.dispose();
  });
});

describe('what fewer bits cost', () => {
  const attention = (cache: CacheNumbers): SelfAttention =>
    build({ type: 'self-attention', width: 64, heads: 2, causal: true, cache }, { seed: 1 }) as SelfAttention;

  test('is seen without a cache too, and is half a step at most', async () => {
    const x = draw([40, 64], 2);
    const exact = attention('f32').call(x);
    const off = (cache: CacheNumbers): number =>
      noGrad(() => attention(cache).call(x).sub(exact).square().sum().div(exact.square().sum()))
        .sqrt()
        .itemSync();
    const [f16, int8, int4] = [off('f16'), off('int8'), off('int4')];
    expect(f16).toBeGreaterThan(0);
    expect(int8).toBeLessThan(0.01);
    expect(int4).toBeGreaterThan(int8);
    expect(int4).toBeLessThan(0.15);
  });

  test('does not stop gradients', async () => {
    const [exact, rounded] = [attention('f32'), attention('int8')].map((layer) => {
      const x = draw([8, 64], 3).requiresGradients();
      return gradients(layer.call(x).square().sum(), [x])[0];
    }) as [Tensor, Tensor];
    const share = exact.sub(rounded).square().sum().div(exact.square().sum()).sqrt().itemSync();
    expect(share).toBeLessThan(0.05);
    expect(share).toBeGreaterThan(0);
  });

  test('is no more than half a step for numbers of any size', () => {
    const size = fc.double({ min: -3.4e38, max: 3.4e38, noNaN: true }).map(Math.fround);
    const some = fc.array(fc.oneof(size, fc.constantFrom(-3.4e38, 3.4e38, 0, 1, 1e-42, -1e30)), {
      minLength: 4,
      maxLength: 4,
    });
    fc.assert(
      fc.property(some, fc.constantFrom('int8', 'int4'), (numbers, cache) => {
        const layer = build({ type: 'self-attention', width: 4, heads: 1, causal: true, cache }, { seed: 1 });
        const values = tensor([numbers]);
        let kept = values;
        // One position alone is given its own values, as they were kept.
        const taps = [
          { at: 'value', output: () => values },
          { at: 'out', input: (seen: Tensor) => void (kept = seen) },
        ];
        noGrad(() => layer.call(draw([1, 4], 1), callContext({ taps })));
        const exact = [...values.dataSync()];
        const step = Math.max(...exact) / 255 - Math.min(...exact) / 255;
        const half = (cache === 'int8' ? 1 : 17) * step * 0.5001;
        const rounding = Math.max(...exact.map(Math.abs)) * 1e-6 + 1e-40;
        for (const [at, value] of [...kept.dataSync()].entries())
          expect(Math.abs(value - (exact[at] as number))).toBeLessThanOrEqual(half + rounding);
      }),
      { numRuns: 60 },
    );
  });

  test('is kept in the description of the model', () => {
    const layer = attention('int4');
    expect(build(layer.config()).config()).toEqual(layer.config());
    layer.keepIn('f16');
    expect(layer.config()['cache']).toBe('f16');
    expect(() => build({ type: 'self-attention', width: 4, heads: 2, cache: 'int2' })).toThrow(ConfigError);
    expect(() => layer.keepIn('int3' as never)).toThrow(/int3/);
    expect(() => build({ type: 'self-attention', width: 6, heads: 2, cache: 'int4' })).toThrow(
      /3 wide.*multiples of 2/,
    );
  });
});

describe('calls with a cache', () => {
  const model = transformer('f32', cpu());
  const call = (cache: AttentionCache, x: Tensor, position = 0): Tensor =>
    noGrad(() => model.call(x, callContext({ slots: { attentionCache: cache.from(position) } }))).realizeSync();

  test('obey a mask over all of its room', async () => {
    const layer = build({ type: 'self-attention', width: 4, heads: 1, causal: true }, { seed: 2 });
    const x = draw([6, 4], 5);
    const sees = tensor([[true, false, true, true, true, true]]);
    const whole = noGrad(() => layer.call(x, callContext({ slots: { attentionMask: sees } })));
    const cache = new AttentionCache(layer, { capacity: 6 });
    for (const at of [0, 2, 4]) {
      const slots = { attentionMask: sees, attentionCache: cache.from(at) };
      const part = noGrad(() => layer.call(x.narrow(0, at, 2), callContext({ slots })));
      await expectClose(part, whole.narrow(0, at, 2), { absolute: 1e-5, relative: 1e-5 });
    }
  });

  test('obey a mask that is the same for all of it', async () => {
    const layer = build({ type: 'self-attention', width: 4, heads: 1, causal: true }, { seed: 2 });
    const x = draw([3, 4], 5);
    for (const mask of [tensor(true), tensor([true]), tensor([[true], [true], [true]])]) {
      const slots = { attentionMask: mask, attentionCache: new AttentionCache(layer, { capacity: 6 }).from(0) };
      await expectClose(
        noGrad(() => layer.call(x, callContext({ slots }))),
        noGrad(() => layer.call(x)),
        { absolute: 1e-6, relative: 1e-6 },
      );
    }
    const short = {
      attentionMask: tensor([[true, true, true]]),
      attentionCache: new AttentionCache(layer, { capacity: 6 }).from(0),
    };
    expect(() => noGrad(() => layer.call(x, callContext({ slots: short })))).toThrow(
      /attentionMask is \[1, 3\], and the cache has room for 6 positions/,
    );
  });

  test('are refused with a position that is none, and where gradients are wanted', () => {
    const cache = new AttentionCache(model, { capacity: 8, lead: [1] });
    for (const position of [tensor(3.7), tensor(NaN), tensor(true)])
      expect(() => cache.from(position)).toThrow(/the position is (f32|bool); give it as i32/);
    expect(() => cache.from(tensor([0, 1], { dtype: 'i32' }))).toThrow(/a tensor \[2\].*give a scalar/);
    for (const position of [-1, 0.5, NaN]) expect(() => cache.from(position)).toThrow(/from: the position is/);
    const slots = { attentionCache: cache.from(tensor([[0]], { dtype: 'i32' })) };
    expect(() => model.call(draw([1, 2, 16], 8), callContext({ slots }))).toThrow(/no gradient.*noGrad/);
    expect(noGrad(() => model.call(draw([1, 2, 16], 8), callContext({ slots }))).shape).toEqual([1, 2, 16]);
  });

  test('need all of the room: a cache that cannot be made whole leaves nothing behind', () => {
    const layer = (): SelfAttention =>
      build({ type: 'self-attention', width: 6, heads: 2, causal: true }, { seed: 1 }) as SelfAttention;
    const unpacked = Object.defineProperty(layer(), 'keptPerPosition', {
      value: { heads: 2, headWidth: 3, numbers: 'int4' },
    });
    const odd = new Sequential([layer(), unpacked]);
    const before = memory().bytes;
    expect(() => new AttentionCache(odd, { capacity: 5 })).toThrow(/3 wide/);
    expect(memory().bytes).toBe(before);
    new AttentionCache(odd.children().get('0') as Module, { capacity: 5 }).dispose();
    expect(memory().bytes).toBe(before);
  });

  test('go back to where they are told, and forget what came after', async () => {
    const [x, other] = [draw([1, 4, 16], 6), draw([1, 1, 16], 7)];
    const cache = new AttentionCache(model, { capacity: 8, lead: [1] });
    call(cache, x);
    const again = call(cache, other, 2);
    const fresh = new AttentionCache(model, { capacity: 8, lead: [1] });
    call(fresh, x.narrow(1, 0, 2));
    await expectClose(again, call(fresh, other, 2), { absolute: 1e-6, relative: 1e-6 });
  });

  test('are refused where they cannot be right', () => {
    const cache = new AttentionCache(model, { capacity: 8, lead: [1] });
    const x = draw([1, 2, 16], 8);
    expect(() => call(cache, x, 7)).toThrow(/assignAt|position/);
    expect(() => call(cache, draw([2, 2, 16], 8))).toThrow(/made for calls with \[1\] before the positions, not \[2\]/);
    expect(() => call(cache, draw([1, 9, 16], 8))).toThrow(/has room for 8 positions, and the call has 9/);
    const place = cache.from(0);
    const slots = callContext({ slots: { attentionCache: place } });
    noGrad(() => model.call(x, slots));
    expect(() => noGrad(() => model.call(x, slots))).toThrow(/for one call/);
    expect(() => new AttentionCache(build({ type: 'linear', in: 2, out: 2 }), { capacity: 2 })).toThrow(
      /no layer of causal attention/,
    );
    const others = transformer('f32', cpu());
    expect(() => noGrad(() => others.call(x, callContext({ slots: { attentionCache: cache.from(0) } })))).toThrow(
      /another model/,
    );
    const twoWays = build({ type: 'self-attention', width: 16, heads: 1 });
    const both = callContext({ slots: { attentionCache: cache.from(0) } });
    expect(() => noGrad(() => twoWays.call(x, both))).toThrow(/what comes later/);
    expect(() => new AttentionCache(twoWays, { capacity: 2 })).toThrow(/no layer of causal attention/);
    const long = new AttentionCache(model, { capacity: 25, lead: [1] });
    expect(() => call(long, x)).toThrow(ShapeError);
    expect(() => model.call(x, callContext({ slots: { attentionCache: 3 as never } }))).toThrow(/attentionCache is 3/);
  });
});
