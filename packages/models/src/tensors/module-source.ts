/** The parameters of a module as a file of tensors: what it computes with, read from its device when it is asked for. */
import type { Module, Parameter } from '@espalier/nn';
import { dtypes } from '@espalier/tensor';
import { fileDType, nameOfDType } from './dtypes.ts';
import { blockTypeOf, writtenMatrix } from './matrices.ts';
import { entryOf } from './read-tensor.ts';
import type { TensorEntry, TensorSource } from './tensor-source.ts';
import { wholeReads } from './whole-reads.ts';

/** How parameters are shown. */
export interface ModuleSourceOptions {
  /** The name that a parameter is to have, or undefined for one that is not shown. */
  readonly nameOf: (own: string) => string | undefined;
  /** Whether weights in a format may be the blocks that they are equal to; others are shown as numbers. */
  readonly inBlocks: (name: string) => boolean;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The parameters of a module, as it sees them through views. */
export function moduleSource(module: Module, { nameOf, inBlocks }: ModuleSourceOptions): TensorSource {
  const parameters = new Map<string, Parameter>();
  for (const [own, parameter] of module.namedParameters()) {
    const name = nameOf(own);
    if (name !== undefined) parameters.set(name, parameter);
  }
  const blockOf = (name: string, { stored, shape }: Parameter): string | undefined => {
    if (!stored || shape.length !== 2 || !inBlocks(name)) return undefined;
    const { matrix } = stored;
    // Scales of more than 16 bits may be none of a block.
    const isNarrow = matrix.settings['scales'] !== undefined && matrix.settings['scales'] !== 'f32';
    const type = isNarrow ? blockTypeOf(matrix) : undefined;
    const kind = type === undefined ? undefined : fileDType(type);
    return kind && (shape[1] as number) % kind.elements === 0 ? type : undefined;
  };
  const entry = (name: string, parameter: Parameter): TensorEntry => {
    const { shape, size, dtype } = parameter;
    const block = blockOf(name, parameter);
    const kind = block === undefined ? undefined : fileDType(block);
    if (block === undefined || !kind) return { dtype: nameOfDType(dtype), shape, bytes: size * dtypes[dtype].bytes };
    return { dtype: block, shape, bytes: ((size / kind.elements) * kind.bits) / 8 };
  };
  const read = async (name: string): Promise<Bytes> => {
    const parameter = parameters.get(name) as Parameter;
    const { stored } = parameter;
    if (blockOf(name, parameter) === undefined || !stored) return parameter.value.detach().bytes();
    return joined(writtenMatrix(stored.matrix).values());
  };
  const tensors = new Map([...parameters].map(([name, parameter]) => [name, entry(name, parameter)] as const));
  const source: TensorSource = {
    format: 'module',
    name: module.type,
    tensors,
    ties: new Map(),
    metadata: {},
    read: wholeReads((name) => entryOf(source, name), read),
    close: () => Promise.resolve(),
  };
  return source;
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  const out = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of all) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
