/** Writes data as a pickle of protocol 2, which PyTorch reads under `weights_only=True`. */
import { FormatError } from '@espalier/nn';
import { encodeUtf8 } from '@espalier/nn/format';
import {
  PickleBytes,
  PickleDict,
  PickleFloat,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleReference,
  PickleSet,
  PickleTuple,
  type PickleValue,
} from './values.ts';

/** Levels that a pickle may have: Python itself gives up at about a thousand. */
const deepest = 400;

/** Bytes that grow. */
class Program {
  #bytes = new Uint8Array(1024);
  #length = 0;

  put(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#length + bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

function littleEndian(value: number, bytes: 1 | 2 | 4): number[] {
  return Array.from({ length: bytes }, (_, at) => (value >>> (8 * at)) & 255);
}

function integer(value: number | bigint): number[] {
  if (typeof value === 'number' && value >= 0 && value < 256) return [0x4b, value];
  if (typeof value === 'number' && value >= 0 && value < 65_536) return [0x4d, ...littleEndian(value, 2)];
  if (typeof value === 'number' && (value | 0) === value) return [0x4a, ...littleEndian(value, 4)];
  const big = BigInt(value);
  const bytes: number[] = [];
  let length = 1;
  while (BigInt.asIntN(8 * length, big) !== big) length++;
  for (let at = 0; at < length; at++) bytes.push(Number((big >> BigInt(8 * at)) & 255n));
  return [0x8a, length, ...bytes];
}

function float(value: number): number[] {
  const view = new DataView(new ArrayBuffer(9));
  view.setUint8(0, 0x47);
  view.setFloat64(1, value);
  return [...new Uint8Array(view.buffer)];
}

/**
 * The bytes of a pickle. Values that stand in several places are written once, and stay one. `written` gives what is to stand
 * in the place of an object or a reference.
 * @throws {FormatError} for data of more than 400 levels.
 */
export function writePickle(
  root: PickleValue,
  written: (value: PickleObject | PickleReference) => PickleValue = (value) => value,
): Uint8Array<ArrayBuffer> {
  const program = new Program();
  const memo = new Map<unknown, number>();
  const remember = (key: unknown): void => {
    const slot = memo.size;
    memo.set(key, slot);
    program.put(slot < 256 ? [0x71, slot] : [0x72, ...littleEndian(slot, 4)]);
  };
  const recall = (key: unknown): boolean => {
    const slot = memo.get(key);
    if (slot === undefined) return false;
    program.put(slot < 256 ? [0x68, slot] : [0x6a, ...littleEndian(slot, 4)]);
    return true;
  };
  const entries = (map: ReadonlyMap<PickleValue, PickleValue>, level: number): void => {
    if (map.size === 0) return;
    program.put([0x28]);
    for (const [key, value] of map) {
      put(key, level);
      put(value, level);
    }
    program.put([0x75]);
  };
  const items = (list: readonly PickleValue[], level: number, end: number): void => {
    if (list.length === 0) return;
    program.put([0x28]);
    for (const item of list) put(item, level);
    program.put([end]);
  };
  const global = (value: PickleGlobal): void => {
    if (recall(value.name)) return;
    program.put(encodeUtf8(`c${value.module}\n${value.own}\n`));
    remember(value.name);
  };
  const call = (of: PickleGlobal, args: PickleTuple, how: 'call' | 'new', level: number): void => {
    global(of);
    put(args, level);
    program.put([how === 'call' ? 0x52 : 0x81]);
  };
  const put = (given: PickleValue, level: number): void => {
    if (level > deepest) throw new FormatError('pickle', 0, `the data have more than ${deepest} levels`);
    const value = given instanceof PickleObject || given instanceof PickleReference ? written(given) : given;
    if (value === null) program.put([0x4e]);
    else if (typeof value === 'boolean') program.put([value ? 0x88 : 0x89]);
    else if (typeof value === 'number' || typeof value === 'bigint') program.put(integer(value));
    else if (value instanceof PickleFloat) program.put(float(value.value));
    else if (value instanceof PickleGlobal) global(value);
    else if (recall(typeof value === 'string' ? `"${value}` : value)) return;
    else putNew(value, level + 1);
  };
  const putNew = (
    value: Exclude<PickleValue, null | boolean | number | bigint | PickleFloat | PickleGlobal>,
    level: number,
  ): void => {
    if (typeof value === 'string') {
      const bytes = encodeUtf8(value);
      program.put([0x58, ...littleEndian(bytes.length, 4)]);
      program.put(bytes);
      remember(`"${value}`);
    } else if (value instanceof PickleBytes) {
      // As Python itself writes bytes into protocol 2.
      const latin = String.fromCharCode(...value.bytes);
      call(new PickleGlobal('_codecs', 'encode'), new PickleTuple([latin, 'latin1']), 'call', level);
      remember(value);
    } else if (value instanceof PickleTuple) putTuple(value, level);
    else if (value instanceof PickleList) {
      program.put([0x5d]);
      remember(value);
      items(value.items, level, 0x65);
    } else if (value instanceof PickleDict) {
      program.put([0x7d]);
      remember(value);
      entries(value.entries, level);
    } else if (value instanceof PickleSet) {
      const list = new PickleList();
      for (const item of value.items) list.push(item);
      call(new PickleGlobal('__builtin__', 'set'), new PickleTuple([list]), 'call', level);
      remember(value);
    } else if (value instanceof PickleReference) {
      put(value.id, level);
      program.put([0x51]);
    } else {
      call(value.of, value.args, value.how, level);
      remember(value);
      items(value.items, level, 0x65);
      entries(value.entries, level);
      if (value.state === undefined) return;
      put(value.state, level);
      program.put([0x62]);
    }
  };
  const putTuple = (value: PickleTuple, level: number): void => {
    const short = [0x29, 0x85, 0x86, 0x87][value.items.length];
    if (short === undefined) program.put([0x28]);
    for (const item of value.items) put(item, level);
    program.put([short ?? 0x74]);
    if (value.items.length > 0) remember(value);
  };
  program.put([0x80, 2]);
  put(root, 0);
  program.put([0x2e]);
  return program.bytes;
}
