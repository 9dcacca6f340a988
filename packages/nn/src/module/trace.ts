/** What each layer of a model does with an example, found by calling the model on a tensor without values. */
import {
  dryRun,
  DTypeError,
  isFloat,
  multiplyAccumulates,
  noGrad,
  type DType,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { callContext, type CallSite } from './call-context.ts';
import { callIn } from './call.ts';
import { enterEvaluation } from './evaluation.ts';
import type { LayerReport, Module } from './module.ts';

/** What was found. */
export interface Trace {
  /** Modules that call no others, and containers with parameters or products of their own, in the order in which they end. */
  readonly layers: readonly LayerReport[];
  /** Of one example. */
  readonly outputShape: Shape;
}

/** A module whose `forward` has not returned yet. */
interface Open {
  readonly x: Tensor;
  /** Modules that it has called. */
  calls: number;
  /** Their multiply-accumulates. */
  below: number;
}

/**
 * Calls a model in evaluation on one example of a shape (without the batch axis). Nothing is computed, and nothing
 * changes. The example is of the dtype given, else of that of the model's parameters or, if the model takes no such, of
 * indices.
 * @throws {Error} that of the model, for an example that does not fit.
 */
export function trace(model: Module, inputShape: Shape, dtype?: DType): Trace {
  const leave = enterEvaluation(model);
  try {
    if (dtype !== undefined) return traced(model, inputShape, dtype);
    const own = model.parameters().find((parameter) => isFloat(parameter.dtype))?.dtype ?? 'f32';
    try {
      return traced(model, inputShape, own);
    } catch (error) {
      if (!(error instanceof DTypeError)) throw error;
      return tracedAsIndices(model, inputShape, error);
    }
  } finally {
    leave();
  }
}

function tracedAsIndices(model: Module, inputShape: Shape, reason: DTypeError): Trace {
  try {
    return traced(model, inputShape, 'i32');
  } catch (error) {
    throw error instanceof DTypeError ? reason : error;
  }
}

function traced(model: Module, inputShape: Shape, dtype: DType): Trace {
  const layers: LayerReport[] = [];
  const open: Open[] = [];
  const reported = new Set<object>();
  const enter = (x: Tensor): void => void open.push({ x, calls: 0, below: 0 });
  const leave = (y: Tensor, { name, module }: CallSite): void => {
    const { x, calls, below } = open.pop() as Open;
    const macs = Math.max(0, multiplyAccumulates(y, [x]) - below);
    const caller = open.at(-1);
    if (caller) {
      caller.calls++;
      caller.below += below + macs;
    }
    const parameters = module.parameters().map(({ identity }) => identity);
    if (calls > 0 && macs === 0 && parameters.every((each) => reported.has(each))) return;
    for (const each of parameters) reported.add(each);
    layers.push({ name, module, inputShape: x.shape.slice(1), outputShape: y.shape.slice(1), macs });
  };
  const context = callContext({ taps: [{ at: () => true, input: enter, output: leave }] });
  const device = model.parameters()[0]?.device;
  const example = { shape: [1, ...inputShape], dtype, ...(device && { device }) };
  const outputShape = dryRun([example], (x) => noGrad(() => callIn(context, model, x).shape.slice(1)));
  return { layers, outputShape };
}
