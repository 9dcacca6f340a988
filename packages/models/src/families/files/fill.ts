/** The weights of a file into a module, one at a time, straight to its device. */
import { FormatError, prefer, type Module } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { Device, EncodedMatrix } from '@espalier/tensor';
import { showShape } from '@espalier/tensor/arguments';
import { fileDType } from '../../tensors/dtypes.ts';
import { isMatrixReadable, readMatrix } from '../../tensors/matrices.ts';
import { partSource, type TensorParts } from '../../tensors/parts.ts';
import { entryOf, readTensor } from '../../tensors/read-tensor.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';

/** How weights are filled in. */
export interface FillOptions {
  readonly device: Device;
  readonly weights: 'stored' | 'f32';
  /** Types of blocks that become f32 all the same. */
  readonly decoded: ReadonlySet<string>;
  /** What weights in blocks round activations to. */
  readonly activations: 'f32' | 'int16-groups' | 'int8-groups';
  /** Tensors of the file that no model computes with. */
  readonly unused: readonly RegExp[];
}

const mostNamed = 8;
const named = (names: readonly string[]): string =>
  `${names.slice(0, mostNamed).map(showName).join(', ')}${names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''}`;

/** Codes up to so many bits are multiplied faster by activations of 8 bits than by those of 16. */
const fewBits = 4;

/** What a matrix has its activations rounded to, where `activations` are asked for. */
function roundingFor({ settings }: EncodedMatrix, activations: FillOptions['activations']): FillOptions['activations'] {
  return activations === 'int8-groups' && Number(settings['bits']) > fewBits ? 'int16-groups' : activations;
}

/**
 * Gives each parameter its tensor: in the blocks that it is stored in, where the engine has a format for them, else as f32. Gives
 * what became f32 although it was stored in blocks, in sentences, and the tensors that were not needed.
 * @throws {FormatError} for tensors that are missing, of another shape, or have no place in the module.
 */
export async function fill(
  module: Module,
  source: TensorSource,
  parts: TensorParts,
  { device, weights, decoded, activations, unused }: FillOptions,
): Promise<{ readonly notes: readonly string[]; readonly others: readonly string[] }> {
  const parameters = module.namedParameters();
  const others = checkNames(source, parts, [...parameters.keys()], unused);
  const view = partSource(source, parts);
  for (const [name, parameter] of parameters) {
    const { shape } = entryOf(view, name);
    if (shape.join() !== parameter.shape.join())
      throw new FormatError(
        source.name,
        0,
        `${showName(parts.get(name)?.name ?? name)} is ${showShape(shape)}, and ${showShape(parameter.shape)} is what the model is described with`,
      );
  }
  const unknown = new Map<string, number>();
  for (const [name, parameter] of parameters) {
    const { dtype, shape } = entryOf(view, name);
    if (weights === 'stored' && isMatrixReadable(dtype, shape) && !decoded.has(dtype)) {
      const matrix = await readMatrix(view, name, { device });
      parameter.store({ matrix: matrix.rounding(roundingFor(matrix, activations)) });
      continue;
    }
    if (weights === 'stored' && (fileDType(dtype)?.elements ?? 1) > 1 && !decoded.has(dtype))
      unknown.set(dtype, (unknown.get(dtype) ?? 0) + parameter.size);
    const value = await readTensor(view, name, { device });
    parameter.tensor.assign(value.cast(parameter.dtype));
    parameter.tensor.realizeSync();
    value.dispose();
  }
  prefer(module, 'balance');
  const notes = [...unknown].map(
    ([dtype, count]) =>
      `${count} weights of ${dtype} are f32 here, in ${4 * count} bytes: no format of the engine has blocks of that type`,
  );
  return { notes, others };
}

/**
 * The tensors of a file that no parameter is.
 * @throws {FormatError} for tensors that are missing, or have no place among the parameters.
 */
export function checkNames(
  source: TensorSource,
  parts: TensorParts,
  parameters: readonly string[],
  unused: readonly RegExp[],
): readonly string[] {
  const known = new Set([...parts.values()].map(({ name }) => name));
  const missing = parameters.flatMap((own) => {
    const name = parts.get(own)?.name ?? own;
    return source.tensors.has(name) ? [] : [name];
  });
  if (missing.length > 0)
    throw new FormatError(source.name, 0, `has not all tensors of the model that it describes: ${named(missing)}`);
  const others = [...source.tensors.keys()].filter((name) => !known.has(name));
  const odd = others.filter((name) => !unused.some((each) => each.test(name)));
  if (odd.length > 0)
    throw new FormatError(source.name, 0, `has tensors that the model it describes has no place for: ${named(odd)}`);
  return others;
}
