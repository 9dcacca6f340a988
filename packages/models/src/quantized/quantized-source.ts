/**
 * A checkpoint that was saved quantized, as one of floats: of GPTQ, AWQ, bitsandbytes or compressed-tensors, as the
 * `quantization_config` of its config.json says. The tensors that a weight is made of do not appear; the weight does.
 */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { anObject, aText, check, show } from '@espalier/tensor/arguments';
import { ArgumentError, type EncodedMatrix } from '@espalier/tensor';
import { rangeWithin } from '../tensors/range.ts';
import type { ReadTensorOptions } from '../tensors/read-tensor.ts';
import type { TensorEntry, TensorSource } from '../tensors/tensor-source.ts';
import { awqGroup, readAwq } from './awq.ts';
import { eightBitLayer, fourBitLayer } from './bitsandbytes.ts';
import { decodeWeight, matrixOfWeight, type CodedWeight } from './coded-weight.ts';
import { floatLayer, readBytes8, readPacked } from './compressed-tensors.ts';
import { gptqConfig, readGptq } from './gptq.ts';
import type { QuantizedLayer } from './parts.ts';

type Config = { readonly [key: string]: Json };

/** A weight of codes, which may become a matrix of the engine too. */
interface CodedLayer extends QuantizedLayer {
  readonly coded?: () => Promise<CodedWeight>;
}

type Find = (source: TensorSource, config: Config) => Promise<readonly CodedLayer[]>;

/** The names before an ending, of all tensors that have it. */
function layersWith(source: TensorSource, ending: string): string[] {
  return [...source.tensors.keys()].flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
}

/** A layer of codes that `read` reads, of those parts of some that are there. */
function codedLayer(
  source: TensorSource,
  layer: string,
  endings: readonly string[],
  shape: readonly number[],
  read: () => Promise<CodedWeight>,
): CodedLayer {
  return {
    name: `${layer}.weight`,
    shape,
    parts: endings.map((ending) => `${layer}.${ending}`).filter((name) => source.tensors.has(name)),
    decode: async () => decodeWeight(await read()),
    coded: read,
  };
}

const packedParts = ['qweight', 'qzeros', 'scales', 'g_idx'];

const gptq: Find = async (source, given) => {
  const config = gptqConfig(given);
  return layersWith(source, '.qweight').map((layer) => {
    const [words = 0, rows = 0] = source.tensors.get(`${layer}.qweight`)?.shape ?? [];
    const shape = [rows, (words * 32) / config.bits];
    return codedLayer(source, layer, packedParts, shape, () => readGptq(source, layer, config));
  });
};

const awq: Find = async (source, config) => {
  const group = awqGroup(config);
  return layersWith(source, '.qweight').map((layer) => {
    const [columns = 0, words = 0] = source.tensors.get(`${layer}.qweight`)?.shape ?? [];
    return codedLayer(source, layer, packedParts, [8 * words, columns], () => readAwq(source, layer, group));
  });
};

const bitsandbytes: Find = async (source) => {
  const layers: QuantizedLayer[] = layersWith(source, '.SCB').map((layer) => eightBitLayer(source, layer));
  for (const ending of ['nf4', 'fp4'])
    for (const layer of layersWith(source, `.weight.quant_state.bitsandbytes__${ending}`))
      layers.push(await fourBitLayer(source, layer, `${layer}.weight.quant_state.bitsandbytes__${ending}`));
  return layers;
};

/** Bits and columns of a group of the weights, which all groups of layers have to agree on. */
function compressedScheme(config: Config): { readonly bits: number; readonly group: number | undefined } {
  const groups = Object.values((config['config_groups'] ?? {}) as { readonly [key: string]: Config });
  const weights = groups.map((each) => (each['weights'] ?? {}) as Config);
  const [first] = weights;
  if (
    !first ||
    weights.some((each) => each['num_bits'] !== first['num_bits'] || each['group_size'] !== first['group_size'])
  )
    throw new ArgumentError(
      'compressed-tensors',
      'config_groups must have weights of one number of bits and one group size',
    );
  const { num_bits: bits, group_size: group } = first;
  if (!Number.isInteger(bits) || (bits as number) < 1 || (bits as number) > 8)
    throw new ArgumentError('compressed-tensors', `num_bits is ${show(bits)}; 1 to 8 are known`);
  return { bits: bits as number, group: typeof group === 'number' && group > 0 ? group : undefined };
}

