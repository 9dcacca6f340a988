/** Opens files of PyTorch, `.pth`, `.pt` and `.bin` of both layouts, as tensors that are read by range. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { sizeOf } from '@espalier/tensor';
import { rangeWithin } from '../../tensors/range.ts';
import { checkExpansion } from '../../tensors/expansion.ts';
import { readStrided } from '../../tensors/strided.ts';
import type { TensorEntry, TensorSource } from '../../tensors/tensor-source.ts';
import { isZip } from '../../zip/directory.ts';
import { describeRest, findState, type FoundState } from './find-state.ts';
import type { TorchFile } from './layout.ts';
import { isLegacy, openLegacyLayout } from './legacy-layout.ts';
import { entriesOf } from './pickle/values.ts';
import { identityOf, itemBytesOf, layoutOf, refuseIn, tensorOf, type TorchTensor } from './torch-tensor.ts';
import { openZipLayout } from './zip-layout.ts';

/** What a file of PyTorch says beside its tensors. */
export interface PyTorchSource extends TensorSource {
  readonly format: 'pytorch';
  /** What was read, for whoever writes the like. */
  readonly file: TorchFile;
  readonly state: FoundState;
  /** The part of the names in the file that stands before each of them, and is taken off: `module.` of parallel training. */
  readonly prefix: string;
}

/** How a file of PyTorch is opened. */
export interface PyTorchOptions {
  /** Where the tensors are, in a file that has them in several places: `ema`; empty for the top. */
  readonly key?: string;
}

const parallel = 'module.';

/**
 * Opens a file of PyTorch. Nothing of it is executed; its tensors are read when they are asked for.
 * @throws {FormatError} naming the place, for what is damaged, and the name of whatever is not allowed; and, with the choices, where
 * tensors are in several places.
 */
export async function openPyTorch(source: ByteSource, { key }: PyTorchOptions = {}): Promise<PyTorchSource> {
  const head = await readBytes(source, 0, Math.min(64, source.size), 'its head');
  const file = isZip(head) ? await openZipLayout(source) : await openOld(source, head);
  const refuse = refuseIn(source.name, file.offset);
  const state = findState(file.root, key, refuse);
  const tensors = new Map<string, TensorEntry>();
  const details = new Map<string, TorchTensor>();
  const ties = new Map<string, string>();
  const first = new Map<string, string>();
  const names = [...state.tensors.keys()];
  const prefix = names.every((name) => name.startsWith(parallel) && name !== parallel) ? parallel : '';
  for (const [given, maker] of state.tensors) {
    const name = given.slice(prefix.length);
    const tensor = tensorOf(maker, showName(name), refuse);
    file.checkStorage(tensor.storage);
    const identity = identityOf(tensor);
    const known = first.get(identity);
    if (known === undefined) first.set(identity, name);
    // What has no elements is not shared.
    else if (sizeOf(tensor.shape) > 0) ties.set(name, known);
    const { dtype, shape } = tensor;
    tensors.set(name, { dtype, shape, bytes: sizeOf(shape) * itemBytesOf(dtype) });
    details.set(name, tensor);
  }
  checkExpansion(source, tensors, ties);
  return {
    format: 'pytorch',
    name: source.name,
    tensors,
    ties,
    metadata: describeRest(restOf(file, state)),
    file,
    state,
    prefix,
    read: async (name, range) => {
      const tensor = details.get(name);
      if (!tensor) return refuse(`has no tensor ${showName(name)}`);
      const { bytes } = tensors.get(name) as TensorEntry;
      const { begin, end } = rangeWithin(name, bytes, range);
      const { key: storage } = tensor.storage;
      return readStrided(
        layoutOf(tensor, file.isBigEndian),
        (from, to) => file.readStorage(storage, from, to),
        begin,
        end,
      );
    },
    close: () => source.close(),
  };
}

/** What stands beside the tensors, and beside the map that they are in. */
function restOf({ root }: TorchFile, { key, rest }: FoundState): FoundState['rest'] {
  const top = key === '' ? [] : [...(entriesOf(root) ?? [])].filter(([name]) => name !== key);
  return new Map([
    ...top.flatMap(([name, value]) => (typeof name === 'string' ? [[name, value] as const] : [])),
    ...rest,
  ]);
}

/** The old layout; what looks like neither is told what it is. */
function openOld(source: ByteSource, head: Uint8Array): Promise<TorchFile> {
  if (!isLegacy(head))
    throw new FormatError(
      source.name,
      0,
      'is no file of PyTorch: it is neither a zip file nor begins with the magic number of the old layout',
    );
  return openLegacyLayout(source);
}
