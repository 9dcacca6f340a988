/** Makes graph nodes. Every op is appended to the graph through one of these. */
import type { Device } from '../device/device.ts';
import { dtypes, isFloat, type DType } from '../dtype/dtype.ts';
import { ArgumentError, DeviceError, DTypeError, InternalError } from '../errors.ts';
import type { Attributes, ElementwiseOp, IndexedOp, KernelOp, MovementOp, Op, ReductionOp, SourceOp } from './op.ts';
import { literal } from '../kernel/loop-body.ts';
import { movedShape, type Movement } from '../shape/layout.ts';
import { sameShape, type Shape } from '../shape/shape.ts';
import { modes } from './modes.ts';
import { carriedLengths, lengthsOf, type CarriedLengths } from './lengths.ts';
import { distinctLengths, Node, type Lengths } from './node.ts';
import type { Storage } from './storage.ts';

const source = (name: SourceOp['source']): SourceOp => ({ family: 'source', name, source: name });

/** Values that are there already. */
export const sourceOps: Readonly<Record<SourceOp['source'], SourceOp>> = {
  stored: source('stored'),
  constant: source('constant'),
  index: source('index'),
  output: source('output'),
  placeholder: source('placeholder'),
};

function commonDevice(operation: string, inputs: readonly Node[]): Device {
  const first = inputs[0];
  if (!first) throw new InternalError(operation, 'needs an input');
  for (const input of inputs)
    if (input.device !== first.device)
      throw new DeviceError(
        operation,
        `inputs are on ${first.device.name} and ${input.device.name}; move one with .to(device)`,
      );
  return first.device;
}

function derived(op: Op, inputs: readonly Node[], attributes: Attributes, shape: Shape, dtype: DType): Node {
  const device = commonDevice(op.name, inputs);
  if (!device.capabilities.dtypes.has(dtype))
    throw new DTypeError(
      op.name,
      `the ${device.name} device has no ${dtype}; cast to one of ${[...device.capabilities.dtypes].join(', ')}`,
    );
  const tracked = inputs.some((input) => input.gradientRole !== 'none');
  const lengths = carriedLengths(op, inputs, attributes, shape);
  if (lengths) return bounded(op, inputs, attributes, shape, dtype, lengths, tracked);
  const flows = tracked && modes.gradients && isFloat(dtype) && op.gradient !== undefined;
  const node = new Node(op, inputs, attributes, shape, dtype, device, flows);
  if (tracked && !modes.gradients) node.cut ??= 'untracked';
  return node;
}

/** A node that is computed as far as lengths go: they are inputs of it, behind those of the op. */
function bounded(
  op: Op,
  inputs: readonly Node[],
  attributes: Attributes,
  shape: Shape,
  dtype: DType,
  { result, space, end }: CarriedLengths,
  tracked: boolean,
): Node {
  if (tracked) refuseTracked(op.name);
  const own = [...distinctLengths(space)];
  return new Node(
    op,
    [...inputs, ...own, ...(end ? [end] : [])],
    {
      ...attributes,
      ...(end && { end: inputs.length + own.length }),
      lengths: space.map((length) => (length ? inputs.length + own.indexOf(length) : null)),
    },
    shape,
    dtype,
    (inputs[0] as Node).device,
    false,
    result.some((length) => length) ? result : undefined,
  );
}

/**
 * What no gradient passes through must not be asked for one.
 * @throws {ArgumentError} where gradients are tracked.
 */
export function refuseTracked(operation: string): void {
  if (modes.gradients)
    throw new ArgumentError(
      operation,
      'gradients do not pass through axes that have a length; compute it within noGrad(), or detach() what wants gradients',
    );
}

/** The same elements, of which only the first exist along axes: as many as lengths say. */
export function boundedBy(input: Node, lengths: Lengths | undefined): Node {
  return (lengths ?? []).reduce<Node>((node, length, axis) => (length ? boundedNode(node, axis, length) : node), input);
}

