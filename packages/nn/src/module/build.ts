/** From JSON to a model. */
import { Generator, type Tensor } from '@espalier/tensor';
import { check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { aSeed } from '../config/rules.ts';
import { addBuiltIn } from '../layers/known.ts';
import { noteTrainedBy, trainedBy } from '../loss/trained-by.ts';
import { deriveSeed, streamOf } from '../random/seed.ts';
import { buildContext, contextRules, type BuildContext } from './build-context.ts';
import { loadTensors } from './load-state.ts';
import type { Module, ModuleConfig } from './module.ts';
import { toBeOverwritten, type Parameter } from './parameter.ts';
import { buildModule } from './registry.ts';
import { aModule } from './rule.ts';

/** How a model is built. */
export interface BuildOptions extends Partial<BuildContext> {
  /** Makes the initial values, and the draws of dropout, a function of this number. */
  readonly seed?: number;
}

const { generator: _, ...cloneRules } = contextRules;
const buildRules: OptionRules<BuildOptions> = { ...contextRules, seed: aSeed };

/**
 * The model a JSON description stands for, freshly initialised.
 * @throws {ConfigError} naming the place of whatever is wrong in it.
 *
 * @example
 * const model = build({ type: 'sequential', layers: [{ type: 'linear', in: 784, out: 10 }] }, { seed: 7 });
 */
export function build(config: ModuleConfig, options: BuildOptions = {}): Module {
  checkOptions('build', options, buildRules);
  addBuiltIn();
  const { seed } = options;
  const generator = options.generator ?? (seed === undefined ? undefined : streamOf(seed, 'init'));
  const model = buildModule(config, buildContext({ ...options, ...(generator && { generator }) }), '');
  return seed === undefined ? model : model.seed(deriveSeed(seed, 'modules'));
}

/**
 * A second model with the same architecture, values and dtype, perhaps on another device; what is not trainable is not
 * trainable there either. Parameter views are not copied: they belong to whoever put them there. What stands before a weight
 * (`Parameter.inputs`) is.
 */
export async function cloneModel(
  model: Module,
  options: Partial<Omit<BuildContext, 'generator'>> = {},
): Promise<Module> {
  check('cloneModel', 'model', model, aModule);
  checkOptions<Partial<Omit<BuildContext, 'generator'>>>('cloneModel', options, cloneRules);
  const originals = model.namedParameters();
  const [first = model.buffers()[0]] = originals.values();
  const device = options.device ?? first?.device;
  // Initial values are overwritten, so they must not cost the shared generator any draws.
  const copy = toBeOverwritten(() =>
    build(model.config(), {
      ...(first && { dtype: first.dtype }),
      ...options,
      ...(device && { device }),
      generator: new Generator(0),
    }),
  );
  noteTrainedBy(copy, trainedBy(model));
  const copies = copy.namedParameters();
  const dense = [...originals].filter(([, { stored }]) => !stored).map(([name, { tensor }]) => [name, tensor] as const);
  const values = await Promise.all(
    [...dense, ...model.namedBuffers()].map(async ([name, tensor]): Promise<[string, Tensor]> => {
      const now = tensor.detach().realizeSync();
      return [name, device ? await now.to(device) : now];
    }),
  );
  const into = [...copy.rawTensors()].filter(([name]) => !originals.get(name)?.stored);
  loadTensors('cloneModel', new Map(into), new Map(values));
  for (const [name, original] of originals) {
    const parameter = copies.get(name) as Parameter;
    const { stored, trainable } = original;
    parameter.trainable = trainable;
    parameter.mayKeepDense = original.mayKeepDense;
    for (const view of original.inputs) parameter.inputs.push(await view.copy(parameter.device));
    // In handles of its own: the original disposes of its matrix when it becomes dense.
    if (stored) parameter.store({ ...stored, matrix: await stored.matrix.to(device ?? stored.matrix.device) });
  }
  return copy;
}
