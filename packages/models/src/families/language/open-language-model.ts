/** Language models out of folders of Hugging Face and GGUF files, their weights straight to a device. */
import { buildForValues, FormatError, type Module } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { defaultDevice, warnOnce, type Device } from '@espalier/tensor';
import { aDevice, anObject, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import type { ModelFolder } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { registerFamilies } from '../family.ts';
import { recordOf, type LanguageDescription } from './description.ts';
import { fill } from './fill.ts';
import type { FamilyFormat, LanguageFamily, SaidModel } from './language-family.ts';
import { languageFamilies } from './language-families.ts';
import { Said } from './said.ts';
import { specialIdsOfConfig, specialIdsOfGguf } from './special-ids.ts';

/** How a language model is opened. */
export interface OpenLanguageModelOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /**
   * What weights are kept in: in the blocks that they are stored in, where the engine has a format for them, or as f32. What
   * becomes f32 although blocks were asked for, `notes` says. Default: stored.
   */
  readonly weights?: 'stored' | 'f32';
}

/** An opened language model. */
export interface OpenedLanguageModel {
  /** In evaluation mode: i32 ids [..., length] to logits [..., length, vocabulary]. */
  readonly module: Module;
  readonly description: LanguageDescription;
}

const optionRules: OptionRules<OpenLanguageModelOptions> = { device: aDevice, weights: oneOf('stored', 'f32') };

/** A model that was found in a file. */
interface Found {
  readonly family: LanguageFamily;
  readonly said: SaidModel;
  readonly source: TensorSource;
  readonly description: Pick<LanguageDescription, 'special' | 'said' | 'format' | 'metadata' | 'generation' | 'notes'>;
}

/**
 * Opens a language model of a known family: a folder of Hugging Face (`openModelFolder`) or a GGUF file (`openTensorFile`), which
 * the caller closes. Weights are read one at a time. The module is a `CausalLanguageModel`, which reads the slots `attentionCache`,
 * `attentionMask`, `positions` and `logitsOf`, or of BERT a `TextEncoder`; ids may have a length (`upTo`).
 * @throws {FormatError} for a family that is not known, for what a model of it asks for and there is not, by name, and for tensors
 * that are missing or have no place.
 *
 * @example
 * const file = await openTensorFile('model.gguf');
 * const { module, description } = await openLanguageModel(file);
 * const logits = module.call(tensor([1, 2, 3], { dtype: 'i32' })); // [3, vocabulary]
 */
export async function openLanguageModel(
  from: ModelFolder | TensorSource,
  options: OpenLanguageModelOptions = {},
): Promise<OpenedLanguageModel> {
  check<object>('openLanguageModel', 'from', from, anObject);
  const { device = defaultDevice(), weights = 'stored' } = checkOptions('openLanguageModel', options, optionRules);
  const { family, said, source, description } = await ('config' in from ? inFolder(from) : inGguf(from));
  registerFamilies();
  const { model, parts, prefix, unused = [] } = said;
  const module = buildForValues(family.layers(model), new Map(), device);
  const { notes, others } = await fill(module, source, parts, { device, weights, unused });
  for (const note of notes) warnOnce(module, `openLanguageModel: ${note}`);
  return {
    module: module.eval(),
    description: {
      family: family.type,
      gives: family.gives,
      model,
      context: Number(model['context']),
      vocabulary: Number(model['vocabulary']),
      width: Number(model['width']),
      ...(prefix !== undefined && { prefix }),
      ...description,
      notes: [...description.notes, ...notes],
      unused: others,
    },
  };
}

/** The family that calls its models so in a format. */
function familyOf(
  source: string,
  format: 'huggingFace' | 'gguf',
  name: string,
  key: string,
): readonly [LanguageFamily, FamilyFormat] {
  for (const family of languageFamilies) {
    const known = family[format];
    if (known.names.includes(name)) return [family, known];
  }
  const all = languageFamilies.flatMap((family) => family[format].names);
  throw new FormatError(
    source,
    0,
    `${showName(key)} is ${showName(name)}, which is no family that is known; known are ${all.join(', ')}`,
  );
}

async function inFolder(folder: ModelFolder): Promise<Found> {
  const { config, tensors: source } = folder;
  const place = `${source.name} (config.json)`;
  const said = new Said(place, config);
  const type = said.text('model_type');
  const [family, format] = familyOf(place, 'huggingFace', type, 'model_type');
  checkLayers(said, format.layersKey, source);
  const model = await format.read(said, source, type);
  const generation = recordOf(await folder.json('generation_config.json'));
  const notes = said.unread().map((key) => `${key} of config.json is not known here, and not looked at`);
  const special = specialIdsOfConfig(config, generation);
  return {
    family,
    said: model,
    source,
    description: { special, said: type, format: 'huggingface', metadata: config, generation, notes },
  };
}

async function inGguf(source: TensorSource): Promise<Found> {
  const { metadata } = source;
  const said = new Said(source.name, metadata);
  const architecture = said.text('general.architecture');
  const [family, format] = familyOf(source.name, 'gguf', architecture, 'general.architecture');
  checkLayers(said, format.layersKey.replace(/^A(?=\.)/u, architecture), source);
  const model = await format.read(said, source, architecture);
  const notes = said
    .unread()
    .filter((key) => key.startsWith(`${architecture}.`))
    .map((key) => `${key} is not known here, and not looked at`);
  const special = specialIdsOfGguf(metadata);
  return {
    family,
    said: model,
    source,
    description: { special, said: architecture, format: 'gguf', metadata, generation: {}, notes },
  };
}

/** Each layer has tensors: a number that is none takes no memory. */
function checkLayers(said: Said, key: string, { tensors }: TensorSource): void {
  if (said.has(key) && said.count(key) > tensors.size)
    said.refuse(key, `is ${said.count(key)}, and there are ${tensors.size} tensors`);
}
