/** Drawn architectures: of all layers whose widths hang together in a way of their own. */
import type { ModuleConfig } from '@espalier/nn';
import type { DType, Shape } from '@espalier/tensor';
import fc from 'fast-check';

/** A model and what it takes. */
export interface Architecture {
  readonly config: ModuleConfig;
  /** Of one example. */
  readonly input: Shape;
  readonly dtype: DType;
}

const sequential = (...layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
const width = fc.integer({ min: 2, max: 6 });
const activation = fc.constantFrom('relu', 'tanh', 'gelu', 'sigmoid').map((type) => ({ type }));
const orNothing = (layer: fc.Arbitrary<ModuleConfig>): fc.Arbitrary<ModuleConfig[]> =>
  fc.option(layer, { nil: undefined }).map((each) => (each ? [each] : []));

/** Linear layers one after the other. */
const chains: fc.Arbitrary<Architecture> = fc
  .record({ sizes: fc.array(width, { minLength: 3, maxLength: 5 }), between: activation, bias: fc.boolean() })
  .map(({ sizes, between, bias }) => ({
    config: sequential(
      ...sizes.slice(1).flatMap((out, index) => [{ type: 'linear', in: sizes[index], out, bias }, between]),
    ),
    input: [sizes[0] as number],
    dtype: 'f32',
  }));

/** What takes an image of some channels and gives one of others. */
function convolution(channels: number, out: number, most = 3): fc.Arbitrary<ModuleConfig[]> {
  const common = [1, 2, 3].filter((groups) => groups <= most && channels % groups === 0 && out % groups === 0);
  return fc
    .record({
      groups: fc.constantFrom(...common),
      bias: fc.boolean(),
      norm: orNothing(fc.constant({ type: 'batch-norm', features: out })),
      after: orNothing(activation),
    })
    .map(({ groups, bias, norm, after }) => [
      { type: 'conv2d', in: channels, out, kernel: 3, padding: 1, groups, bias },
      ...norm,
      ...after,
    ]);
}

/** Convolutions, alone, with a way around them or side by side, then pooled or flattened, then a linear layer. */
const images: fc.Arbitrary<Architecture> = fc
  .record({
    sizes: fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(2, 4, 6), fc.constantFrom(2, 4, 6)),
    end: fc.constantFrom('flatten', 'global-avg-pool'),
    way: fc.constantFrom('none', 'identity', 'projection', 'side-by-side'),
    depthwise: fc.boolean(),
  })
  .chain(({ sizes: [from, middle, out], end, way, depthwise }) =>
    fc
      // The channels of an image are no width: nor are groups of those.
      .tuple(convolution(from, middle, 1), convolution(middle, out), convolution(out, out), convolution(out, out))
      .map(([first, second, third, other]): Architecture => {
        const parts: Readonly<Record<typeof way, ModuleConfig[]>> = {
          none: third,
          identity: [{ type: 'residual', body: sequential(...third) }],
          projection: [
            { type: 'residual', body: sequential(...third), shortcut: { type: 'conv2d', in: out, out, kernel: 1 } },
          ],
          'side-by-side': [{ type: 'side-by-side', parts: [sequential(...third), sequential(...other)] }],
        };
        const channels = way === 'side-by-side' ? 2 * out : out;
        const apart = { type: 'conv2d', in: channels, out: channels, kernel: 3, padding: 1, groups: channels };
        const features = channels * (end === 'flatten' ? 4 : 1);
        return {
          config: sequential(
            ...first,
            { type: 'max-pool2d', size: 2 },
            ...second,
            ...parts[way],
            ...(depthwise ? [apart] : []),
            { type: end },
            { type: 'linear', in: features, out: 3 },
          ),
          input: [from, 4, 4],
          dtype: 'f32',
        };
      }),
  );

/** A layer that stands in two places, with layers from outside that take axes apart. */
const shared: fc.Arbitrary<Architecture> = fc
  .record({ size: width, gated: width, between: activation, isTwice: fc.boolean() })
  .map(({ size, gated, between, isTwice }) => ({
    config: sequential(
      { type: 'linear', in: 3, out: size },
      { type: 'residual', body: sequential({ type: 'linear', in: size, out: size }, between) },
      isTwice ? { type: 'same', as: 'layers[1]' } : between,
      { type: 'linear', in: size, out: 2 * gated },
      { type: 'gate', width: gated },
      { type: 'linear', in: gated, out: 2 },
    ),
    input: [3],
    dtype: 'f32',
  }));

/** Words, perhaps with tied weights, through attention and linear layers with norms before them. */
const sequences: fc.Arbitrary<Architecture> = fc
  .record({
    heads: fc.constantFrom(2, 3),
    headWidth: fc.constantFrom(2, 3),
    hidden: width,
    causal: fc.boolean(),
    bias: fc.boolean(),
    tied: fc.boolean(),
    norm: fc.boolean(),
  })
  .map(({ heads, headWidth, hidden, causal, bias, tied, norm }): Architecture => {
    const [size, count] = [4, 5];
    const around = (...layers: readonly ModuleConfig[]): ModuleConfig => ({
      type: 'residual',
      body: sequential(...(norm ? [{ type: 'layer-norm', shape: size }] : []), ...layers),
    });
    return {
      config: {
        ...sequential(
          { type: 'embedding', count, size },
          { type: 'position-embedding', count: 8, size },
          around({ type: 'self-attention', width: size, heads, headWidth, causal, bias }),
          around(
            { type: 'linear', in: size, out: hidden },
            { type: 'gelu' },
            { type: 'linear', in: hidden, out: size, bias },
          ),
          { type: 'linear', in: size, out: count, bias: false },
        ),
        ...(tied && { ties: { '4.weight': '0.weight' } }),
      },
      input: [4],
      dtype: 'i32',
    };
  });

/** Any of them. */
export const architectures: fc.Arbitrary<Architecture> = fc.oneof(chains, images, shared, sequences);
