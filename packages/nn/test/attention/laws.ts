import { AttentionCache, build, callContext, type CacheNumbers, type Module, type ModuleConfig } from '@espalier/nn';
import { compile, concat, Generator, noGrad, randn, tensor, type Device, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';

/** Two layers of attention, one of which stands in two places, over learned positions. */
export function transformer(cache: CacheNumbers, device: Device): Module {
  const attention: ModuleConfig = { type: 'self-attention', width: 16, heads: 4, causal: true, cache };
  const norm: ModuleConfig = { type: 'layer-norm', shape: [16] };
  const layers: ModuleConfig[] = [
    { type: 'position-embedding', count: 24, size: 16, init: { type: 'normal', std: 1 } },
    { type: 'residual', body: { type: 'sequential', layers: [norm, attention] } },
    attention,
    { type: 'same', as: 'layers[2]' },
  ];
  return build({ type: 'sequential', layers }, { seed: 1, device });
}

/** The outputs of a model for [...lead, length, features], some positions at a time, and the recordings that took. */
export function inParts(
  model: Module,
  x: Tensor,
  lengths: readonly number[],
): { readonly outputs: Tensor; readonly recordings: number; readonly cache: AttentionCache } {
  const cache = new AttentionCache(model, { capacity: 24, lead: x.shape.slice(0, -2) });
  const step = compile((part: Tensor, position: Tensor) =>
    noGrad(() => model.call(part, callContext({ slots: { attentionCache: cache.from(position) } }))),
  );
  let position = 0;
  const parts = lengths.map((length) => {
    const part = x.narrow(-2, position, length).realizeSync();
    const output = step(part, tensor(position, { dtype: 'i32', device: x.device }));
    position += length;
    return output;
  });
  return { outputs: concat(parts, -2), recordings: step.recordings, cache };
}

/** What a key or a value next to a tie changes of an output, by numbers. */
const oneStep: Readonly<Record<CacheNumbers, number>> = { f32: 1e-4, f16: 4e-3, int8: 0.05, int4: 0.5 };

/** Expects the outputs for a sequence in parts to be those for the whole. */
export async function expectSameInParts(numbers: CacheNumbers, device: Device): Promise<void> {
  const model = transformer(numbers, device);
  const x = await randn([2, 10, 16], { generator: new Generator(1) }).to(device);
  const { outputs } = inParts(model, x, [5, 1, 1, 3]);
  const whole = noGrad(() => model.call(x));
  await expectClose(outputs, whole, { absolute: oneStep[numbers], relative: 1e-4 });
}
