/** The weights of a whole model as one safetensors file. */
import { encodeSafetensors, FormatError, placeTensor, rawTensor, type Module, type RawTensor } from '@espalier/nn';
import { aModule, aRawTensor, mapOf } from '@espalier/nn/arguments';
import { ArgumentError, isFloat } from '@espalier/tensor';
import { anObject, aText, check, showShape, type Rule } from '@espalier/tensor/arguments';
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
import { formatNamed } from './formats.ts';
import { hasLayout, materialize, parseDescription, restore, type WeightDescription } from './materialize.ts';
import { isOptimizedWeight } from './optimized-weight.ts';
import { packViewed, parseViewed, restoreViews, viewEndings, type ViewedDescription } from './viewed-weight.ts';
import type { NamedArrays } from './weight-layout.ts';

/** The parameters that are not stored as plain tensors, by name. */
export type WeightDescriptions = Readonly<Record<string, Description>>;

type Description = WeightDescription | EncodedDescription | ViewedDescription;

/** A model's weights, ready to be written. */
export interface ModelWeights {
  /** The arrays of the file. Parameters without a layout, and buffers, stand under their own names in their own dtype. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
  readonly descriptions: WeightDescriptions;
}

const someWeights: Rule<ModelWeights> = partsOf<ModelWeights>('what packWeights gave, { tensors, descriptions }', {
  tensors: mapOf(aRawTensor),
  descriptions: anObject,
});

/** What one parameter takes in a file. */
const layoutEndings = ['', '_values', '_bitmask', '_columns', '_row_offsets', '_scale'] as const;

/**
 * Every weight of a model in the smallest layout it has. A parameter `p` becomes
 *
 * - dense: `p`;
 * - by bitmask: `p_values` [n] and `p_bitmask` u8 [rows, ⌈columns / 8⌉];
 * - by compressed rows: `p_values` [n], `p_columns` u8 or u32 [n] and `p_row_offsets` u32 [rows + 1];
 *
 * with values f32, or codes and `p_scale` f32 [1] or [rows]: i8, or u8 [⌈n · bits / 8⌉] of a number format of fewer
 * bits. One that is stored in a format (see the pass `encode`) becomes `p_name` for each array of the format, and one
 * under registered views stays `p`, with `p_view<i>_name` for each array of the i-th view. Rows are the first axis,
 * columns all others.
 * @throws {ArgumentError} as `materialize` does, and for a tensor that has such a name already.
 */
export async function packWeights(model: Module): Promise<ModelWeights> {
  check('packWeights', 'model', model, aModule);
  const tensors = new Map<string, RawTensor>();
  const descriptions: Record<string, Description> = {};
  const own = new Set([...model.namedParameters().keys(), ...model.namedBuffers().keys()]);
  for (const [name, parameter] of model.namedParameters()) {
    if (!parameter.stored) checkViews('packWeights', name, parameter);
    const viewed = isViewed(parameter) ? await packViewed(parameter) : undefined;
    if (!viewed && !hasLayout(parameter)) {
      tensors.set(name, await rawTensor(parameter.tensor));
      continue;
    }
    const { stored } = parameter;
    const encoded = stored && !isOptimizedWeight(stored) ? stored.matrix : undefined;
    const arrays = viewed?.arrays ?? (encoded && (await packEncoded(encoded)));
    // Of a layout any of them: which a file has depends on it, and a reader takes all there are.
    const taken = [...(arrays?.keys() ?? layoutEndings)].find((ending) => ending !== '' && own.has(`${name}${ending}`));
    if (taken !== undefined)
      throw new ArgumentError(
        'packWeights',
        `${name}${taken} is a tensor of the model, and the file's name for a part of ${name} as well; give it another name, or leave ${name} without mask and quantization (exclude)`,
      );
    if (viewed) {
      descriptions[name] = { views: viewed.views };
      for (const [ending, array] of viewed.arrays) tensors.set(`${name}${ending}`, array);
      continue;
    }
    if (encoded && arrays) {
      if (formatNamed(encoded.format.name) !== encoded.format)
        throw new ArgumentError(
          'packWeights',
          `${name} is in the format ${encoded.format.name}, which a file cannot name; make it known (registerFormat)`,
        );
      descriptions[name] = describeEncoded(encoded, parameter.shape);
      for (const [ending, array] of arrays) tensors.set(`${name}${ending}`, array);
      continue;
    }
    const { layout, format, shape, pruned, arrays: parts } = await materialize(parameter, name);
    descriptions[name] = { layout, format, shape, pruned };
    for (const [ending, array] of parts) tensors.set(`${name}${ending}`, array);
  }
  for (const [name, buffer] of model.namedBuffers()) tensors.set(name, await rawTensor(buffer));
  return { tensors, descriptions };
}

/**
 * What a file says about a weight.
 * @throws {FormatError} naming `source` and the parameter.
 */
export function parseWeight(source: string, name: string, value: unknown): WeightDescriptions[string] {
  if (anObject.holds(value) && 'encoding' in value) return parseEncoded(source, name, value);
  if (anObject.holds(value) && 'views' in value) return parseViewed(source, name, value);
  return parseDescription(source, name, value);
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
    if (description && parameter && !('views' in description)) {
      if ('encoding' in description) {
        const found = takeArrays(name, left, encodedEndings(source, description));
        restoreEncoded(name, parameter, description, found);
      } else restore(name, parameter, description, takeArrays(name, left, layoutEndings));
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

function takeArrays(name: string, from: Map<string, RawTensor>, endings: readonly string[]): NamedArrays {
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
export async function storedBytes(model: Module): Promise<number> {
  return encodeSafetensors((await packWeights(model)).tensors).byteLength;
}
