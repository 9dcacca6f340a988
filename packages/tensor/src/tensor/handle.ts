/**
 * The part of a tensor that is not mathematics: its type, its value, its life. The op methods are layered on top, one
 * file a family, and `Tensor` is the last layer.
 */
import { check, ruleOf, type Rule } from '../arguments/rules.ts';
import type { Device } from '../device/device.ts';
import { dtypes, type DType, type TypedArray } from '../dtype/dtype.ts';
import { ArgumentError, LifetimeError, ShapeError } from '../errors.ts';
import { modes } from '../graph/modes.ts';
import { showLengths } from '../graph/lengths.ts';
import { distinctLengths, Node } from '../graph/node.ts';
import type { Storage } from '../graph/storage.ts';
import { settleIndexChecks } from '../runtime/index-checks.ts';
import { realize } from '../runtime/realize.ts';
import { withRoom } from '../runtime/with-room.ts';
import { showShape, sizeOf, type Shape } from '../shape/shape.ts';
import { nest, type NestedNumbers } from './nested.ts';
import { presentBytes, presentShape } from '../runtime/present.ts';
import { printValues, type ReadElements } from './print.ts';
import type { Tensor } from './tensor.ts';

let created = 0;

/** How many handles were made so far: handles with a larger serial are younger than now. */
export function handlesCreated(): number {
  return created;
}

const aNode: Rule<Node> = ruleOf(
  'of the graph; tensor(), zeros() and the like make tensors',
  (value) => value instanceof Node,
);

/** What every tensor is, whatever can be calculated with it. */
export abstract class TensorHandle {
  static {
    // `console.log` of Node asks for it; elsewhere the name means nothing.
    const inspect = Symbol.for('nodejs.util.inspect.custom');
    Object.defineProperty(this.prototype, inspect, {
      value(this: TensorHandle): string {
        return this.toString();
      },
    });
  }

  /** Grows with creation. */
  readonly serial: number = ++created;
  #current: Node | undefined;
  /** The gradient that `backward()` accumulates here; only on tensors from `requiresGradients()`. */
  grad: Tensor | undefined;

  constructor(node: Node) {
    check('Tensor', 'the node', node, aNode);
    this.#current = node;
    node.retain();
    node.handles++;
    modes.scope?.created.add(asTensor(this));
  }

  /** The graph node behind this handle, as an op reads it. */
  get node(): Node {
    const node = liveNode(this);
    if (!modes.touched) return node;
    modes.touched(asTensor(this));
    // It may have been given a node of its own.
    return liveNode(this);
  }

  /** The graph node, without counting as a use. For the runtime. */
  get boundNode(): Node | undefined {
    return this.#current;
  }

  /** Puts another node behind this handle. For the runtime; `assign` is for users. */
  rebind(node: Node): void {
    const old = this.#current;
    node.retain();
    node.handles++;
    this.#current = node;
    if (old) {
      old.handles--;
      old.release();
    }
  }

  /** Sizes of the dimensions, outermost first; `[]` for a scalar. */
  get shape(): Shape {
    return liveNode(this).shape;
  }

  get dtype(): DType {
    return liveNode(this).dtype;
  }

  get device(): Device {
    return liveNode(this).device;
  }

  /** Number of dimensions. */
  get rank(): number {
    return liveNode(this).shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(liveNode(this).shape);
  }

  /** Whether gradients are of interest here: a leaf from `requiresGradients()`, or computed from one. */
  get requiresGrad(): boolean {
    return liveNode(this).gradientRole !== 'none';
  }

  /** Whether the memory was given back by `dispose()` or a scope. */
  get isDisposed(): boolean {
    return this.#current === undefined;
  }

  /** Computes the value now, if it has not been computed yet; resolves when the device has done so. */
  async realize(): Promise<this> {
    await withRoom(() => this.realizeSync().device.synchronize());
    await settleIndexChecks(this.device);
    return this;
  }

  /** Asks the device for the value now; on asynchronous devices, without waiting for it. */
  realizeSync(): this {
    realize([liveNode(this)]);
    return this;
  }

  /** A copy of the elements in row-major order; `f16` and `bf16` come as Float32Array. */
  async data(): Promise<TypedArray> {
    return decode(this.dtype, await this.bytes());
  }

  /**
   * As `data()`, at once.
   * @throws {DeviceError} on devices that can only be read asynchronously (webgpu).
   */
  dataSync(): TypedArray {
    return decode(this.dtype, this.bytesSync());
  }

  /** The elements as nested arrays of numbers (0 and 1 for `bool`); a plain number for a scalar. */
  async array(): Promise<NestedNumbers> {
    const { bytes, shape } = await readPresent(liveNode(this));
    return nest(decode(this.dtype, bytes), shape);
  }

  /**
   * As `array()`, at once.
   * @throws {DeviceError} where `dataSync()` does.
   */
  arraySync(): NestedNumbers {
    const { bytes, shape } = readPresentSync(liveNode(this));
    return nest(decode(this.dtype, bytes), shape);
  }

  /**
   * The value of a tensor of one element.
   * @throws {ShapeError} if it has more or none.
   */
  async item(): Promise<number> {
    checkSingle(this);
    return (await this.data())[0] as number;
  }

