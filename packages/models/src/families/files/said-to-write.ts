/** What a file says beside what the family says: the words it had before, and those that follow from its tensors. */
import type { Json } from '@espalier/nn';
import { typesKey } from '../../containers/gguf/metadata.ts';
import type { Description } from '../../huggingface/model-folder.ts';
import type { TensorEntry } from '../../tensors/tensor-source.ts';
import { recordOf, type FileDescription, type LanguageDescription } from './description.ts';

/** The dtype that most bytes of matrices are of. */
function mostUsed(tensors: ReadonlyMap<string, TensorEntry>): string {
  const bytes = new Map<string, number>();
  for (const each of tensors.values())
    if (each.shape.length === 2) bytes.set(each.dtype, (bytes.get(each.dtype) ?? 0) + each.bytes);
  return [...bytes].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 'F32';
}

/** What GGUF calls files by the type of most of their weights. */
const fileTypes: Readonly<Record<string, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K: 12,
  Q4_K: 15,
  Q5_K: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  BF16: 32,
  MXFP4: 38,
};

/** The pairs of a GGUF file. */
export function pairsToWrite(
  { format, metadata, family }: FileDescription,
  said: Description,
  tensors: ReadonlyMap<string, TensorEntry>,
): Description {
  const architecture = said['general.architecture'] as string;
  const before = format === 'gguf' ? metadata : { 'general.name': family };
  const known = (before['general.architecture'] ?? architecture) as string;
  // What another architecture said is said anew.
  const kept = Object.entries(before).filter(([key]) => known === architecture || !key.startsWith(`${known}.`));
  const type = mostUsed(tensors);
  const fileType = Object.hasOwn(fileTypes, type) ? fileTypes[type] : undefined;
  const isInBlocks = [...tensors.values()].some(({ dtype }) => dtype.includes('Q'));
  const { [typesKey]: types, ...plain } = { ...Object.fromEntries(kept), ...said } as Record<string, Json>;
  const own: Record<string, Json> = {
    ...plain,
    ...(isInBlocks && { 'general.quantization_version': 2 }),
    ...(fileType !== undefined && { 'general.file_type': fileType }),
  };
  if (fileType === undefined) delete own['general.file_type'];
  const floats = Object.keys(said).filter((key) => /(epsilon|freq_base|factor)$/u.test(key));
  const told = { ...recordOf(types), ...Object.fromEntries(floats.map((key) => [key, 'f32'])) };
  return { 'general.architecture': architecture, ...own, [typesKey]: told };
}

/** How config.json names dtypes. */
const dtypeNames: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Keys that say what is no longer so. */
const outdated: ReadonlySet<string> = new Set([
  'quantization_config',
  'torch_dtype',
  'dtype',
  'rope_scaling',
  'rope_theta',
]);

/** A config.json. */
export function configToWrite(
  { format, metadata, special = { eos: [] } }: FileDescription & Partial<Pick<LanguageDescription, 'special'>>,
  said: Description,
  tensors: ReadonlyMap<string, TensorEntry>,
): Description {
  const before = format === 'huggingface' ? Object.entries(metadata).filter(([key]) => !outdated.has(key)) : [];
  const isSame = metadata['model_type'] === said['model_type'];
  const ids: Description = {
    ...(special.bos !== undefined && { bos_token_id: special.bos }),
    ...(special.eos.length > 0 && {
      eos_token_id: special.eos.length === 1 ? (special.eos[0] as number) : special.eos,
    }),
    ...(special.pad !== undefined && { pad_token_id: special.pad }),
  };
  const { rope_parameters: rope } = said;
  const { rope_theta: base, ...scaling } = recordOf(rope);
  return {
    ...(format === 'gguf' && ids),
    ...Object.fromEntries(before),
    ...said,
    ...(isSame && metadata['architectures'] !== undefined && { architectures: metadata['architectures'] }),
    // As they were called before, for readers of then.
    ...(base !== undefined && { rope_theta: base }),
    ...(scaling['rope_type'] !== undefined && scaling['rope_type'] !== 'default' && { rope_scaling: scaling }),
    dtype: dtypeNames[mostUsed(tensors)] ?? 'float32',
  };
}
