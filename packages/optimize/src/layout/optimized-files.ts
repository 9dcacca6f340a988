/** An optimized model as its files, wherever they are; config.json describes the layouts of the weights. */
import {
  buildForValues,
  describeModel,
  describeTraining,
  dtypesOf,
  encodeModelFiles,
  FormatError,
  prefer,
  readModelFiles,
  restoreTraining,
  type Json,
  type Module,
  type ModelFileReader,
  type Preference,
} from '@espalier/nn';
import { aPreference } from '@espalier/nn/arguments';
import type { Device } from '@espalier/tensor';
import { aDevice, aFunction, aText, check, checkOptions } from '@espalier/tensor/arguments';
import { quote } from '../quote.ts';
import { packWeights, parseWeight, unpackWeights, type WeightDescriptions } from './model-file.ts';

/** The key of `metadata` in config.json under which the layouts of weights are described. */
const layoutKey = 'quantization_config';
const method = 'espalier';
/** Of files in which weights are all there is; and of those in which what they are multiplied with goes through views as well. */
const [version, versionWithInputs] = [1, 2];

type Metadata = { readonly [key: string]: Json };

/** How a model is loaded. */
export interface LoadOptimizedOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Whether stored weights keep dense copies where those are faster (see `prefer` of `@espalier/nn`). Default: balance. */
  readonly prefer?: Preference;
}

/** A model from its files. */
export interface OptimizedModel {
  /** In evaluation, with its masks and its quantization. */
  readonly model: Module;
  readonly metadata: Metadata;
  readonly optimization: Json | undefined;
}

/** Metadata that describe the layouts of weights beside what somebody wants kept. */
export function describeLayouts(descriptions: WeightDescriptions, metadata: Metadata = {}): Metadata {
  const { [layoutKey]: _, ...kept } = metadata;
  if (Object.keys(descriptions).length === 0) return kept;
  const hasInputs = Object.values(descriptions).some(({ inputs }) => inputs !== undefined);
  const parameters = descriptions as unknown as Json;
  return {
    ...kept,
    [layoutKey]: { quant_method: method, version: hasInputs ? versionWithInputs : version, parameters },
  };
}

/** What is kept with a model. */
export interface OptimizedFilesOptions {
  /** Anything worth keeping, in config.json. */
  readonly metadata?: Metadata;
  /** What was done to the model; the contents of optimization.json. */
  readonly optimization?: Json;
  /** Whether weights are entropy-coded where that is smaller (see `packWeights`). Default: false. */
  readonly entropy?: boolean;
}

/**
 * A model as the bytes of its files, each weight in its smallest layout; config.json, which describes the layouts, comes last.
 * `loadOptimizedFrom` reads them.
 * @throws {StateError} naming the module, for a type that is not registered and for a description that is no JSON.
 */
export async function optimizedFiles(
  model: Module,
  { metadata, optimization, entropy = false }: OptimizedFilesOptions = {},
): Promise<Map<string, Uint8Array>> {
  const description = describeModel('saveOptimized', model);
  const { tensors, descriptions } = await packWeights(model, { entropy });
  return encodeModelFiles({
    ...describeTraining(model),
    model: description,
    tensors,
    metadata: describeLayouts(descriptions, metadata),
    ...(optimization !== undefined && { optimization }),
  });
}

/**
 * A model that `saveOptimized`, or `saveModel` of `@espalier/nn`, saved, from its files: in a page, of a server by
 * `modelFilesAt`. No user code is needed.
 * @throws {FormatError} naming the file and what is wrong with it, for damaged ones.
 *
 * @example
 * const { model } = await loadOptimizedFrom(modelFilesAt('models/digits-int8'));
 */
export async function loadOptimizedFrom(
  read: ModelFileReader,
  options: LoadOptimizedOptions & { readonly source?: string } = {},
): Promise<OptimizedModel> {
  check('loadOptimizedFrom', 'read', read, aFunction);
  checkOptions('loadOptimizedFrom', options, { device: aDevice, source: aText, prefer: aPreference });
  const { source = 'model', prefer: preference = 'balance', ...place } = options;
  const { model: config, tensors, metadata = {}, optimization, ...rest } = await readModelFiles(read, source);
  const { [layoutKey]: layouts, ...kept } = metadata;
  const descriptions = parseLayouts(`${source}/config.json`, layouts);
  // Masks and codes are of f32; what stands under views is as it is.
  const described = Object.entries(descriptions).flatMap(([name, description]) =>
    'views' in description ? [] : [[name, 'f32'] as const],
  );
  const model = buildForValues(config, new Map([...dtypesOf(tensors), ...described]), place.device);
  restoreTraining(model, rest, source);
  unpackWeights(`${source}/model.safetensors`, model, { tensors, descriptions });
  prefer(model, preference);
  return { model: model.eval(), metadata: kept, optimization };
}

function parseLayouts(source: string, layouts: Json | undefined): WeightDescriptions {
  if (layouts === undefined) return {};
  const { quant_method: by, version: of, parameters } = Object(layouts) as Readonly<Record<string, unknown>>;
  const isRead = of === version || of === versionWithInputs;
  if (by !== method || !isRead || typeof parameters !== 'object' || parameters === null) {
    throw new FormatError(
      source,
      0,
      `${layoutKey} is by ${quote(by)}, version ${quote(of)}; only '${method}', versions ${version} and ${versionWithInputs}, are read`,
    );
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]: [string, unknown]) => [name, parseWeight(source, name, value)]),
  );
}