const wholeParts = ['weight', 'weight_scale', 'weight_zero_point', 'input_scale', 'input_zero_point'];

const compressed: Find = async (source, config) => {
  const { bits, group } = compressedScheme(config);
  const layers: CodedLayer[] = [];
  for (const layer of layersWith(source, '.weight_packed')) {
    // Of other bits, versions of the format leave the rest of a word empty or go on in the next one.
    if (32 % bits !== 0)
      throw new ArgumentError('compressed-tensors', `num_bits is ${bits}; packed weights of 1, 2, 4 and 8 are known`);
    const coded = (): Promise<CodedWeight> => readPacked(source, layer, bits, group);
    const parts = ['weight_packed', 'weight_scale', 'weight_shape', 'weight_zero_point', 'weight_g_idx'];
    layers.push(codedLayer(source, layer, parts, (await coded()).shape, coded));
  }
  for (const layer of layersWith(source, '.weight_scale')) {
    const entry = source.tensors.get(`${layer}.weight`);
    if (!entry) continue;
    if (entry.dtype === 'I8')
      layers.push(codedLayer(source, layer, wholeParts, entry.shape, () => readBytes8(source, layer, group)));
    else if (entry.dtype === 'F8_E4M3') layers.push(floatLayer(source, layer, wholeParts));
  }
  return layers;
};

const methods: Readonly<Record<string, Find>> = { gptq, awq, bitsandbytes, 'compressed-tensors': compressed };

/** A checkpoint of floats, whose weights are kept quantized until they are read. */
export interface DequantizedSource extends TensorSource {
  /** The weights that were quantized. */
  readonly quantized: readonly string[];
  /**
   * A quantized weight in its codes, as a matrix of `int4` or `int-n`.
   * @throws {FormatError} for a name of none, and for a layout that has no whole codes.
   * @throws {ArgumentError} for groups that the engine has not.
   */
  readonly matrix: (name: string, options?: ReadTensorOptions) => Promise<EncodedMatrix>;
}

/**
 * Floats of a quantized checkpoint. Weights are F32 [outputs, inputs]; the one read last is kept, since it is read in pieces.
 * @param config what config.json has under `quantization_config`
 * @throws {ArgumentError} for a method or a setting of it that is not known.
 * @throws {FormatError} naming the tensor, for parts that do not fit each other.
 */
export async function dequantizedSource(source: TensorSource, config: Config): Promise<DequantizedSource> {
  check('dequantizedSource', 'config', config, anObject);
  const method = config['quant_method'];
  const find = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!find)
    throw new ArgumentError(
      'dequantizedSource',
      `quant_method is ${show(method)}; known are ${Object.keys(methods).join(', ')}`,
    );
  const layers = new Map((await find(source, config)).map((layer) => [layer.name, layer]));
  const hidden = new Set([...layers.values()].flatMap(({ parts }) => parts));
  const kept = [...source.tensors].filter(([name]) => !hidden.has(name));
  const dense = [...layers.values()].map(({ name, shape }): [string, TensorEntry] => [
    name,
    { dtype: 'F32', shape, bytes: 4 * shape.reduce((product, size) => product * size, 1) },
  ]);
  let last: { readonly name: string; readonly values: Promise<Float32Array<ArrayBuffer>> } | undefined;
  return {
    format: source.format,
    name: source.name,
    tensors: new Map([...kept, ...dense]),
    ties: source.ties,
    metadata: source.metadata,
    quantized: [...layers.keys()],
    read: async (name, range, reuse) => {
      const layer = layers.get(name);
      if (!layer) {
        if (hidden.has(name))
          throw new FormatError(source.name, 0, `${showName(name)} is a part of a quantized weight`);
        return source.read(name, range, reuse);
      }
      if (last?.name !== name) last = { name, values: layer.decode() };
      const { buffer } = await last.values;
      const { begin, end } = rangeWithin(name, buffer.byteLength, range);
      return new Uint8Array(buffer.slice(begin, end));
    },
    matrix: async (name, options = {}) => {
      check('matrix', 'name', name, aText);
      const coded = layers.get(name)?.coded;
      if (!coded)
        throw new FormatError(source.name, 0, `${showName(name)} is no weight of whole codes; read it by readTensor`);
      return matrixOfWeight(await coded(), options);
    },
    close: () => source.close(),
  };
}
