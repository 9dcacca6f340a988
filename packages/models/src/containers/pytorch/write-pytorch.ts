/**
 * Writes files of PyTorch in its zip layout, as a stream: state dicts that `torch.load(path, weights_only=True)` and
 * `load_state_dict` take, and whatever was read with other tensors in it.
 */
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { encodeUtf8 } from '@espalier/nn/format';
import { sizeOf } from '@espalier/tensor';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { rowStrides, swapBytes } from '../../tensors/strided.ts';
import type { TensorEntry, WrittenTensor } from '../../tensors/tensor-source.ts';
import { zipWriter } from '../../zip/zip-writer.ts';
import { refuseWhat } from '../cannot-carry.ts';
import { storageDTypes, torchDTypes } from './globals.ts';
import type { TorchFile } from './layout.ts';
import type { PyTorchSource } from './open-pytorch.ts';
import {
  PickleDict,
  PickleFloat,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleReference,
  PickleTuple,
  type PickleValue,
} from './pickle/values.ts';
import { allValues } from './pickle/walk.ts';
import { writePickle } from './pickle/write-pickle.ts';
import { itemBytesOf, makerOf, refuseIn, storageOf, type StorageReference } from './torch-tensor.ts';

/** A storage that is going to be written. */
interface Storage {
  readonly key: string;
  readonly bytes: number;
  readonly values: () => AsyncIterable<Uint8Array>;
}

const inverse = (table: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(table).map(([name, dtype]) => [dtype, name]));
const storageNames = inverse(storageDTypes);
const dtypeNames = inverse(torchDTypes);

/** How much of a storage that is carried along is read at a time. */
const piece = 4 << 20;

const dict = (): PickleObject =>
  new PickleObject('call', new PickleGlobal('collections', 'OrderedDict'), new PickleTuple([]));

/** The tensors of dtypes that PyTorch has not. */
export function lossesOf(tensors: ReadonlyMap<string, TensorEntry>): string[] {
  return [...tensors].flatMap(([name, { dtype }]) => (dtypeNames.has(dtype) ? [] : [`${showName(name)} (${dtype})`]));
}

/** @throws {FormatError} for a dtype that PyTorch has not, and for bytes that do not fit the shape. */
function checkTensor(name: string, { dtype, shape, bytes }: WrittenTensor): void {
  const shown = showName(name);
  if (!dtypeNames.has(dtype))
    throw new FormatError('pytorch', 0, `${shown} is ${dtype}, which no tensor of PyTorch is; convert it before`);
  const needed = sizeOf(shape) * itemBytesOf(dtype);
  if (bytes !== needed)
    throw new FormatError('pytorch', 0, `${shown} has ${bytes} bytes; ${dtype} [${shape.join(', ')}] takes ${needed}`);
}

/** Storages by what is in them: the same tensor under several names is one. */
class Storages {
  readonly all: Storage[] = [];
  readonly #known = new Map<unknown, string>();

  /** The key of what is the same thing as `identity`, which is added where it is new. */
  key(identity: unknown, bytes: number, values: Storage['values']): string {
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const key = String(this.all.length);
    this.#known.set(identity, key);
    this.all.push({ key, bytes, values });
    return key;
  }
}

