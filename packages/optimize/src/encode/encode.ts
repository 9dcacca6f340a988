/** The pass that brings weights into a format to compute from. */
import { prefer, type Json, type Module, type Parameter } from '@espalier/nn';
import {
  codebook,
  encodeMatrix,
  fromTyped,
  kMeans,
  TensorError,
  type CodebookOptions,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { storeMatrix } from '../layout/file-form.ts';
import { formatNamed, formatNames } from '../layout/formats.ts';
import { maskOf } from '../prune/mask-view.ts';
import { quote } from '../quote.ts';
import { optionsOf } from '../recipe/options.ts';
import type { Pass, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import {
  checkFilter,
  selectParameters,
  type NamedParameter,
  type ParameterFilter,
} from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';

/** Options of the pass. */
export interface EncodeOptions extends ParameterFilter {
  /** The name of the format: `int4`, `n-of-m`, or another that is known. */
  readonly format: string;
  /** Options of the format, such as `{ group: 64 }`. Default: its own. */
  readonly options?: { readonly [option: string]: Json };
}

/**
 * Stores weights in a format, by rounding or dropping what the format has no room for: no data, no training. It comes
 * last in a recipe, since a stored weight is not trained. A mask stays only in what is 0, which in a codebook has a place of its
 * own then.
 * @throws {RecipeError} for a format that is not known.
 *
 * @example
 * encode({ format: 'int4', options: { group: 64 }, exclude: ['head.*'] })
 */
export function encode(options: EncodeOptions): Pass {
  const place = 'encode';
  optionsOf(place, options, ['format', 'options', 'include', 'exclude']);
  const { format: name, options: settings = {} } = options;
  const format = formatNamed(name);
  if (!format) throw new RecipeError(place, `format is ${quote(name)}; it must be one of ${formatNames().join(', ')}`);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new RecipeError(place, `options is ${quote(settings)}; it must be an object with options of ${name}`);
  checkFilter(place, options);
  const config: StepConfig = { type: 'encode', ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    for (const each of chosen) await readWeights(place, each);
    const summary = `store the weights of ${chosen.length} tensors as ${name}`;
    return {
      summary,
      apply: () =>
        Promise.resolve({
          model,
          finalize: async (): Promise<PassRecord> => {
            const details: Record<string, Json> = {};
            for (const each of chosen)
              details[each.name] = await storeIn(format as MatrixFormat<never>, each, settings);
            prefer(model, 'balance');
            return { config, summary, details };
          },
        }),
    };
  }

  return { config, needs: 'nothing', effects: ['format'], plan };
}

/** Stores one weight; its bytes, and how far its values moved, as ‖a - b‖² / ‖a‖². */
async function storeIn(
  format: MatrixFormat<never>,
  { name, parameter }: NamedParameter,
  settings: object,
): Promise<Json> {
  const [rows = 1] = parameter.shape;
  const dense = parameter.value.detach().reshape([rows, rows === 0 ? 0 : parameter.size / rows]);
  try {
    const given = format.name === codebook.name ? await sharing(parameter, dense, settings) : dense;
    const matrix = await encodeMatrix(given, format, settings as never);
    const [moved, size] = [await dense.sub(matrix.toDense()).square().sum().item(), await dense.square().sum().item()];
    const { bytes } = matrix;
    await storeMatrix(parameter, matrix);
    return { bytes, relativeError: size === 0 ? moved : moved / size };
  } catch (error) {
    if (error instanceof TensorError) throw new RecipeError('encode', `${name}: ${error.message}`);
    throw error;
  }
}

/** A weight as a codebook holds it where a mask dropped some of it: of the table's values one is 0, and the others are of what is kept. */
async function sharing(parameter: Parameter, dense: Tensor, settings: CodebookOptions): Promise<Tensor> {
  const kept = await maskOf(parameter)?.kept();
  const { bits = 4 } = settings;
  if (!kept || !codebook.options.bits.holds(bits)) return dense;
  const values = Float32Array.from((await dense.data()) as Float32Array);
  const places = [...kept.keys()].filter((place) => kept[place] === 1);
  const { centres, codes } = kMeans(
    Float32Array.from(places, (place) => values[place] as number),
    2 ** bits - 1,
  );
  for (const [at, place] of places.entries()) values[place] = centres[codes[at] as number] as number;
  return fromTyped(values, dense.shape, { device: dense.device });
}
