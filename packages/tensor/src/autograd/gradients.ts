/**
 * Reverse-mode differentiation as a transformation of the graph: walking from the result to the leaves, each op's rule
 * turns the gradient of its output into gradients of its inputs, written with the same ops. Gradients are therefore
 * fused, planned and differentiated like everything else.
 */
import { aBoolean, check, checkOptions, type OptionRules } from '../arguments/rules.ts';
import { aTensor, tensors } from '../arguments/types.ts';
import { ArgumentError, LifetimeError, ShapeError } from '../errors.ts';
import { modes, withMode } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { sameShape, showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';

/** How gradients are taken. */
export interface GradientOptions {
  /** The gradient of the result itself; required unless the result is a scalar, which has 1. */
  readonly gradOutput?: Tensor;
  /** Whether the gradients can be differentiated again. Default: false. */
  readonly differentiable?: boolean;
  /** Whether the graph is kept for another call. Default: only if `differentiable`. */
  readonly retainGraph?: boolean;
}

const gradientOptions: OptionRules<GradientOptions> = {
  gradOutput: aTensor,
  differentiable: aBoolean,
  retainGraph: aBoolean,
};

/** One gradient for each input: a tuple for a tuple. */
export type Gradients<Inputs extends readonly Tensor[]> = { -readonly [Position in keyof Inputs]: Tensor };

/**
 * The gradients of `result` with respect to each of `inputs`; zeros for an input it does not depend on, or only by
 * steps such as comparisons.
 * @throws {ShapeError} if the result is no scalar and `gradOutput` is missing.
 * @throws {LifetimeError} if its graph was let go, or an input was made, or assigned to, after the result was computed.
 * @throws {ArgumentError} if an input does not require gradients.
 */
export function gradients<const Inputs extends readonly Tensor[]>(
  result: Tensor,
  inputs: Inputs,
  options: GradientOptions = {},
): Gradients<Inputs> {
  check('gradients', 'the result', result, aTensor);
  check('gradients', 'the inputs', inputs, tensors);
  checkOptions('gradients', options, gradientOptions);
  for (const [index, input] of inputs.entries())
    if (!input.requiresGrad)
      throw new ArgumentError(
        'gradients',
        `input ${index} does not require gradients; mark it with requiresGradients() before the result is computed`,
      );
  return gradientsOf(result, inputs, options, (index) => {
    throw new LifetimeError(
      'gradients',
      `input ${index} was made, or given another value, after the result was computed, which cannot depend on it; compute the result again`,
    );
  });
}

/** The same of arguments that are right. `refuseLater`: what becomes of an input that was made after the result; its gradient is 0 if that returns. */
export function gradientsOf<const Inputs extends readonly Tensor[]>(
  result: Tensor,
  inputs: Inputs,
  options: GradientOptions,
  refuseLater?: (index: number) => never,
): Gradients<Inputs> {
  const wanted = new Set(inputs.map((input) => input.node));
  const last = result.node.id;
  const found = differentiate(result, options, wanted);
  for (const [index, { node }] of inputs.entries()) if (node.id > last && !found.has(node)) refuseLater?.(index);
  // A rule may give one tensor to several inputs; each answer is a handle of its own, to be disposed on its own.
  const taken = new Set<Tensor>(options.gradOutput ? [options.gradOutput] : []);
  const answers: unknown = inputs.map((input) => {
    const gradient = found.get(input.node) ?? input.filled(input.shape, 0);
    if (taken.has(gradient)) return wrap(gradient.node);
    taken.add(gradient);
    return gradient;
  });
  return answers as Gradients<Inputs>;
}

/** Adds the gradients of a scalar to the `grad` of each leaf that a handle was seen for. */
export function backward(result: Tensor): void {
  for (const [node, gradient] of differentiate(result, {}, new Set())) {
    const leaf = leafHandles.get(node)?.deref();
    if (!leaf) continue;
    leaf.grad = leaf.grad ? withMode({ gradients: false }, () => (leaf.grad as Tensor).add(gradient)) : gradient;
  }
}

const leafHandles = new WeakMap<Node, WeakRef<Tensor>>();

/** Remembers the handle of a leaf, so that `backward` finds it. */
export function registerLeaf(tensor: Tensor): void {
  leafHandles.set(tensor.node, new WeakRef(tensor));
}

/**
 * Gradients of the leaves below the result and of the `wanted` nodes. With `stop`, the walk ends at wanted nodes: what
 * they were computed from is somebody else's affair.
 * @throws {ShapeError} if the result is no scalar and `gradOutput` is missing, or of another shape.
 * @throws {LifetimeError} if the result was computed without tracking, or its graph was let go.
 * @throws {ArgumentError} if no tensor that requires gradients is in it, or only under what does not change.
 */
export function differentiate(
  result: Tensor,
  options: GradientOptions,
  wanted: ReadonlySet<Node>,
  stop = false,
): Map<Node, Tensor> {
  const { differentiable = false, retainGraph = differentiable, gradOutput } = options;
  const root = result.node;
  if (gradOutput ? !sameShape(gradOutput.shape, result.shape) : result.size !== 1)
    throw new ShapeError(
      'gradients',
      gradOutput
        ? `gradOutput has shape ${showShape(gradOutput.shape)}, the result ${showShape(result.shape)}`
        : `the result has shape ${showShape(result.shape)}; reduce it to a scalar or pass gradOutput`,
    );
  if (root.gradientRole === 'none') {
    if (root.cut === 'spent') refuseSpent();
    // A value that is computed by steps only, or of no elements, changes with none of the inputs.
    if (wanted.size > 0 && root.op.family !== 'source' && !root.cut) return new Map();
    if (root.cut)
      throw new LifetimeError(
        'gradients',
        'the result was computed without tracking; leave noGrad, or take gradients that are differentiated again with { differentiable: true }',
      );
    throw new ArgumentError(
      'gradients',
      'the result has no gradient: no tensor that requires gradients is in it, or only under comparisons, integers and the like, which do not change; mark inputs with requiresGradients(), and compute the loss from floats all the way',
    );
  }
  root.watched = true;

  const ends = (node: Node): boolean => node.gradientRole === 'leaf' || (stop && wanted.has(node));
  const order = trackedBelow(root, ends);
  const sums = new Map<Node, Tensor>();
  /** Gradients of the outputs of kernels with several. */
  const outputs = new Map<Node, (Tensor | undefined)[]>();
  withMode({ gradients: differentiable && modes.gradients }, () => {
    sums.set(root, gradOutput ?? result.filled(result.shape, 1));
    for (const node of order) {
      const gradient = sums.get(node);
      if (ends(node)) continue;
      if (!wanted.has(node)) sums.delete(node);
      if (node.op.name === 'output') {
        const kernel = node.inputs[0] as Node;
        const list = outputs.get(kernel) ?? [];
        list[node.attributes['index'] as number] = gradient;
        outputs.set(kernel, list);
        continue;
      }
      const own = gradient ?? outputs.get(node)?.find((part) => part !== undefined);
      if (!own || !node.op.gradient) continue;
      const site = {
        inputs: node.inputs.map(wrap),
        output: wrap(node),
        outputs: outputsOf(node),
        gradients: outputs.get(node) ?? [own],
        attributes: node.attributes,
      };
      for (const [argument, part] of node.op.gradient(own, site).entries()) {
        const input = node.inputs[argument] as Node;
        if (!part || input.gradientRole === 'none') continue;
        if (!sameShape(part.shape, input.shape))
          throw new ArgumentError(
            node.op.name,
            `its gradient rule gave ${showShape(part.shape)} for an input of shape ${showShape(input.shape)}; they must be equal`,
          );
        if (part.dtype !== input.dtype)
          throw new ArgumentError(
            node.op.name,
            `its gradient rule gave ${part.dtype} for an input of ${input.dtype}; cast it`,
          );
        const sum = sums.get(input);
        sums.set(input, sum ? sum.add(part) : part);
      }
    }
  });
  // Where an earlier call let go of the graph, it is not known whether the result depends on what was not met.
  if (!stop && [...wanted].some((node) => !sums.has(node)) && meetsSpent(order, ends)) refuseSpent();
  if (!retainGraph) for (const node of order) if (!ends(node)) letGo(node);
  return sums;
}

/** Tracked nodes from the result down, users before what they use. */
function trackedBelow(root: Node, ends: (node: Node) => boolean): Node[] {
  const seen = new Set<Node>([root]);
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ends(node)) continue;
    for (const input of node.inputs) {
      if (input.gradientRole === 'none' || seen.has(input)) continue;
      seen.add(input);
      pending.push(input);
    }
  }
  return [...seen].toSorted((a, b) => b.id - a.id);
}

function meetsSpent(order: readonly Node[], ends: (node: Node) => boolean): boolean {
  return order.some(
    (node) => !ends(node) && node.inputs.some(({ gradientRole, cut }) => gradientRole === 'none' && cut === 'spent'),
  );
}

function refuseSpent(): never {
  throw new LifetimeError(
    'gradients',
    'the graph of the result was already used and let go; pass { retainGraph: true } to the first call, or detach() what was computed before it',
  );
}

function outputsOf(node: Node): readonly Tensor[] {
  const found: Tensor[] = [];
  for (const output of node.outputs) found[output.attributes['index'] as number] = wrap(output);
  return found.length > 0 ? found : [wrap(node)];
}

/** The graph has served: realized nodes drop their inputs now, the others once they are realized. */
function letGo(node: Node): void {
  if (node.gradientRole !== 'flows') return;
  node.gradientRole = 'none';
  node.cut = 'spent';
  if (node.storage) node.dropInputs();
}