/** A tensor as the object that makes it; dtypes without a storage of their own lie in one of bytes. */
function makerFor(
  tensor: WrittenTensor,
  storages: Storages,
  requiresGrad: PickleValue,
  hooks: PickleValue,
): PickleObject {
  const { dtype, shape, bytes } = tensor;
  const key = storages.key(tensor, bytes, tensor.values);
  const own = storageNames.get(dtype);
  const of = own === undefined ? new PickleGlobal('torch.storage', 'UntypedStorage') : new PickleGlobal('torch', own);
  const size = own === undefined ? bytes : sizeOf(shape);
  const reference = new PickleReference(new PickleTuple(['storage', of, key, 'cpu', size]));
  // PyTorch itself cannot read a leaf of such a dtype that wants gradients.
  const wants = own === undefined ? false : requiresGrad;
  const place = [reference, 0, new PickleTuple(shape), new PickleTuple(rowStrides(shape)), wants, hooks];
  if (own !== undefined) return new PickleObject('call', new PickleGlobal('torch._utils', '_rebuild_tensor_v2'), new PickleTuple(place)); // prettier-ignore
  const name = new PickleGlobal('torch', dtypeNames.get(dtype) as string);
  return new PickleObject(
    'call',
    new PickleGlobal('torch._utils', '_rebuild_tensor_v3'),
    new PickleTuple([...place, name]),
  );
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield encodeUtf8(text);
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The root of the entries' names, which says nothing: PyTorch takes any. */
const archive = 'archive';

async function writeArchive(sink: ByteSink, pickle: Uint8Array, storages: readonly Storage[]): Promise<void> {
  const zip = zipWriter(sink);
  const text = (name: string, value: string): Promise<void> =>
    zip.add(`${archive}/${name}`, value.length, textOf(value));
  await zip.add(`${archive}/data.pkl`, pickle.length, bytesOf(pickle));
  await text('.format_version', '1');
  await text('.storage_alignment', '64');
  await text('byteorder', 'little');
  for (const { key, bytes, values } of storages) await zip.add(`${archive}/data/${key}`, bytes, values());
  await text('version', '3\n');
  await zip.end();
}

/** JSON as values of Python. */
function valueOf(json: Json): PickleValue {
  if (json === null || typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? json : new PickleFloat(json);
  if (Array.isArray(json)) {
    const list = new PickleList();
    for (const item of json as readonly Json[]) list.push(valueOf(item));
    return list;
  }
  const made = new PickleDict();
  for (const [key, each] of Object.entries(json)) made.set(key, valueOf(each));
  return made;
}

/**
 * Writes tensors as a state dict: an OrderedDict that `load_state_dict` takes. A tensor that stands under several names is
 * tied. With metadata it is a dict of these and the `state_dict`.
 * @throws {FormatError} before anything is written, for what PyTorch has not.
 */
export async function writeStateDict(
  sink: ByteSink,
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: { readonly [key: string]: Json } = {},
): Promise<void> {
  refuseWhat('pytorch', lossesOf(tensors), 'convert them before');
  for (const [name, tensor] of tensors) checkTensor(name, tensor);
  const storages = new Storages();
  const state = dict();
  for (const [name, tensor] of tensors) state.set(name, makerFor(tensor, storages, false, dict()));
  const notes = Object.entries(metadata);
  const whole = new PickleDict();
  for (const [key, value] of notes) whole.set(key, valueOf(value));
  whole.set('state_dict', state);
  await writeArchive(sink, writePickle(notes.length === 0 ? state : whole), storages.all);
}

/**
 * Writes what a file holds, a whole module or a checkpoint with all that stands in it, with other tensors in the place of its own:
 * those of `tensors`, by the names of the source. All others are carried along. A tensor under several names is tied.
 * @throws {FormatError} before anything is written, for a name that the source has not, for what PyTorch has not, and for another
 * shape in a module, whose attributes would contradict it.
 */
export async function writePyTorchLike(
  sink: ByteSink,
  source: PyTorchSource,
  tensors: ReadonlyMap<string, WrittenTensor>,
): Promise<void> {
  const { file, state, prefix } = source;
  const replaced = new Map<PickleObject, WrittenTensor>();
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    const maker = state.tensors.get(prefix + name);
    const entry = source.tensors.get(name);
    if (!maker || !entry) throw new FormatError('pytorch', 0, `${source.name} has no tensor ${showName(name)} to put another in the place of`); // prettier-ignore
    if (state.module && entry.shape.join() !== tensor.shape.join())
      throw new FormatError(
        'pytorch',
        0,
        `${showName(name)} is [${tensor.shape.join(', ')}] now, and the module in ${source.name} takes [${entry.shape.join(', ')}]; write a state dict`,
      );
    replaced.set(maker, tensor);
  }
  const storages = new Storages();
  const made = new Map<PickleObject | PickleReference, PickleValue>();
  for (const value of allValues(file.root)) {
    const maker = makerOf(value);
    const tensor = maker && replaced.get(maker);
    if (maker && tensor)
      made.set(maker, makerFor(tensor, storages, maker.args.items[4] ?? false, maker.args.items[5] ?? dict()));
  }
  const kept = [...replaced.keys()].find((maker) => !made.has(maker));
  if (kept)
    throw new FormatError('pytorch', 0, `${source.name} has tensors of a class of their own, which others cannot stand for; write a state dict`); // prettier-ignore
  const carried = (reference: PickleReference): PickleValue => {
    const known = made.get(reference);
    if (known !== undefined) return known;
    const written = carriedStorage(file, reference, storages);
    made.set(reference, written);
    made.set(written, written);
    return written;
  };
  const own = new Set<PickleValue>([...made.values()].flatMap((maker) => (maker instanceof PickleObject ? maker.args.items[0] ?? [] : []))); // prettier-ignore
  const pickle = writePickle(file.root, (value) => {
    if (value instanceof PickleObject) return made.get(value) ?? value;
    return own.has(value) ? value : carried(value);
  });
  await writeArchive(sink, pickle, storages.all);
}

/** The reference to a storage that is carried along, with the key that it has in the new file. */
function carriedStorage(file: TorchFile, reference: PickleReference, storages: Storages): PickleReference {
  const storage = storageOf(reference, refuseIn(file.source.name, file.offset));
  file.checkStorage(storage);
  const { key, itemBytes, size, offset, end } = storage;
  if (offset > 0 || end < size) throw new FormatError(file.source.name, file.offset, `the storage ${showName(key)} is a view of another, which is not written; write a state dict`); // prettier-ignore
  const bytes = size * itemBytes;
  const written = storages.key(`carried ${key}`, bytes, () => piecesOf(file, storage));
  const [word, of, , place] = (reference.id as PickleTuple).items as [
    PickleValue,
    PickleValue,
    PickleValue,
    PickleValue,
  ];
  return new PickleReference(new PickleTuple([word, of, written, place, size]));
}

/** The bytes of a storage as they are. Those of a big-endian file cannot be turned round where nobody knows what they are. */
async function* piecesOf(
  file: TorchFile,
  { key, size, itemBytes, dtype }: StorageReference,
): AsyncGenerator<Uint8Array> {
  const bytes = size * itemBytes;
  if (file.isBigEndian && dtype === undefined && bytes > 0)
    throw new FormatError(
      file.source.name,
      file.offset,
      `the storage ${showName(key)} of a big-endian file is of no dtype`,
    );
  const unit = file.isBigEndian ? (dtype?.startsWith('C') ? itemBytes / 2 : itemBytes) : 1;
  for (let at = 0; at < bytes; at += piece) {
    const part = await file.readStorage(key, at, Math.min(bytes, at + piece));
    yield swapBytes(part, unit);
  }
}