  /**
   * As `item()`, at once.
   * @throws {DeviceError} where `dataSync()` does.
   */
  itemSync(): number {
    checkSingle(this);
    return this.dataSync()[0] as number;
  }

  /** The raw bytes of the value, as the device stores them (16-bit floats as patterns, `bool` as bytes). */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return (await readPresent(liveNode(this))).bytes;
  }

  /**
   * As `bytes()`, at once.
   * @throws {DeviceError} where `dataSync()` does.
   */
  bytesSync(): Uint8Array<ArrayBuffer> {
    return readPresentSync(liveNode(this)).bytes;
  }

  /** Gives the memory back now. The tensor must not be used afterwards; other tensors are not affected. */
  dispose(): void {
    const node = this.#current;
    if (!node) return;
    this.#current = undefined;
    node.handles--;
    node.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Shape, dtype, device and values, of large tensors the first and last along each axis. Nothing is computed for it: a
   * value that does not exist yet, or that only an asynchronous device has, is `not read`.
   */
  toString(): string {
    if (!this.#current) return 'Tensor(disposed)';
    const { shape, dtype, device } = this.#current;
    const type = `${showShape(shape)}, ${dtype}, ${device.name}`;
    const read = readerOf(this.#current);
    if (!read) return `Tensor(${type}, not read)`;
    const values = printValues(shape, dtype, read);
    return `Tensor(${type})${values.includes('\n') ? '\n' : ' '}${values}`;
  }

  /**
   * `JSON.stringify` asks for it.
   * @throws {ArgumentError} in any case: JSON has neither dtypes nor NaN, and a value may not be there yet.
   */
  toJSON(): never {
    throw new ArgumentError(
      'JSON.stringify',
      `a tensor ${this.#current ? `${showShape(this.shape)} ` : ''}has no form in JSON; write \`await tensor.array()\`, which is nested numbers, or save tensors as safetensors`,
    );
  }
}

function checkSingle(handle: TensorHandle): void {
  if (liveNode(handle).lengths)
    throw new ShapeError(
      'item',
      `${showLengths(liveNode(handle))} has a length, and perhaps no element; use array() or data()`,
    );
  if (handle.size !== 1)
    throw new ShapeError(
      'item',
      `the tensor ${showShape(handle.shape)} has ${handle.size} elements, not one; use array() or data()`,
    );
}

/** A handle seen as what it always is. The classes below `Tensor` are there to keep its files short. */
export function asTensor(handle: TensorHandle): Tensor {
  return handle as unknown as Tensor;
}

/** The node of a tensor that still has one, without counting as a use. */
function liveNode(handle: TensorHandle): Node {
  const node = handle.boundNode;
  if (!node) throw new LifetimeError('tensor', 'was disposed; keep it with keep() or return it from its scope');
  return node;
}

/** What there is of a value. */
interface Present {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly shape: Shape;
}

async function readPresent(node: Node): Promise<Present> {
  const lengths = [...distinctLengths(node.lengths)];
  const [own, ...others] = await withRoom(() => {
    realize([node, ...lengths]);
    return Promise.all([node, ...lengths].map(({ storage }) => (storage as Storage).read()));
  });
  await settleIndexChecks(node.device);
  return present(node, own as Present['bytes'], new Map(lengths.map((length, i) => [length, others[i]])));
}

function readPresentSync(node: Node): Present {
  const lengths = [...distinctLengths(node.lengths)];
  realize([node, ...lengths]);
  const bytesOf = ({ storage }: Node): Present['bytes'] => (storage as Storage).readSync();
  return present(node, bytesOf(node), new Map(lengths.map((length) => [length, bytesOf(length)])));
}

/** What was read of a node, as far as its lengths go. */
function present(
  node: Node,
  all: Uint8Array<ArrayBuffer>,
  lengths: ReadonlyMap<Node, Uint8Array<ArrayBuffer> | undefined>,
): Present {
  if (lengths.size === 0) return { bytes: all, shape: node.shape };
  const shape = presentShape(
    node,
    (length) => decode('i32', lengths.get(length) as Uint8Array<ArrayBuffer>)[0] as number,
  );
  return { bytes: presentBytes(node, shape, all), shape };
}

/** Reads elements of a value that is there and can be read at once. */
function readerOf({ storage, dtype, device, lengths }: Node): ReadElements | undefined {
  if (lengths) return undefined;
  const { bytes } = dtypes[dtype];
  const host = storage?.host;
  if (host) return (offset, count) => decode(dtype, host.slice(offset * bytes, (offset + count) * bytes));
  const buffer = storage?.buffer;
  if (!buffer || !device.capabilities.synchronousRead) return undefined;
  return (offset, count) => (count === 0 ? [] : decode(dtype, device.readSync(buffer, offset * bytes, count * bytes)));
}

/** Raw bytes as numbers of the dtype. */
function decode(dtype: DType, bytes: Uint8Array<ArrayBuffer>): TypedArray {
  const info = dtypes[dtype];
  const raw = info.view(bytes.buffer, bytes.byteOffset, bytes.byteLength / info.bytes);
  return info.bytes === 2 ? Float32Array.from(raw, info.decode) : raw;
}
