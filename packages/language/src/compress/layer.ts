/** One layer: its matrices compressed, and its tensors as a file is to have them. */
import {
  carriedTensor,
  moduleSource,
  openPart,
  weightOfMatrix,
  writePacked,
  type ModelInParts,
  type TensorPart,
  type WrittenTensor,
} from '@espalier/models';
import type { Dataset, Json, Module } from '@espalier/nn';
import { runRecipe } from '@espalier/optimize';
import { intN, matrixFromArrays, type Device, type EncodedArray, type EncodedMatrix } from '@espalier/tensor';
import type { CheckedMethod } from './method.ts';
import type { CompressionPlan, targetOf } from './plan.ts';
import { retyped } from './sources.ts';

/** What a layer is compressed with. */
export interface LayerWork {
  readonly model: ModelInParts;
  readonly plan: CompressionPlan;
  readonly target: ReturnType<typeof targetOf>;
  readonly method: CheckedMethod;
  readonly device: Device;
  readonly seed: number;
}

/** Tensors of the written file, and what was done. */
export interface CompressedLayer {
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  readonly details: Json;
  readonly dispose: () => void;
}

/** What a tensor becomes, by the name of a parameter. */
export function typesByOwner(plan: CompressionPlan, { owners }: ReturnType<typeof targetOf>): Map<string, string> {
  const types = new Map<string, string>();
  for (const { name, to } of plan.tensors) for (const own of owners.get(name) ?? []) types.set(own, to);
  return types;
}

/** Compresses a layer, given what comes into it, [sequences, length, width] for each example. */
export async function compressLayer(
  work: LayerWork,
  place: string,
  inputs: Dataset | undefined,
): Promise<CompressedLayer> {
  const { model, method, device, seed } = work;
  const module = await openPart(model, place, { device });
  const include = [...module.namedParameters().keys()].filter((name) => isWorkedOn(work, `${place}.${name}`));
  const steps = method.passes(inputs?.size ?? 1, include);
  const data = inputs ? { data: { train: inputs } } : {};
  const { model: made, records } = await runRecipe(module, steps, { seed, inPlace: true, ...data });
  const tensors = await tensorsOf(work, made, (name) => `${place}.${name}`);
  return {
    tensors,
    details: records[0]?.details ?? null,
    dispose: () => made.dispose(),
  };
}

/** Whether the method works on a parameter. */
export function isWorkedOn({ plan, target }: LayerWork, own: string): boolean {
  const name = target.parts.get(own)?.name;
  return plan.tensors.some((tensor) => tensor.name === name && tensor.isWorkedOn);
}

/** The tensors of layers as a file is to have them, of a module whose parameters are called so in the model. */
export async function tensorsOf(
  { model, plan, target }: LayerWork,
  made: Module,
  nameOf: (name: string) => string,
): Promise<ReadonlyMap<string, WrittenTensor>> {
  const types = typesByOwner(plan, target);
  const packedNames = await inGroupsOf32(made, nameOf, types);
  const own = moduleSource(made, { nameOf, inBlocks: () => plan.to === 'gguf' });
  const mine = (name: string): string | undefined =>
    own.tensors.has(name) && name.startsWith('layers.') && !packedNames.has(name) ? types.get(name) : undefined;
  const source = target.tensors(retyped(model.tensors, own, mine));
  const tensors = new Map<string, WrittenTensor>(
    [...source.tensors.keys()].map((name) => [name, carriedTensor(source, name)]),
  );
  for (const [name, matrix] of packedNames) {
    const layer = (target.parts.get(name) as TensorPart).name.replace(/\.weight$/u, '');
    for (const [part, tensor] of writePacked(layer, await weightOfMatrix(matrix))) tensors.set(part, tensor);
  }
  return tensors;
}

/**
 * Brings what was rounded into the groups that its type has; gives those that are to be packed, by the names of parameters.
 */
async function inGroupsOf32(
  module: Module,
  nameOf: (name: string) => string,
  types: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, EncodedMatrix>> {
  const packed = new Map<string, EncodedMatrix>();
  for (const [name, parameter] of module.namedParameters()) {
    const type = types.get(nameOf(name)) ?? '';
    const matrix = parameter.stored?.matrix;
    if (!matrix) continue;
    if (type.startsWith('int')) packed.set(nameOf(name), matrix);
    else if (type === 'Q4_0') parameter.store({ matrix: await regrouped(matrix, 32) });
  }
  return packed;
}

/** The same values with each scale written down for every so many columns, which divide those it was for. */
async function regrouped(matrix: EncodedMatrix, group: number): Promise<EncodedMatrix> {
  const { settings, arrays, shape, device } = matrix;
  const times = Number(settings['group']) / group;
  const [rows, columns] = shape;
  const given: Record<string, EncodedArray> = {};
  for (const [name, array] of Object.entries(arrays)) {
    const bytes = await array.bytes();
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    given[name] =
      name === 'scales'
        ? { dtype: 'f16', shape: [rows, columns / group], data: repeated(halves, rows, columns / group, times) }
        : { dtype: 'u8', shape: array.shape, data: Uint8Array.from(bytes) };
  }
  return matrixFromArrays(intN, [rows, columns], { settings: { ...settings, group }, arrays: given }, { device });
}

/** Rows of which each number stands several times; of the last as often as there is room. */
function repeated(numbers: Uint16Array, rows: number, columns: number, times: number): Uint16Array<ArrayBuffer> {
  const inRow = Math.ceil(columns / times);
  return Uint16Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return numbers[row * inRow + Math.floor(column / times)] as number;
  });
}
