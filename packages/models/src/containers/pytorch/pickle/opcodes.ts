/**
 * The instructions of pickles that tensors need, as plain data. Whatever else there is, is refused by name.
 * Source: Python, `Lib/pickletools.py`, which says what each instruction does.
 */
import { decodeUtf8 } from '@espalier/nn/format';
import { brief } from '@espalier/tensor/arguments';
import { decodeLatin1 } from '../../../bytes/text.ts';
import type { PickleMachine } from './machine.ts';
import {
  itemsOf,
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

type Run = (machine: PickleMachine) => void;

const text = (machine: PickleMachine, length: number): string =>
  decodeUtf8(machine.take(length)) ?? machine.refuse('a text is no UTF-8');

/** A whole number of any size, little-endian in two's complement. */
function long(machine: PickleMachine, length: number): number | bigint {
  if (length > 64) machine.refuse(`a whole number takes ${length} bytes; no tensor needs more than 64`);
  const bytes = machine.take(length);
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  const signed = BigInt.asIntN(Math.max(1, 8 * length), value);
  const small = Number(signed);
  return Number.isSafeInteger(small) ? small : signed;
}

const emptyTuple = new PickleTuple([]);

function tuple(length: number): Run {
  if (length === 0) return (machine) => machine.push(emptyTuple);
  return (machine) => {
    const items = Array.from({ length }, () => machine.pop()).toReversed();
    machine.push(new PickleTuple(items));
  };
}

const remember = (machine: PickleMachine, slot: number): void => void machine.memo.set(slot, machine.top());

const recall = (machine: PickleMachine, slot: number): void => {
  const value = machine.memo.get(slot);
  if (value === undefined) machine.refuse(`the pickle recalls ${slot}, which it has not remembered`);
  machine.push(value as PickleValue);
};

function setItems(machine: PickleMachine, pairs: readonly PickleValue[]): void {
  const dict = machine.top();
  if (!(dict instanceof PickleDict) && !(dict instanceof PickleObject))
    return machine.refuse('puts entries into what is no dict');
  if (pairs.length % 2 !== 0) machine.refuse('puts a key without a value into a dict');
  for (let at = 0; at < pairs.length; at += 2) dict.set(pairs[at] as PickleValue, pairs[at + 1] as PickleValue);
}

function append(machine: PickleMachine, items: readonly PickleValue[]): void {
  const list = machine.top();
  if (!(list instanceof PickleList) && !(list instanceof PickleObject))
    return machine.refuse('appends to what is no list');
  for (const item of items) list.push(item);
}

/** What is called or made: a name, never what a call gave. */
function make(machine: PickleMachine, how: 'call' | 'new'): void {
  const [args, of] = [machine.pop(), machine.pop()];
  if (!(of instanceof PickleGlobal)) return machine.refuse('calls what is no name of a function or class');
  if (!(args instanceof PickleTuple)) return machine.refuse(`calls ${of.name} with what is no tuple`);
  machine.push(
    of.name === 'collections.OrderedDict' ? orderedDict(machine, of, args) : new PickleObject(how, of, args),
  );
}

/** An OrderedDict, which Python 2 has made of a list of pairs, as one whose entries are set afterwards. */
function orderedDict(
  machine: PickleMachine,
  of: PickleGlobal,
  { items: [pairs, ...others] }: PickleTuple,
): PickleObject {
  const dict = new PickleObject('call', of, new PickleTuple([]));
  if (pairs === undefined) return dict;
  const entries = itemsOf(pairs)?.map((pair) => itemsOf(pair) ?? []);
  if (!entries?.every((pair) => pair.length === 2) || others.length > 0)
    return machine.refuse('makes an OrderedDict of what is no list of pairs');
  for (const [key, value] of entries) dict.set(key as PickleValue, value as PickleValue);
  return dict;
}

function build(machine: PickleMachine): void {
  const state = machine.pop();
  const object = machine.top();
  if (!(object instanceof PickleObject)) return machine.refuse('gives attributes to what is no object');
  object.state = state;
}

function stackGlobal(machine: PickleMachine): void {
  const [own, module] = [machine.pop(), machine.pop()];
  if (typeof own !== 'string' || typeof module !== 'string')
    return machine.refuse('names a function by what is no text');
  machine.push(machine.global(module, own));
}

/** What each instruction does. `STOP` is seen to by the reader. */
export const opcodes: ReadonlyMap<number, Run> = new Map<number, Run>([
  [0x80, (machine) => void (machine.number('u8') > 5 && machine.refuse('is a pickle of a protocol above 5'))],
  [0x95, (machine) => void machine.take(8)],
  [0x28, (machine) => machine.mark()],
  [0x4e, (machine) => machine.push(null)],
  [0x88, (machine) => machine.push(true)],
  [0x89, (machine) => machine.push(false)],
  [0x4a, (machine) => machine.push(machine.number('i32'))],
  [0x4b, (machine) => machine.push(machine.number('u8'))],
  [0x4d, (machine) => machine.push(machine.number('u16'))],
  [0x8a, (machine) => machine.push(long(machine, machine.number('u8')))],
  [0x47, (machine) => machine.push(new PickleFloat(machine.float()))],
  [0x58, (machine) => machine.push(text(machine, machine.number('u32')))],
  [0x8c, (machine) => machine.push(text(machine, machine.number('u8')))],
  // Texts of Python 2.
  [0x55, (machine) => machine.push(decodeLatin1(machine.take(machine.number('u8'))))],
  [0x54, (machine) => machine.push(decodeLatin1(machine.take(machine.number('u32'))))],
  [0x43, (machine) => machine.push(new PickleBytes(machine.take(machine.number('u8')).slice()))],
  [0x42, (machine) => machine.push(new PickleBytes(machine.take(machine.number('u32')).slice()))],
  [0x29, tuple(0)],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  [0x74, (machine) => machine.push(new PickleTuple(machine.popMarked()))],
  [0x5d, (machine) => machine.push(new PickleList())],
  [0x7d, (machine) => machine.push(new PickleDict())],
  [0x8f, (machine) => machine.push(new PickleSet())],
  [0x61, (machine) => append(machine, [machine.pop()])],
  [0x65, (machine) => append(machine, machine.popMarked())],
  [
    0x90,
    (machine) => {
      const items = machine.popMarked();
      const set = machine.top();
      if (set instanceof PickleSet) for (const item of items) set.push(item);
      else machine.refuse('adds to what is no set');
    },
  ],
  [0x73, (machine) => setItems(machine, [machine.pop(), machine.pop()].toReversed())],
  [0x75, (machine) => setItems(machine, machine.popMarked())],
  [0x71, (machine) => remember(machine, machine.number('u8'))],
  [0x72, (machine) => remember(machine, machine.number('u32'))],
  [0x94, (machine) => remember(machine, machine.memo.size)],
  [0x68, (machine) => recall(machine, machine.number('u8'))],
  [0x6a, (machine) => recall(machine, machine.number('u32'))],
  [0x63, (machine) => machine.push(machine.global(machine.line(), machine.line()))],
  [0x93, stackGlobal],
  [0x52, (machine) => make(machine, 'call')],
  [0x81, (machine) => make(machine, 'new')],
  [0x62, build],
  [0x51, (machine) => machine.push(referenceTo(machine.pop()))],
]);

/** In the old layout the name of a class of a module comes with its source code: ('module', class, path, code). */
function referenceTo(id: PickleValue): PickleValue {
  const isModule = id instanceof PickleTuple && id.items[0] === 'module' && id.items[1] instanceof PickleGlobal;
  return isModule ? (id.items[1] as PickleGlobal) : new PickleReference(id);
}

/** Instructions that no file of tensors needs, by name: for errors. */
const foreign: Readonly<Record<number, string>> = {
  0x30: 'POP',
  0x31: 'POP_MARK',
  0x32: 'DUP',
  0x46: 'FLOAT',
  0x49: 'INT',
  0x4c: 'LONG',
  0x50: 'PERSID',
  0x53: 'STRING',
  0x56: 'UNICODE',
  0x64: 'DICT',
  0x67: 'GET',
  0x69: 'INST',
  0x6c: 'LIST',
  0x6f: 'OBJ',
  0x70: 'PUT',
  0x82: 'EXT1',
  0x83: 'EXT2',
  0x84: 'EXT4',
  0x8b: 'LONG4',
  0x8d: 'BINUNICODE8',
  0x8e: 'BINBYTES8',
  0x91: 'FROZENSET',
  0x92: 'NEWOBJ_EX',
  0x96: 'BYTEARRAY8',
  0x97: 'NEXT_BUFFER',
  0x98: 'READONLY_BUFFER',
};

/** Refuses an instruction by its name; one that would call something, by the name of that. */
export function refuseOpcode(machine: PickleMachine, code: number): never {
  const name = foreign[code];
  const shown = `0x${code.toString(16).padStart(2, '0')}${name === undefined ? '' : ` (${name})`}`;
  // INST names what it calls.
  if (name === 'INST') machine.global(machine.line(), machine.line());
  return machine.refuse(
    `has the pickle instruction ${brief(shown)}, which no file of tensors needs; it is not carried out`,
  );
}