/** The same elements, of which only the first exist along an axis: as many as `length` says, an i32 scalar. */
export function boundedNode(input: Node, axis: number, length: Node): Node {
  const movement: Movement = { kind: 'reshape', shape: input.shape };
  commonDevice('upTo', [input, length]);
  const lengths = lengthsOf(input).with(axis, length);
  return bounded(
    upToOp,
    [input],
    { movement },
    input.shape,
    input.dtype,
    { result: lengths, space: lengths },
    input.gradientRole !== 'none',
  );
}

const upToOp: MovementOp = { family: 'movement', name: 'upTo' };

/** A realized value. */
export function storedNode(storage: Storage, shape: Shape, dtype: DType, lengths?: Lengths): Node {
  const node = new Node(sourceOps.stored, [], {}, shape, dtype, storage.device, false, lengths);
  node.storage = storage;
  return node;
}

/** A scalar known when the graph is built, rounded to the dtype. */
export function constantNode(value: number, dtype: DType, device: Device): Node {
  return new Node(sourceOps.constant, [], { value: literal(dtypes[dtype].round(value)) }, [], dtype, device);
}

/** 0, 1, 2, … as u32 or i32. */
export function indexNode(size: number, dtype: 'i32' | 'u32', device: Device): Node {
  return new Node(sourceOps.index, [], {}, [size], dtype, device);
}

/** An input of a step that is being traced. */
export function placeholderNode(slot: number, shape: Shape, dtype: DType, device: Device, lengths?: Lengths): Node {
  return new Node(sourceOps.placeholder, [], { slot }, shape, dtype, device, false, lengths);
}

/** An element-wise node; inputs have one shape. */
export function elementwiseNode(
  op: ElementwiseOp,
  inputs: readonly Node[],
  attributes: Attributes,
  dtype: DType,
): Node {
  return derived(op, inputs, attributes, (inputs[0] as Node).shape, dtype);
}

/** A reduction that keeps the folded axes with size 1. */
export function reductionNode(op: ReductionOp, input: Node, axes: readonly number[]): Node {
  if (axes.length === 0) return input;
  return derived(
    op,
    [input],
    { axes },
    input.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    input.dtype,
  );
}

/** Another view of a node; the node itself if nothing moves. */
export function movementNode(op: MovementOp, input: Node, movement: Movement): Node {
  const shape = movedShape(movement, input.shape);
  if (!changes(movement, input.shape, shape)) return input;
  return derived(op, [input], { movement }, shape, input.dtype);
}

function changes(movement: Movement, from: Shape, to: Shape): boolean {
  switch (movement.kind) {
    case 'reshape':
    case 'expand':
      return !sameShape(from, to);
    case 'permute':
      return movement.axes.some((axis, position) => axis !== position);
    case 'slice':
      return !sameShape(from, to) || movement.step.some((step, axis) => step !== 1 && (to[axis] as number) > 1);
    case 'windows':
      return true;
  }
}

/** A node whose shape and dtype its op does not tell: an indexed one, or a kernel with one output. */
export function shapedNode(
  op: IndexedOp | KernelOp,
  inputs: readonly Node[],
  attributes: Attributes,
  shape: Shape,
  dtype: DType,
): Node {
  return derived(op, inputs, attributes, shape, dtype);
}

/** One output of a kernel with several. */
export function outputNode(kernel: Node, index: number, shape: Shape, dtype: DType): Node {
  const node = new Node(
    sourceOps.output,
    [kernel],
    { index },
    shape,
    dtype,
    kernel.device,
    kernel.gradientRole !== 'none' && isFloat(dtype),
  );
  kernel.outputs.push(node);
  return node;
}

/** A value of the same elements through which no gradient flows; realizing it shares the storage. */
export function detachedNode(op: MovementOp, input: Node): Node {
  const movement: Movement = { kind: 'reshape', shape: input.shape };
  const lengths = lengthsOf(input);
  const node = input.lengths
    ? bounded(op, [input], { movement }, input.shape, input.dtype, { result: lengths, space: lengths }, false)
    : new Node(op, [input], { movement }, input.shape, input.dtype, input.device);
  node.cut = undefined;
  return node;
}
