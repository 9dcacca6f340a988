/** Differentiation of functions, and control over what is tracked. */
import {
  aCount,
  aFunction,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aTensor, tensors } from '../arguments/types.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { withMode, modes, type DrawKeys } from '../graph/modes.ts';
import { detachedNode } from '../graph/build.ts';
import { Node } from '../graph/node.ts';
import { movementOps } from '../ops/movement.ts';
import type { GradientRule, MovementOp } from '../graph/op.ts';
import { sameShape, showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';
import { differentiate, gradientsOf } from './gradients.ts';

/** Which arguments of a function to differentiate by; the first one by default. */
export interface GradOptions {
  readonly arguments?: readonly number[];
}

const gradOptions: OptionRules<GradOptions> = { arguments: listOf(aCount) };
const aTensorFunction = aFunction as Rule<(...args: Tensor[]) => Tensor>;

/** What a user's function gave, if that is a tensor. */
function resultOf(operation: string, value: unknown): Tensor {
  return check(operation, 'the result of the function', value, aTensor);
}

/**
 * The function that yields the gradient of a scalar function with respect to its first argument, or an array of
 * gradients when `arguments` names several. Nests for higher orders.
 *
 * @example
 * const cube = (x: Tensor) => x.mul(x).mul(x).sum();
 * const second = grad((x) => grad(cube)(x).sum());
 */
export function grad(fn: (...args: Tensor[]) => Tensor): (...args: Tensor[]) => Tensor;
export function grad(
  fn: (...args: Tensor[]) => Tensor,
  options: { readonly arguments: readonly number[] },
): (...args: Tensor[]) => Tensor[];
export function grad(
  fn: (...args: Tensor[]) => Tensor,
  options: GradOptions = {},
): (...args: Tensor[]) => Tensor | Tensor[] {
  check('grad', 'the function', fn, aTensorFunction);
  checkOptions('grad', options, gradOptions);
  const both = options.arguments ? valueAndGrad(fn, { arguments: options.arguments }) : valueAndGrad(fn);
  return (...args) => both(...args)[1];
}

/** As `grad`, together with the value. */
export function valueAndGrad(fn: (...args: Tensor[]) => Tensor): (...args: Tensor[]) => [Tensor, Tensor];
export function valueAndGrad(
  fn: (...args: Tensor[]) => Tensor,
  options: { readonly arguments: readonly number[] },
): (...args: Tensor[]) => [Tensor, Tensor[]];
export function valueAndGrad(
  fn: (...args: Tensor[]) => Tensor,
  options: GradOptions = {},
): (...args: Tensor[]) => [Tensor, Tensor | Tensor[]] {
  check('valueAndGrad', 'the function', fn, aTensorFunction);
  const { arguments: chosen = [0] } = checkOptions('valueAndGrad', options, gradOptions);
  return (...args) => {
    check('grad', 'the arguments', args, tensors);
    for (const index of chosen)
      if (index >= args.length)
        throw new ArgumentError('grad', `there is no argument ${index} to differentiate by; ${args.length} are given`);
    const differentiable = args.some((arg) => arg.requiresGrad);
    // An argument that is tracked already keeps its history, so that an outer grad can go on from here.
    const marked = args.map((arg, index) =>
      chosen.includes(index) && !arg.requiresGrad ? arg.requiresGradients() : arg,
    );
    const value = resultOf(
      'grad',
      withMode({ gradients: true }, () => fn(...marked)),
    );
    // What does not use its arguments may be older than they are.
    const found = gradientsOf(
      value,
      chosen.map((index) => marked[index] as Tensor),
      { differentiable },
    );
    return [value, options.arguments ? found : (found[0] as Tensor)];
  };
}

/** Runs `body` without recording anything for gradients. */
export function noGrad<T>(body: () => T): T {
  check('noGrad', 'the body', body, aFunction);
  return withMode({ gradients: false }, body);
}

/** A function with its own gradient. */
export interface CustomGradient {
  readonly forward: (...inputs: Tensor[]) => Tensor;
  /** Gradients with respect to each input, from the output's gradient, the inputs and the output. */
  readonly backward: (gradient: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | undefined)[];
}

/**
 * A function whose gradient is what `backward` says instead of what `forward` would give: straight-through estimators,
 * clipped gradients, fused rules.
 *
 * @example
 * const roundThrough = customGradient({ forward: (x) => x.round(), backward: (g) => [g] });
 */
export function customGradient(rules: CustomGradient): (...inputs: Tensor[]) => Tensor {
  const { forward, backward } = checkOptions('customGradient', rules, customGradientRules);
  check('customGradient', 'forward', forward, aTensorFunction);
  check('customGradient', 'backward', backward, aFunction);
  return (...inputs) => {
    check('customGradient', 'the arguments', inputs, tensors);
    const value = resultOf(
      'customGradient',
      withMode({ gradients: false }, () => forward(...inputs)),
    );
    return linked(value, inputs, (gradient, { inputs: [, ...rest], output }) => [
      undefined,
      ...checkedParts(backward(gradient, rest, output), rest),
    ]);
  };
}

const customGradientRules: OptionRules<CustomGradient> = {
  forward: aTensorFunction,
  backward: aFunction as Rule<CustomGradient['backward']>,
};

const partsRule = listOf(
  ruleOf<Tensor | undefined>('a tensor or undefined', (part) => part === undefined || aTensor.holds(part)),
);

/** What `backward` gave, if that is a gradient of the same shape, or nothing, for each input; in the input's dtype. */
function checkedParts(parts: unknown, inputs: readonly Tensor[]): readonly (Tensor | undefined)[] {
  const given = check('customGradient', 'the result of backward', parts, partsRule);
  if (given.length !== inputs.length)
    throw new ArgumentError(
      'customGradient',
      `backward gave ${given.length} gradients for ${inputs.length} inputs; give one, or undefined, for each`,
    );
  return inputs.map((input, index) => {
    const part = given[index];
    if (!part || !input.requiresGrad) return undefined;
    if (!sameShape(part.shape, input.shape))
      throw new ShapeError(
        'customGradient',
        `backward gave ${showShape(part.shape)} for input ${index} of shape ${showShape(input.shape)}; they must be equal`,
      );
    return part.cast(input.dtype);
  });
}

let barriers = 0;

/**
 * The same value under an identity of its own, so that what is computed from it again is neither shared with before nor
 * computed at the same time. `differentiable`: gradients of gradients flow on to what the input was computed from.
 */
export function barrier(input: Tensor, differentiable: boolean): Tensor {
  const node = new Node(
    movementOps.reshape,
    [input.node],
    { movement: { kind: 'reshape', shape: input.shape }, barrier: ++barriers, again: true },
    input.shape,
    input.dtype,
    input.device,
  );
  if (input.requiresGrad) node.gradientRole = differentiable ? 'flows' : 'leaf';
  return wrap(node);
}

/**
 * A function that keeps none of its intermediate values for the gradient and computes them again when it is taken:
 * less memory for one more forward pass. Tensors it captures get their gradients too; what it draws at random it draws
 * once.
 */
export function checkpoint(fn: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor {
  check('checkpoint', 'the function', fn, aTensorFunction);
  return (...inputs) => {
    check('checkpoint', 'the arguments', inputs, tensors);
    const touched = new Set<Tensor>();
    const outer = modes.touched;
    const listen = (tensor: Tensor): void => {
      touched.add(tensor);
      outer?.(tensor);
    };
    const created = { created: new Set<Tensor>() };
    const drawn: Tensor[] = [];
    const draws = modes.keys;
    const keys: DrawKeys = (draw) => {
      const key = draws ? draws(draw) : draw();
      drawn.push(wrap(key));
      return key;
    };
    const value = resultOf(
      'checkpoint',
      withMode({ gradients: false, touched: listen, scope: created, keys }, () => fn(...inputs)),
    );
    // The result may be a captured tensor itself, and an input captured as well.
    const captured = [...touched.add(value)].filter((tensor) => !created.created.has(tensor) && tensor.requiresGrad);
    for (const tensor of created.created) modes.scope?.created.add(tensor);
    // The keys are inputs too, so that they are there as long as the gradient may be asked for.
    return linked(value, [...inputs, ...captured, ...drawn], (gradient, { inputs: sources }) => {
      const differentiable = modes.gradients;
      const again = sources.slice(1, 1 + inputs.length).map((input) => barrier(input, differentiable));
      const kept = sources.slice(1 + inputs.length + captured.length).values();
      const redraw: DrawKeys = (draw) => kept.next().value?.node ?? draw();
      return withMode({ gradients: true }, () => {
        const wanted = [...again, ...captured].map((tensor) => tensor.node);
        const result = withMode({ keys: redraw }, () => fn(...again));
        const found = differentiate(result, { gradOutput: gradient, differentiable }, new Set(wanted), true);
        return [undefined, ...wanted.map((node) => found.get(node))];
      });
    });
  };
}

/** The value of `result` as if computed from `inputs` by an op with the given gradient rule. */
export function linked(result: Tensor, inputs: readonly Tensor[], gradient: GradientRule): Tensor {
  if (!modes.gradients || !inputs.some((input) => input.requiresGrad)) return result;
  const op: MovementOp = { family: 'movement', name: 'linked', gradient };
  const sources = [detachedNode(movementOps.reshape, result.node), ...inputs.map((input) => input.node)];
  return wrap(
    new Node(
      op,
      sources,
      { movement: { kind: 'reshape', shape: result.shape }, barrier: ++barriers },
      result.shape,
      result.dtype,
      result.device,
      true,
    ),
  );
}
