/** Models of families out of folders of Hugging Face and GGUF files, their weights straight to a device. */
import { buildForValues, ConfigError, FormatError, type Module, type ModuleConfig } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { defaultDevice, TensorError, warnOnce, type Device } from '@espalier/tensor';
import { aDevice, anObject, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import type { ModelFolder } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { registerFamilies } from '../family.ts';
import type { FileDescription } from './description.ts';
import type { FamilyFormat, FileFamily, SaidModel } from './file-family.ts';
import { fill } from './fill.ts';
import { Said } from './said.ts';
import { soundPlace } from './sound-place.ts';

/** How a model is opened. */
export interface OpenModelOptions {
  /** Default: `defaultDevice()`. Where that multiplies wrongly with weights of the model, it is the cpu, and `notes` says so. */
  readonly device?: Device;
  /**
   * What weights are kept in: in the blocks that they are stored in, where the engine has a format for them, or as f32. What
   * becomes f32 although blocks were asked for, `notes` says. Default: stored.
   */
  readonly weights?: 'stored' | 'f32';
  /**
   * What weights meet where products compute from their blocks: activations as they are, or rounded in groups of 32 to codes of
   * 16 or 8 bits, which is faster. Where codes of a weight have more than 4 bits, as those of an output layer often have, 16 bits
   * are as fast as 8, and are taken for both. Default: f32.
   */
  readonly activations?: 'f32' | 'int16-groups' | 'int8-groups';
}

const optionRules: OptionRules<OpenModelOptions> = {
  device: aDevice,
  weights: oneOf('stored', 'f32'),
  activations: oneOf('f32', 'int16-groups', 'int8-groups'),
};

/** An opened model of some family. */
export interface OpenedMember<Family extends FileFamily> {
  readonly module: Module;
  readonly family: Family;
  readonly description: FileDescription;
}

/** What a file says of a model, before any of its weights is read. */
export interface FoundMember<Family extends FileFamily> {
  readonly family: Family;
  readonly model: SaidModel;
  readonly source: TensorSource;
  readonly description: Pick<FileDescription, 'said' | 'format' | 'metadata' | 'notes'>;
  /** Where it is described, for errors. */
  readonly place: string;
}

/**
 * Finds out what model of some families a file holds.
 * @throws {FormatError} for a family that is not among them, and for what a model asks for and there is not, by name.
 */
export function findMember<Family extends FileFamily>(
  families: readonly Family[],
  from: ModelFolder | TensorSource,
): Promise<FoundMember<Family>> {
  registerFamilies();
  return 'config' in from ? inFolder(families, from) : inGguf(families, from);
}

/**
 * Opens a model of one of some families.
 * @throws {FormatError} for a family that is not among them, for what a model asks for and there is not, by name, and for tensors
 * that are missing or have no place.
 */
export async function openMember<Family extends FileFamily>(
  operation: string,
  families: readonly Family[],
  from: ModelFolder | TensorSource,
  options: OpenModelOptions,
): Promise<OpenedMember<Family>> {
  check<object>(operation, 'from', from, anObject);
  const {
    device = defaultDevice(),
    weights = 'stored',
    activations = 'f32',
  } = checkOptions(operation, options, optionRules);
  const found = await findMember(families, from);
  const { family, source, description } = found;
  const { model, parts, prefix, unused = [] } = found.model;
  const names = new Set([...parts.values()].map(({ name }) => name));
  const place = await soundPlace(operation, source, names, { device, weights, activations });
  const module = built(family, model, place.device, found.place);
  const filled = await fill(module, source, parts, { ...place, weights, activations, unused });
  const { others } = filled;
  const notes = [...place.notes, ...filled.notes];
  for (const note of notes) warnOnce(module, `${operation}: ${note}`);
  return {
    module: module.eval(),
    family,
    description: {
      family: family.type,
      model,
      ...(prefix !== undefined && { prefix }),
      ...description,
      notes: [...description.notes, ...notes],
      unused: others,
    },
  };
}

/** @throws {FormatError} for sizes and settings that no layer has, which are those of the file. */
function built(family: FileFamily, model: ModuleConfig, device: Device, place: string): Module {
  try {
    return buildForValues(family.layers(model), new Map(), device);
  } catch (error) {
    if (error instanceof TensorError || error instanceof ConfigError)
      throw new FormatError(place, 0, `describes no model: ${error.message}`);
    throw error;
  }
}

/** @throws {FormatError} for what the family has no words for, which is what the file says. */
async function modelOf(format: FamilyFormat, said: Said, source: TensorSource, type: string): Promise<SaidModel> {
  try {
    return await format.read(said, source, type);
  } catch (error) {
    if (error instanceof ConfigError) throw new FormatError(said.source, 0, `describes no model: ${error.message}`);
    throw error;
  }
}

/** The family that calls its models so in a format. */
function familyOf<Family extends FileFamily>(
  families: readonly Family[],
  format: 'huggingFace' | 'gguf',
  said: Said,
  key: string,
): readonly [Family, FamilyFormat, string] {
  const name = said.text(key);
  for (const family of families) {
    const known = family[format];
    if (known?.names.includes(name)) return [family, known, name];
  }
  const all = families.flatMap((family) => family[format]?.names ?? []);
  return said.refuse(key, `is ${showName(name)}, which is no family that is opened here; known are ${all.join(', ')}`);
}

async function inFolder<Family extends FileFamily>(
  families: readonly Family[],
  { config, tensors: source }: ModelFolder,
): Promise<FoundMember<Family>> {
  const place = `${source.name} (config.json)`;
  const said = new Said(place, config);
  const [family, format, type] = familyOf(families, 'huggingFace', said, 'model_type');
  checkLayers(said, format.layersKey, source);
  const model = await modelOf(format, said, source, type);
  const notes = said.unread().map((key) => `${key} of config.json is not known here, and not looked at`);
  return { family, model, source, place, description: { said: type, format: 'huggingface', metadata: config, notes } };
}

async function inGguf<Family extends FileFamily>(
  families: readonly Family[],
  source: TensorSource,
): Promise<FoundMember<Family>> {
  const { metadata, name: place } = source;
  const said = new Said(place, metadata);
  const [family, format, type] = familyOf(families, 'gguf', said, 'general.architecture');
  checkLayers(said, format.layersKey.replace(/^A(?=\.)/u, type), source);
  const model = await modelOf(format, said, source, type);
  const notes = said
    .unread()
    .filter((key) => key.startsWith(`${type}.`))
    .map((key) => `${key} is not known here, and not looked at`);
  return { family, model, source, place, description: { said: type, format: 'gguf', metadata, notes } };
}

/** Each layer has tensors: a number that is none takes no memory. */
function checkLayers(said: Said, key: string, { tensors }: TensorSource): void {
  if (said.has(key) && said.count(key) > tensors.size)
    said.refuse(key, `is ${said.count(key)}, and there are ${tensors.size} tensors`);
}
