/** The tensor class: all op families on one handle. */
import { checkHolds } from '../arguments/numbers.ts';
import { aNumber, check } from '../arguments/rules.ts';
import { aDevice, aTensor } from '../arguments/types.ts';
import { ShapeError, ArgumentError, DTypeError } from '../errors.ts';
import type { Device } from '../device/device.ts';
import { isFloat } from '../dtype/dtype.ts';
import { backward, registerLeaf } from '../autograd/gradients.ts';
import { constantNode, detachedNode } from '../graph/build.ts';
import { showLengths } from '../graph/lengths.ts';
import { modes } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { movementOps } from '../ops/movement.ts';
import { checkAssignable } from '../runtime/fixed-values.ts';
import { isPendingState, noteAssigned } from '../runtime/pending-state.ts';
import { realizeState } from '../runtime/realize.ts';
import { transfer } from '../runtime/transfer.ts';
import { checkShape, sameShape, showShape, type Shape } from '../shape/shape.ts';
import { CompositeMethods } from './composite-methods.ts';
import { expandNode, setTensorConstructor } from './wrap.ts';

/**
 * An n-dimensional array: a shape, a dtype and a device, and a value that is computed when it is asked for. Tensors are
 * values: no op changes or consumes its arguments.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * const y = x.matmul(x.t()).relu().sum(); // shapes checked here; nothing computed yet
 * await y.item(); // 52
 */
export class Tensor extends CompositeMethods {
  /** A tensor of another shape with every element `value`, of this dtype and device. */
  filled(shape: Shape, value: number): Tensor {
    const sizes = checkShape('filled', shape);
    checkHolds('filled', check('filled', 'value', value, aNumber), this.dtype);
    return new Tensor(expandNode(constantNode(value, this.dtype, this.device), sizes));
  }

  /** The same value without its history: no gradient flows through it. */
  detach(): Tensor {
    return new Tensor(this.node.gradientRole === 'none' ? this.node : detachedNode(movementOps.reshape, this.node));
  }

  /**
   * A leaf with the same value, for which gradients are wanted.
   * @throws {DTypeError} unless the dtype is a float.
   */
  requiresGradients(): Tensor {
    if (!isFloat(this.dtype))
      throw new DTypeError('requiresGradients', `${this.dtype} has no gradients; cast to a float dtype first`);
    const leaf = detachedNode(movementOps.reshape, this.node);
    leaf.gradientRole = 'leaf';
    const tensor = new Tensor(leaf);
    registerLeaf(tensor);
    return tensor;
  }

  /** Adds the gradients of this scalar to the `grad` of every leaf it was computed from, and lets go of the graph. */
  backward(): void {
    backward(this);
  }

  /**
   * A tensor with the same value on another device.
   * @throws {ArgumentError} for a tensor with a length.
   * @throws {DTypeError} if that device lacks the dtype.
   */
  async to(device: Device): Promise<Tensor> {
    check('to', 'device', device, aDevice);
    if (this.node.lengths) throw new ArgumentError('to', `${showLengths(this.node)} has a length; move it before upTo`);
    return device === this.device ? new Tensor(this.node) : new Tensor(await transfer(this.node, device));
  }

  /**
   * Gives this handle a new value of the same shape, dtype and device, as optimizers do with parameters. Other tensors
   * computed from the old value keep it. Inside `compile` this is how a step updates state.
   * @throws {ShapeError} for a value of another shape.
   * @throws {ArgumentError} for one of another dtype or device, and for arrays of a matrix in a format that are no values.
   */
  assign(value: Tensor): void {
    check('assign', 'value', value, aTensor);
    if (!sameShape(value.shape, this.shape))
      throw new ShapeError(
        'assign',
        `the new value has shape ${showShape(value.shape)}, the tensor ${showShape(this.shape)}; they must be equal`,
      );
    if (value.dtype !== this.dtype || value.device !== this.device)
      throw new ArgumentError(
        'assign',
        `the new value is ${value.dtype} on ${value.device.name}, the tensor ${this.dtype} on ${this.device.name}; cast or move it first`,
      );
    if (value.node.lengths)
      throw new ArgumentError(
        'assign',
        `the new value ${showLengths(value.node)} has a length, beyond which it has no elements; write it into a part with assignAt`,
      );
    checkAssignable(this);
    modes.trace?.assign(this);
    settleBeforeAssign(this);
    const role = this.boundNode?.gradientRole === 'leaf' ? 'leaf' : 'none';
    // A value somebody else tracks keeps its history there; this handle starts a new one.
    const node = value.node.gradientRole === role && role === 'none' ? value.node : fresh(value.node);
    node.gradientRole = role;
    node.cut = undefined;
    this.rebind(node);
    if (role === 'leaf') registerLeaf(this);
    if (!modes.trace) noteAssigned(this, node);
  }
}

/** State that is assigned again and again without being read is computed at each turn, or its history would grow for ever. */
function settleBeforeAssign(tensor: Tensor): void {
  if (!modes.trace && !tensor.boundNode?.exclusive && isPendingState(tensor)) realizeState(tensor.device);
}

function fresh(node: Node): Node {
  return node.gradientRole === 'none' && node.handles <= 1 ? node : detachedNode(movementOps.reshape, node);
}

setTensorConstructor((node) => new Tensor(node));
