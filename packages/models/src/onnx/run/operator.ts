/** What an operator is: a name, since when, and how a call of it becomes operations on tensors. */
import type { Value } from '../values/value.ts';
import type { Call } from './call.ts';
import type { Graph } from './graph.ts';

/** One operator, as of a version of its domain. */
export interface Operator {
  /** As ONNX writes it: `Conv`. */
  readonly type: string;
  /** Default: the domain of ONNX itself. */
  readonly domain?: string;
  /** The first version of the domain that it is right for. Default: 1. */
  readonly since?: number;
  /** Why no node of it can be computed here: a model with one is refused before anything is run. */
  readonly refusal?: string;
  /** Of a function of a model: its graph, which sees nothing but its inputs. */
  readonly graph?: Graph;
  /**
   * The outputs for inputs, in their order.
   * @throws {OnnxError} for what the node asks for and there is not.
   */
  readonly run: (call: Call) => Value | readonly (Value | undefined)[];
}

/** An operator that is run. */
export function operator(type: string, run: Operator['run'], rest: Partial<Operator> = {}): Operator {
  return { type, run, ...rest };
}
