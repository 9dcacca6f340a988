/** From JSON to a model. */
import { Generator } from '@espalier/tensor';
import { builtInModules } from '../layers/built-in.ts';
import { noteTrainedBy, trainedBy } from '../loss/trained-by.ts';
import { deriveSeed, streamOf } from '../random/seed.ts';
import { buildContext, type BuildContext } from './build-context.ts';
import type { Module, ModuleConfig } from './module.ts';
import { buildModule, registerModule } from './registry.ts';

/** How a model is built. */
export interface BuildOptions extends Partial<BuildContext> {
  /** Makes the initial values, and the draws of dropout, a function of this number. */
  readonly seed?: number;
}

/**
 * The model a JSON description stands for, freshly initialised. Throws ConfigError naming the place of whatever is wrong
 * in it.
 *
 * @example
 * const model = build({ type: 'sequential', layers: [{ type: 'linear', in: 784, out: 10 }] }, { seed: 7 });
 */
export function build(config: ModuleConfig, options: BuildOptions = {}): Module {
  for (const type of builtInModules) registerModule(type);
  const { seed } = options;
  const generator = options.generator ?? (seed === undefined ? undefined : streamOf(seed, 'init'));
  const model = buildModule(config, buildContext({ ...options, ...(generator && { generator }) }), '');
  return seed === undefined ? model : model.seed(deriveSeed(seed, 'modules'));
}

/**
 * A second model with the same architecture, values and dtype, perhaps on another device; what is not trainable is not
 * trainable there either. Parameter views are not copied: they belong to whoever put them there.
 */
export async function cloneModel(
  model: Module,
  options: Partial<Omit<BuildContext, 'generator'>> = {},
): Promise<Module> {
  const first = model.rawTensors().values().next().value;
  const device = options.device ?? first?.device;
  // Initial values are overwritten, so they must not cost the shared generator any draws.
  const copy = build(model.config(), {
    ...(first && { dtype: first.dtype }),
    ...options,
    ...(device && { device }),
    generator: new Generator(0),
  });
  const moved = [...model.state()].map(
    async ([name, tensor]) => [name, device ? await tensor.to(device) : tensor] as const,
  );
  noteTrainedBy(copy, trainedBy(model));
  const originals = model.namedParameters();
  for (const [name, parameter] of copy.namedParameters())
    parameter.trainable = originals.get(name)?.trainable ?? parameter.trainable;
  return copy.load(new Map(await Promise.all(moved)));
}
