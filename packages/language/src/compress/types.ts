/** What tensors may become in a file: its types, and what they take. */
import { blockTypes, fileDType } from '@espalier/models';

/** A format of files that a compressed model is written in. */
export type TargetFormat = 'gguf' | 'safetensors';

/** A type that a tensor may have in a file. */
export interface StoredType {
  /** `F16`, `Q4_0`, or `int4/64`: codes of 4 bits with a scale for each 64 columns. */
  readonly name: string;
  /** What the columns have to be a multiple of. */
  readonly columns: number;
  /** What a tensor takes. */
  readonly bytes: (shape: readonly number[]) => number;
}

const floats = ['F32', 'F16', 'BF16'] as const;
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function ofFile(name: string): StoredType | undefined {
  const kind = fileDType(name);
  if (!kind) return undefined;
  return { name, columns: kind.elements, bytes: (shape) => ((sizeOf(shape) / kind.elements) * kind.bits) / 8 };
}

/** Codes in words of 32 bits, scales in f32, and the shape as two i64: pack-quantized of compressed-tensors. */
function packed(name: string): StoredType | undefined {
  const found = /^int(?<bits>[248])\/(?<group>\d+)$/u.exec(name)?.groups;
  if (!found) return undefined;
  const [bits, group] = [Number(found['bits']), Number(found['group'])];
  const bytes = (shape: readonly number[]): number => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape) / columns;
    return rows * 4 * (Math.ceil((columns * bits) / 32) + Math.ceil(columns / group)) + 16;
  };
  return { name, columns: group, bytes };
}

/** The names of the types of a format, those of codes in groups left out. */
export const typeNames: Readonly<Record<TargetFormat, readonly string[]>> = {
  gguf: [...floats, ...blockTypes],
  safetensors: floats,
};

/** A type of a format by its name; undefined where there is none. */
export function storedType(to: TargetFormat, name: string): StoredType | undefined {
  if (typeNames[to].includes(name)) return ofFile(name);
  return to === 'safetensors' ? packed(name) : undefined;
}

/** What stands in for a type whose blocks do not divide a row: the smallest that loses no more. Source: llama.cpp, its fallbacks. */
export const standIns: Readonly<Record<string, string>> = {
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
  IQ4_XS: 'IQ4_NL',
};
