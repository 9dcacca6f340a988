/** The weights of a whole model as one safetensors file. */
import { encodeSafetensors, FormatError, placeTensor, rawTensor, type Module, type RawTensor } from '@espalier/nn';
import { aModule, aRawTensor, mapOf } from '@espalier/nn/arguments';
import { ArgumentError, isFloat } from '@espalier/tensor';
import {
  aBoolean,
  anObject,
  aText,
  check,
  checkOptions,
  showShape,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { quote } from '../quote.ts';
import { checkViews, isViewed } from '../views/carried.ts';
import {
  describeEncoded,
  encodedEndings,
  packEncoded,
  parseEncoded,
  restoreEncoded,
  type EncodedDescription,
} from './encoded-weight.ts';
import { codedEnding, codeEncoded, codeLayout, decodeWeight } from './entropy-coding.ts';
import { fileFormOf } from './file-form.ts';
import { formatNamed } from './formats.ts';
import { hasLayout, materialize, parseDescription, restore, type WeightDescription } from './materialize.ts';
import { inputEndings, packInputs, parseInputs, restoreInputs, type InputDescription } from './weight-inputs.ts';
import { isOptimizedWeight } from './optimized-weight.ts';
import { packViewed, parseViewed, restoreViews, viewEndings, type ViewedDescription } from './viewed-weight.ts';
import type { NamedArrays } from './weight-layout.ts';

/** The parameters that are not stored as plain tensors, by name. */
export type WeightDescriptions = Readonly<Record<string, Description>>;

type Description = (WeightDescription | EncodedDescription | ViewedDescription) & InputDescription;

/** A model's weights, ready to be written. */
export interface ModelWeights {
  /** The arrays of the file. Parameters without a layout, and buffers, stand under their own names in their own dtype. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
  readonly descriptions: WeightDescriptions;
}

/** How weights are packed. */
export interface PackOptions {
  /**
   * Whether codes, places and other arrays of weights in layouts and formats are written in Huffman and Rice codes, where that
   * takes fewer bytes. A file that has them loads to the same. Default: false.
   */
  readonly entropy?: boolean;
}

/** What they must be. */
export const packRules: OptionRules<PackOptions> = { entropy: aBoolean };

const someWeights: Rule<ModelWeights> = partsOf<ModelWeights>('what packWeights gave, { tensors, descriptions }', {
  tensors: mapOf(aRawTensor),
  descriptions: anObject,
});

/** What one parameter takes in a file. */
const layoutEndings = ['', '_values', '_bitmask', '_columns', '_row_offsets', '_scale', '_zero', '_table'] as const;

/**
 * Every weight of a model in the smallest layout it has. A parameter `p` becomes
 *
 * - dense: `p`;
 * - by bitmask: `p_values` [n] and `p_bitmask` u8 [rows, ⌈columns / 8⌉];
 * - by compressed rows: `p_values` [n], `p_columns` u8 or u32 [n] and `p_row_offsets` u32 [rows + 1];
 *
 * with values f32, or codes and `p_scale` f32 [1], [rows] or [rows · groups], and perhaps as many zero points `p_zero` i8: i8, or
 * u8 [⌈n · bits / 8⌉] of a number format of fewer bits; or, for weights that share values, codes of `bits` bits and `p_table` f32
 * [n]. One that is stored in a format (see the pass `encode`) becomes `p_name` for each array of the format, and one under
 * registered views stays `p`, with `p_view<i>_name` for each array of the i-th view. Beside any of them stands `p_input<i>_name`
 * for each array of the i-th view of what the weight is multiplied with. Rows are the first axis, columns all others. With
 * `entropy` all arrays of such a weight stand in one, `p_coded` u8 [bytes], where that is smaller.
 * @throws {ArgumentError} as `materialize` does, and for a tensor that has such a name already.
 */
export async function packWeights(model: Module, options: PackOptions = {}): Promise<ModelWeights> {
  check('packWeights', 'model', model, aModule);
  const { entropy = false } = checkOptions('packWeights', options, packRules);
  const tensors = new Map<string, RawTensor>();
  const descriptions: Record<string, Description> = {};
  const own = new Set([...model.namedParameters().keys(), ...model.namedBuffers().keys()]);
  for (const [name, parameter] of model.namedParameters()) {
    if (!parameter.stored) checkViews('packWeights', name, parameter);
    const isPlain = !parameter.stored && !hasLayout(parameter);
    const viewed =
      isViewed(parameter) || (isPlain && parameter.inputs.length > 0) ? await packViewed(parameter) : undefined;
    if (!viewed && isPlain) {
      tensors.set(name, await rawTensor(parameter.tensor));
      continue;
    }
    const before = await packInputs(name, parameter);
    const { stored } = parameter;
    const encoded = stored && !isOptimizedWeight(stored) ? await fileFormOf(stored) : undefined;
    const arrays = viewed?.arrays ?? (encoded && packEncoded(encoded));
    // Of a layout any of them: which a file has depends on it, and a reader takes all there are.
    const endings = [...(arrays?.keys() ?? layoutEndings), codedEnding, ...before.arrays.keys()];
    const taken = endings.find((ending) => ending !== '' && own.has(`${name}${ending}`));
    if (taken !== undefined)
      throw new ArgumentError(
        'packWeights',
        `${name}${taken} is a tensor of the model, and the file's name for a part of ${name} as well; give it another name, or leave ${name} without mask and quantization (exclude)`,
      );
    for (const [ending, array] of before.arrays) tensors.set(`${name}${ending}`, array);
    const described = (description: Description): void =>
      void (descriptions[name] = { ...description, ...before.description });
    if (viewed) {
      described({ views: viewed.views });
      for (const [ending, array] of viewed.arrays) tensors.set(`${name}${ending}`, array);
      continue;
    }
    if (encoded && arrays) {
      if (formatNamed(encoded.format.name) !== encoded.format)
        throw new ArgumentError(
          'packWeights',
          `${name} is in the format ${encoded.format.name}, which a file cannot name; make it known (registerFormat)`,
        );
      described(describeEncoded(encoded, parameter.shape));
      const coded = entropy ? codeEncoded(encoded) : arrays;
      for (const [ending, array] of coded) tensors.set(`${name}${ending}`, array);
      continue;
    }
    const weight = await materialize(parameter, name);
    const { layout, format, bits, group, shape, pruned, arrays: parts } = weight;
    described({
      layout,
      format,
      ...(bits !== undefined && { bits }),
      shape,
      pruned,
      ...(group !== undefined && { group }),
    });
    const coded = entropy ? codeLayout(weight) : parts;
    for (const [ending, array] of coded) tensors.set(`${name}${ending}`, array);
  }
  for (const [name, buffer] of model.namedBuffers()) tensors.set(name, await rawTensor(buffer));
  return { tensors, descriptions };
}

/**
 * What a file says about a weight.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseWeight(source: string, name: string, value: unknown): WeightDescriptions[string] {
  const inputs = parseInputs(source, name, value);
  if (anObject.holds(value) && 'encoding' in value) return { ...parseEncoded(source, name, value), ...inputs };
  if (anObject.holds(value) && 'views' in value) return { ...parseViewed(source, name, value), ...inputs };
  return { ...parseDescription(source, name, value), ...inputs };
}

/**
 * Gives a model the weights of a file, with the masks and the quantization that go with them.
 * @throws {FormatError} naming `source` when an array is missing, left over, or does not fit.
 */
export function unpackWeights(source: string, model: Module, weights: ModelWeights): void {
  check('unpackWeights', 'source', source, aText);
  check('unpackWeights', 'model', model, aModule);
  const { tensors, descriptions } = check('unpackWeights', 'weights', weights, someWeights);
  const left = new Map(tensors);
  const parameters = model.namedParameters();
  const unknown = Object.keys(descriptions).find((name) => !parameters.has(name));
  if (unknown !== undefined)
    throw new FormatError(source, 0, `${quote(unknown)} is described, but the model has no such parameter`);
  for (const [name, tensor] of model.rawTensors()) {
    const described: unknown = descriptions[name];
    const description = described === undefined ? undefined : parseWeight(source, name, described);
    const parameter = parameters.get(name);
    const viewed = description && 'views' in description ? description : undefined;
    if (description?.inputs && parameter)
      restoreInputs(name, parameter, description, takeArrays(name, left, inputEndings(description)));
    if (description && parameter && !('views' in description)) {
      if ('encoding' in description) {
        const found = takeArrays(name, left, encodedEndings(source, description), description.shape);
        restoreEncoded(name, parameter, description, found);
      } else restore(name, parameter, description, takeArrays(name, left, layoutEndings, description.shape));
      continue;
    }
    const raw = left.get(name);
    left.delete(name);
    if (!raw) throw new FormatError(source, 0, `'${name}' is missing`);
    const { dtype, shape, device } = tensor;
    if (raw.shape.join() !== shape.join() || isFloat(raw.dtype) !== isFloat(dtype)) {
      throw new FormatError(
        source,
        0,
        `'${name}' is ${raw.dtype} ${showShape(raw.shape)}; the model needs ${dtype} ${showShape(shape)}`,
      );
    }
    tensor.assign(placeTensor(raw, device).cast(dtype).realizeSync());
    if (viewed && parameter) restoreViews(name, parameter, viewed, takeArrays(name, left, viewEndings(viewed)));
  }
  if (left.size > 0) throw new FormatError(source, 0, `the model has no use for ${quote([...left.keys()])}`);
}

/** Takes the arrays of a weight; of a shape that is given, also those that its stream stands for. */
function takeArrays(
  name: string,
  from: Map<string, RawTensor>,
  endings: readonly string[],
  shape?: readonly number[],
): NamedArrays {
  const stream = shape && from.get(`${name}${codedEnding}`);
  if (stream) {
    from.delete(`${name}${codedEnding}`);
    return decodeWeight(name, stream, shape);
  }
  const taken = new Map<string, RawTensor>();
  for (const ending of endings) {
    const array = from.get(`${name}${ending}`);
    if (!array) continue;
    taken.set(ending, array);
    from.delete(`${name}${ending}`);
  }
  return taken;
}

/** The bytes of a model's safetensors file, header and all. */
export async function storedBytes(model: Module, options: PackOptions = {}): Promise<number> {
  return encodeSafetensors((await packWeights(model, options)).tensors).byteLength;
}
