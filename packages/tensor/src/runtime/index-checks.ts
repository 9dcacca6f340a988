/**
 * Whether indices exist. Where their values are in JavaScript memory, that is looked at in the call, once for each value.
 * Values that a device computes are not read for it: there an index outside reads 0, adds nothing, and is no class. The
 * switch `checkIndices` makes every operation read and check them, on every device.
 */
import type { Device } from '../device/device.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { modes, type IndexBounds, type SumLimit } from '../graph/modes.ts';
import { distinctLengths, type Node } from '../graph/node.ts';
import type { Storage } from '../graph/storage.ts';
import { presentBytes, presentShape } from './present.ts';
import { realize } from './realize.ts';

/** Set by `configure`, and by the environment where there is one. */
export const indexChecks: { everywhere: boolean } = { everywhere: askedByEnvironment() };

function askedByEnvironment(): boolean {
  const host = globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } };
  return host.process?.env?.['ESPALIER_CHECK'] === '1';
}

const remedies = {
  float: 'cast them to i32',
  bool: 'use a mask with where() or maskedFill(), or cast it to i32 to count false as 0 and true as 1',
} as const;

/**
 * @throws {ShapeError} for an index outside, if its value is known or the switch is on (on asynchronous devices the
 * next read throws).
 * @throws {DTypeError} for what is no integer.
 */
export function checkIndexNode(node: Node, bounds: IndexBounds): void {
  const { kind } = dtypes[node.dtype];
  if (kind === 'float' || kind === 'bool')
    throw new DTypeError(bounds.operation, `indices are ${node.dtype}; ${remedies[kind]}`);
  const held = sameElements(node);
  const { storage: source } = held;
  if (held.lengths) checkPresent(held, bounds);
  else if (source?.host) checkStored(source, source.host, node.dtype, bounds);
  // What is known now may be assigned to before the step is called again.
  modes.trace?.bound(held, bounds);
  if (modes.trace || held.lengths || source?.host || !indexChecks.everywhere) return;
  realize([node]);
  const storage = node.storage as Storage;
  if (node.device.capabilities.synchronousRead) checkBytes(storage.readSync(), node.dtype, bounds);
  else later(node.device, storage, node.dtype, bounds);
}

/**
 * Scalars that must not add up to more than they may: looked at where all of them are known, in a step at each call.
 * What is thrown then `limit.wrong` makes of their values.
 */
export function checkSum(terms: readonly Node[], limit: SumLimit): void {
  const values = terms.map(knownScalar);
  if (values.every((value) => value !== undefined)) checkNumbers(values, limit);
  modes.trace?.sum(terms.map(sameElements), limit);
}

/** The same for numbers. */
export function checkNumbers(values: readonly number[], { most, wrong }: SumLimit): void {
  if (values.reduce((sum, value) => sum + value, 0) > most) throw wrong(...values);
}

/** The value of a scalar of integers, if it is in JavaScript memory. */
export function knownScalar(node: Node): number | undefined {
  const { storage, dtype } = sameElements(node);
  return storage?.host && valuesOf(storage.host, dtype)[0];
}

/** Movements that leave no element out. */
const complete: ReadonlySet<string> = new Set(['reshape', 'permute', 'expand']);

/** What a view shows, if it shows all of it. */
function sameElements(view: Node): Node {
  let node = view;
  while (!node.storage && node.op.family === 'movement' && complete.has(node.op.name) && node.size > 0)
    node = node.inputs[0] as Node;
  return node;
}

/** Of a tensor that has lengths, what is behind them is no index; the rest is looked at where all of it is known. */
function checkPresent(node: Node, bounds: IndexBounds): void {
  let whole = node;
  while (!whole.storage && whole.op.name === 'upTo') whole = sameElements(whole.inputs[0] as Node);
  const lengths = new Map([...distinctLengths(node.lengths)].map((length) => [length, knownScalar(length)]));
  const bytes = whole.storage?.host;
  if (!bytes || [...lengths.values()].includes(undefined)) return;
  const present = presentShape(node, (length) => lengths.get(length) as number);
  checkBytes(presentBytes(node, present, bytes), node.dtype, bounds);
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Smallest and largest value of what was looked at: a storage in JavaScript memory does not change. */
const ranges = new WeakMap<Storage, Range>();

function checkStored(storage: Storage, bytes: Uint8Array, dtype: DType, bounds: IndexBounds): void {
  const range = ranges.get(storage) ?? rangeOf(bytes, dtype);
  ranges.set(storage, range);
  if (range.low < 0 || range.high >= bounds.size) checkBytes(bytes, dtype, bounds);
}

const valuesOf = (bytes: Uint8Array, dtype: DType): ArrayLike<number> =>
  dtypes[dtype].view(bytes.buffer, bytes.byteOffset, bytes.byteLength / dtypes[dtype].bytes);

function rangeOf(bytes: Uint8Array, dtype: DType): Range {
  const values = valuesOf(bytes, dtype);
  let low = 0;
  let high = -1;
  for (let position = 0; position < values.length; position++) {
    const value = values[position] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

function checkBytes(bytes: Uint8Array, dtype: DType, bounds: IndexBounds): void {
  const { operation, size, ignored, wrong } = bounds;
  const values = valuesOf(bytes, dtype);
  for (let position = 0; position < values.length; position++) {
    const value = values[position] as number;
    if ((value >= 0 && value < size) || value === ignored) continue;
    if (wrong) throw wrong(value, position);
    throw new ShapeError(
      operation,
      `index ${value} (number ${position} of ${values.length}) lies outside; ${size === 0 ? 'there is nothing to index' : `use 0 to ${size - 1}`}`,
    );
  }
}

/** Checks under way on asynchronous devices; each gives its error. */
const pending = new WeakMap<Device, Promise<unknown>[]>();

function later(device: Device, storage: Storage, dtype: DType, bounds: IndexBounds): void {
  const check = storage.read().then(
    (bytes) => {
      try {
        checkBytes(bytes, dtype, bounds);
        return undefined;
      } catch (error) {
        return error;
      }
    },
    (error: unknown) => error,
  );
  const list = pending.get(device) ?? [];
  pending.set(device, list);
  list.push(check);
}

/**
 * Waits for the checks of a device.
 * @throws {ShapeError} the first that was found, for an index outside.
 */
export async function settleIndexChecks(device: Device): Promise<void> {
  const checks = pending.get(device);
  if (!checks) return;
  pending.delete(device);
  const error = (await Promise.all(checks)).find((outcome) => outcome !== undefined);
  if (error !== undefined) throw error;
}
