/** Models out of files of tensors: by a description of their layers, by the module that was saved, or as tensors alone. */
import { buildForValues, ConfigError, type Module, type ModuleConfig } from '@espalier/nn';
import { defaultDevice, isFloat, type Device, type DType, type Tensor } from '@espalier/tensor';
import { aDevice, anObject, check, checkOptions, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { describeTorchModule } from '../containers/pytorch/describe-module.ts';
import type { PyTorchSource } from '../containers/pytorch/open-pytorch.ts';
import { describeMember } from '../families/family.ts';
import { refuseIn } from '../containers/pytorch/torch-tensor.ts';
import { fileDType } from '../tensors/dtypes.ts';
import { readTensor } from '../tensors/read-tensor.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';
import { matchNames, type StateNames } from './state-names.ts';
import { describeTensors, registerTensors } from './tensors-module.ts';

/** A model out of a file. */
export interface ImportedModel {
  /** In evaluation mode. */
  readonly module: Module;
  /** The names of its parameters and buffers, each with that of the file. */
  readonly names: ReadonlyMap<string, string>;
  /** Tensors of the file that are not in the module: counters, ties, whole numbers. */
  readonly others: readonly string[];
  /** What the layers are known from; `tensors` where they are not. */
  readonly by: 'description' | 'module' | 'tensors';
  /** Why layers are not known, though the file has a whole module. */
  readonly note: string | undefined;
}

/** How a model is made. */
export interface ImportOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Default: those that the family of the model gives, else `name`. */
  readonly names?: StateNames;
}

const options: OptionRules<ImportOptions> = {
  device: aDevice,
  names: ruleOf<StateNames>(
    "'name', 'order', or a map of names",
    (value) => value === 'name' || value === 'order' || value instanceof Map,
  ),
};

/**
 * A model of a description with the values of a file, its shapes checked. A description may be that of a family
 * (`{ type: 'resnet', depth: 18 }`), whose sizes are those of the file.
 * @throws {StateError} listing names that are missing or unexpected, and shapes that differ.
 * @throws {ConfigError} for a description of no model.
 *
 * @example
 * const source = await openTensorFile('model.pth');
 * const { module } = await stateDictModel(source, { type: 'linear', in: 4, out: 2 });
 */
export async function stateDictModel(
  source: TensorSource,
  model: ModuleConfig,
  given: ImportOptions = {},
): Promise<ImportedModel> {
  check<ModuleConfig>('stateDictModel', 'model', model, anObject as never);
  const { device = defaultDevice(), names } = checkOptions('stateDictModel', given, options);
  const shapes = new Map([...source.tensors].map(([name, { shape }]) => [name, shape]));
  const member = describeMember(model, shapes);
  const known = { by: 'description', note: undefined } as const;
  return filled(source, member?.config ?? model, device, names ?? member?.names ?? 'name', known);
}

/** A dtype of scales, which are no weights. */
const withoutZero = 'F8_E8M0';

/** What a source of PyTorch has beside what all have. */
function asPyTorch(source: TensorSource): PyTorchSource | undefined {
  return source.format === 'pytorch' && 'state' in source ? (source as PyTorchSource) : undefined;
}

/**
 * A model out of a file alone: of the layers of a whole module of PyTorch, if there is one whose classes are known, else of
 * tensors that nothing computes with.
 * @throws {FormatError} for values that are damaged.
 */
export async function importModel(
  source: TensorSource,
  given: Omit<ImportOptions, 'names'> = {},
): Promise<ImportedModel> {
  const { device = defaultDevice() } = checkOptions('importModel', given, { device: aDevice });
  const pickled = asPyTorch(source);
  let note: string | undefined;
  if (pickled?.state.module) {
    try {
      const refuse = refuseIn(source.name, pickled.file.offset);
      const { config, names } = describeTorchModule(pickled.state.module, refuse);
      const theirs = new Map([...names].map(([own, name]) => [own, name.slice(pickled.prefix.length)]));
      return await filled(source, config, device, theirs, { by: 'module', note });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      note = error.message;
    }
  }
  registerTensors();
  const shapes = [...source.tensors].flatMap(([name, { dtype, shape }]) => {
    const own = fileDType(dtype)?.dtype;
    return own !== undefined && isFloat(own) && dtype !== withoutZero ? [[name, shape] as const] : [];
  });
  const names = new Map(shapes.map(([name]) => [name, name]));
  const ties = [...source.ties].filter(([name]) => names.has(name));
  return filled(source, describeTensors(new Map(shapes), new Map(ties)), device, names, { by: 'tensors', note });
}

/** Builds a model and reads its values, each as f32 at least: passes work on nothing narrower. */
async function filled(
  source: TensorSource,
  config: ModuleConfig,
  device: Device,
  by: StateNames,
  known: Pick<ImportedModel, 'by' | 'note'>,
): Promise<ImportedModel> {
  const module = buildForValues(config, new Map<string, DType>(), device);
  const { names, others } = known.by === 'tensors' ? ofTensors(module, source) : matchNames(module, source, by);
  const values = new Map<string, Tensor>();
  for (const [own, name] of names) values.set(own, await readTensor(source, name, { device }));
  module.load(values).eval();
  for (const value of values.values()) value.dispose();
  return { module, names, others, ...known };
}

/** Every parameter under its own name; ties and whole numbers are others. */
function ofTensors(module: Module, source: TensorSource): Pick<ImportedModel, 'names' | 'others'> {
  const names = new Map([...module.namedParameters().keys()].map((name) => [name, name]));
  return { names, others: [...source.tensors.keys()].filter((name) => !names.has(name)) };
}
