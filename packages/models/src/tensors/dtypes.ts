/**
 * The dtypes of files in one table: what they take, and what they are in the engine. Plain ones have the names of
 * safetensors, blocks of weights those of GGUF.
 * Sources: Hugging Face, "safetensors", format description; G. Gerganov et al., "GGUF", format description.
 */
import type { DType, Shape } from '@espalier/tensor';

/** A dtype of a file. */
export interface FileDType {
  readonly name: string;
  /** Elements of a block along the last axis, which share scales; 1 for plain dtypes. */
  readonly elements: number;
  /** Bits of an element, or of a block. */
  readonly bits: number;
  /** What its values are in the engine, where none is lost on the way; undefined of what is only carried. */
  readonly dtype: DType | undefined;
  /** Whether the bytes of a file are those of the engine. */
  readonly isOwn: boolean;
}

/** Name, bits, and the dtype of the engine: its own, or one that holds all values. */
type PlainRow = readonly [name: string, bits: number, dtype?: DType];

const own: readonly PlainRow[] = [
  ['BOOL', 8, 'bool'],
  ['U8', 8, 'u8'],
  ['I8', 8, 'i8'],
  ['U32', 32, 'u32'],
  ['I32', 32, 'i32'],
  ['F16', 16, 'f16'],
  ['BF16', 16, 'bf16'],
  ['F32', 32, 'f32'],
  ['F64', 64, 'f64'],
];

/**
 * I64 and U64 only where each value has 32 bits. C64 and C128 are pairs of floats; the integers below 8 bits are ONNX's. In
 * which order a file packs F6 no description says: they are only carried.
 */
const converted: readonly PlainRow[] = [
  ['F4', 4, 'f32'],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F8_E4M3', 8, 'f32'],
  ['F8_E5M2', 8, 'f32'],
  ['F8_E8M0', 8, 'f32'],
  ['F8_E4M3FNUZ', 8, 'f32'],
  ['F8_E5M2FNUZ', 8, 'f32'],
  ['I2', 2, 'i8'],
  ['U2', 2, 'u8'],
  ['I4', 4, 'i8'],
  ['U4', 4, 'u8'],
  ['I16', 16, 'i32'],
  ['U16', 16, 'u32'],
  ['I64', 64, 'i32'],
  ['U64', 64, 'u32'],
  ['C64', 64],
  ['C128', 128],
];

/** Name, weights and bytes of a block, and whether there is a decoder (`blocks`). */
type BlockRow = readonly [name: string, elements: number, bytes: number, isDecoded: boolean];

const blocks: readonly BlockRow[] = [
  ['Q4_0', 32, 18, true],
  ['Q4_1', 32, 20, true],
  ['Q5_0', 32, 22, true],
  ['Q5_1', 32, 24, true],
  ['Q8_0', 32, 34, true],
  ['Q8_1', 32, 36, false],
  ['Q2_K', 256, 84, true],
  ['Q3_K', 256, 110, true],
  ['Q4_K', 256, 144, true],
  ['Q5_K', 256, 176, true],
  ['Q6_K', 256, 210, true],
  ['Q8_K', 256, 292, false],
  ['IQ1_S', 256, 50, false],
  ['IQ1_M', 256, 56, false],
  ['IQ2_XXS', 256, 66, false],
  ['IQ2_XS', 256, 74, false],
  ['IQ2_S', 256, 82, false],
  ['IQ3_XXS', 256, 98, false],
  ['IQ3_S', 256, 110, false],
  ['IQ4_NL', 32, 18, true],
  ['IQ4_XS', 256, 136, true],
  ['TQ1_0', 256, 54, false],
  ['TQ2_0', 256, 66, false],
  ['MXFP4', 32, 17, true],
  ['NVFP4', 64, 36, false],
  ['Q1_0', 128, 18, false],
  ['Q2_0', 64, 18, false],
];

const table: ReadonlyMap<string, FileDType> = new Map(
  [
    ...own.map(([name, bits, dtype]) => ({ name, elements: 1, bits, dtype, isOwn: true })),
    ...converted.map(([name, bits, dtype]) => ({ name, elements: 1, bits, dtype, isOwn: false })),
    ...blocks.map(([name, elements, bytes, isDecoded]) => ({
      name,
      elements,
      bits: 8 * bytes,
      dtype: isDecoded ? ('f32' as const) : undefined,
      isOwn: false,
    })),
  ].map((entry) => [entry.name, entry]),
);

/** The names of all dtypes that are known. */
export const fileDTypeNames: readonly string[] = [...table.keys()];

/** A dtype by its name in files; undefined where it is not known. */
export function fileDType(name: string): FileDType | undefined {
  return table.get(name);
}

/** The name in files of a dtype of the engine. */
export function nameOfDType(dtype: DType): string {
  return dtype.toUpperCase();
}

/**
 * What a tensor takes, in bytes; undefined where it fills no whole bytes or blocks, or is larger than numbers count.
 */
export function bytesOfTensor({ elements, bits }: FileDType, shape: Shape): number | undefined {
  if (shape.includes(0)) return 0;
  if ((shape.at(-1) ?? 1) % elements !== 0) return undefined;
  const all = shape.reduce((product, size) => product * size, bits) / elements;
  return Number.isSafeInteger(all) && all % 8 === 0 ? all / 8 : undefined;
}
