/** A tensor in a pickle: which storage it lies in, and where. */
import { FormatError } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';
import { endOf, rowStrides, type StridedLayout } from '../../tensors/strided.ts';
import { fileDType } from '../../tensors/dtypes.ts';
import { isStorageClass, storageDType, torchDType } from './globals.ts';
import {
  itemsOf,
  PickleGlobal,
  PickleObject,
  PickleReference,
  PickleTuple,
  type PickleValue,
} from './pickle/values.ts';

/** A storage, as a pickle names it. */
export interface StorageReference {
  readonly key: string;
  /** Bytes of an element; 1 of an untyped one. */
  readonly itemBytes: number;
  /** What it holds; undefined of an untyped one. */
  readonly dtype: string | undefined;
  /** Elements. */
  readonly size: number;
  /** The first of them that the reference stands for, and one more than the last: views of the old layout are parts. */
  readonly offset: number;
  readonly end: number;
}

/** A tensor, as a pickle describes it. */
export interface TorchTensor {
  readonly storage: StorageReference;
  readonly dtype: string;
  readonly shape: Shape;
  readonly strides: readonly number[];
  /** Of its first element in the storage, in elements of its dtype. */
  readonly offset: number;
}

/** How files end up in errors. */
export type Refuse = (problem: string) => never;

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** The dtype that a name of the table stands for takes so many bytes an element. */
export function itemBytesOf(dtype: string): number {
  return (fileDType(dtype)?.bits ?? 0) / 8;
}

/** Errors of one file. */
export function refuseIn(source: string, offset: number): Refuse {
  return (problem) => {
    throw new FormatError(source, offset, problem);
  };
}

/**
 * What a persistent id stands for: ('storage', class, key, place, size), and in the old layout (key, offset, size) of a view
 * or None behind it.
 */
export function storageOf(reference: PickleValue | undefined, refuse: Refuse): StorageReference {
  const id = reference instanceof PickleReference && reference.id instanceof PickleTuple ? reference.id.items : [];
  const [word, of, key, , size, view] = id;
  const name = of instanceof PickleGlobal ? of.name : '';
  if (word !== 'storage' || typeof key !== 'string' || !isStorageClass(name) || !isCount(size))
    return refuse('a tensor does not lie in a storage, which is what its pickle has to say');
  const dtype = storageDType(name);
  const itemBytes = dtype === undefined ? 1 : itemBytesOf(dtype);
  const [, offset = 0, length = size - Number(offset)] = itemsOf(view) ?? [];
  if (!isCount(offset) || !isCount(length) || offset + length > size)
    return refuse(`a view of storage ${key} is no part of its ${size} elements`);
  return { key, itemBytes, dtype, size, offset, end: offset + length };
}

const tensorMakers: ReadonlySet<string> = new Set(['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3']);
const parameterMakers: ReadonlySet<string> = new Set(['_rebuild_parameter', '_rebuild_parameter_with_state']);

/** What a value is, where it is a tensor: the object that makes it, parameters and subclasses taken off. */
export function makerOf(value: PickleValue | undefined): PickleObject | undefined {
  let found = value;
  for (let level = 0; level < 8 && found instanceof PickleObject && found.how === 'call'; level++) {
    const { own, module } = found.of;
    if (module === 'torch._utils' && tensorMakers.has(own)) return found;
    if (module === 'torch._utils' && parameterMakers.has(own)) found = found.args.items[0];
    else if (found.of.name === 'torch._tensor._rebuild_from_type_v2') {
      const [of, , args] = found.args.items;
      if (!(of instanceof PickleGlobal) || !(args instanceof PickleTuple)) return undefined;
      found = new PickleObject('call', of, args);
    } else return undefined;
  }
  return undefined;
}

/** Reads what a maker says: (storage, offset, size, stride, …), with the dtype as the seventh where the storage has none. */
export function tensorOf(maker: PickleObject, name: string, refuse: Refuse): TorchTensor {
  const fail = (problem: string): never => refuse(`${name} ${problem}`);
  const [reference, offset, size, stride, , , given] = maker.args.items;
  const storage = storageOf(reference, fail);
  const [shape, strides] = [sizesOf(size), sizesOf(stride)];
  if (!isCount(offset)) return fail('begins at no whole number of elements');
  if (!shape || !strides || shape.length !== strides.length) return fail('has no sizes and strides that fit together');
  const hasDType = maker.of.own === '_rebuild_tensor_v3';
  const dtype = hasDType ? (given instanceof PickleGlobal ? torchDType(given.name) : undefined) : storage.dtype;
  if (dtype === undefined) return fail('has no dtype that is known');
  const itemBytes = itemBytesOf(dtype);
  if (!(itemBytes >= 1)) return fail(`is of ${dtype}, which takes no whole bytes`);
  const begin = offset + (storage.offset * storage.itemBytes) / itemBytes;
  const tensor = { storage, dtype, shape, strides, offset: begin };
  const end = endOf(layoutOf(tensor, false));
  const room = storage.end * storage.itemBytes;
  const elements = shape.reduce((product, each) => product * each, 1);
  if (
    !Number.isSafeInteger(begin) ||
    !Number.isSafeInteger(end * itemBytes) ||
    !Number.isSafeInteger(elements * itemBytes)
  )
    return fail('is larger than numbers count');
  if (end * itemBytes > room)
    return fail(`reaches to element ${end} of storage ${storage.key}, which has ${room / itemBytes}`);
  return tensor;
}

/** Sizes of a tensor: a tuple, or a torch.Size of one. */
function sizesOf(value: PickleValue | undefined): number[] | undefined {
  const isSize = value instanceof PickleObject && value.of.name === 'torch.Size';
  const items = itemsOf(isSize ? value.args.items[0] : value);
  return items && items.length <= 64 && items.every(isCount) ? items.map(Number) : undefined;
}

/** Where the elements lie in the bytes of their storage. Numbers of complex dtypes are two. */
export function layoutOf({ dtype, shape, strides, offset }: TorchTensor, isBigEndian: boolean): StridedLayout {
  const itemBytes = itemBytesOf(dtype);
  const swap = isBigEndian ? (dtype.startsWith('C') ? itemBytes / 2 : itemBytes) : 1;
  return { shape, strides, offset, itemBytes, swap };
}

/** What makes two tensors one: the same elements of the same storage, seen alike. */
export function identityOf({ storage, dtype, shape, strides, offset }: TorchTensor): string {
  const rows = rowStrides(shape);
  const seen = strides.map((stride, axis) => (shape[axis] === 1 ? rows[axis] : stride));
  return JSON.stringify([storage.key, dtype, shape, seen, offset]);
}
