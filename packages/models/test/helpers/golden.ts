// Files that others made, with what is in them.
import { readFileSync } from 'node:fs';

/** A file of this folder. */
export function golden(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../golden/${path}`, import.meta.url)));
}

/** A JSON file of this folder. */
export function goldenJson(path: string): unknown {
  return JSON.parse(Buffer.from(golden(path)).toString('utf8'));
}

/** What a tensor of a golden file is. */
export interface GoldenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly base64: string;
}

/** What a file of PyTorch holds. */
export interface GoldenFile {
  readonly tensors: Readonly<Record<string, GoldenTensor>>;
  readonly ties?: Readonly<Record<string, string>>;
  readonly metadata?: unknown;
  readonly key?: string;
  readonly module?: boolean;
  readonly answer?: { readonly input: number[]; readonly shape: number[]; readonly output: number[] };
}

/** What the files of PyTorch hold, by name. */
export const pytorchFiles = goldenJson('pytorch.json') as Readonly<Record<string, GoldenFile>>;
