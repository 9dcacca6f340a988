/** Kernels made by users, beside those of this package. */
import { checkAttributes } from '../arguments/attributes.ts';
import {
  aFunction,
  aNonNegativeNumber,
  anObject,
  aPositiveInteger,
  aText,
  check,
  checkOptions,
  listOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aDType, tensors } from '../arguments/types.ts';
import { ArgumentError } from '../errors.ts';
import { outputNode, shapedNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import type { KernelOp, ResultType } from '../graph/op.ts';
import type { KernelStep } from '../graph/kernel-plan.ts';
import { checkShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';
import type { KernelAttributes, KernelDefinition } from './definition.ts';

/** What a kernel is made of. */
export interface KernelDescription extends KernelDefinition {
  /** How many tensors it takes. */
  readonly inputs: number;
  /** Shapes and dtypes of the results. It throws what the caller should see if the inputs do not fit. */
  readonly outputs: (inputs: readonly ResultType[], attributes: KernelAttributes) => readonly ResultType[];
  /** Gradients with respect to the inputs; without it the kernel is not differentiable. */
  readonly gradient?: (
    gradients: readonly (Tensor | undefined)[],
    site: {
      readonly inputs: readonly Tensor[];
      readonly outputs: readonly Tensor[];
      readonly attributes: KernelAttributes;
    },
  ) => readonly (Tensor | undefined)[];
  /** How many numbers it multiplies and adds up, for `multiplyAccumulates` and summaries of models. Default: 0. */
  readonly multiplyAccumulates?: (inputs: readonly ResultType[], attributes: KernelAttributes) => number;
}

/** A kernel as a function of tensors; what it was made of stays readable, for tests. */
export interface Kernel {
  (inputs: readonly Tensor[], attributes?: KernelAttributes): Tensor[];
  readonly description: KernelDescription;
}

const descriptionRules: OptionRules<KernelDescription> = {
  name: aText,
  inputs: aPositiveInteger,
  outputs: aFunction as Rule<KernelDescription['outputs']>,
  gradient: aFunction as Rule<NonNullable<KernelDescription['gradient']>>,
  multiplyAccumulates: aFunction as Rule<NonNullable<KernelDescription['multiplyAccumulates']>>,
  reference: aFunction as Rule<KernelDescription['reference']>,
  cpu: aFunction as Rule<NonNullable<KernelDescription['cpu']>>,
  wgsl: aFunction as Rule<NonNullable<KernelDescription['wgsl']>>,
};

function checkDescription(description: KernelDescription): void {
  check<object>('defineKernel', 'the description', description, anObject);
  checkOptions('defineKernel', description, descriptionRules);
  for (const name of ['name', 'inputs', 'outputs', 'reference'] as const)
    check<unknown>('defineKernel', name, description[name], descriptionRules[name]);
}

let defined = 0;

/**
 * Makes a kernel from a reference in plain TypeScript and, where it should be fast, implementations for cpu and WebGPU.
 * Devices without an implementation of their own run the reference (cpu) or refuse with DeviceError (webgpu).
 *
 * @example
 * const cumulativeMax = defineKernel({
 *   name: 'cumulativeMax',
 *   inputs: 1,
 *   outputs: ([x]) => [x],
 *   reference: (site, [x], [y]) => x.forEach((value, i) => (y[i] = i === 0 ? value : Math.max(y[i - 1], value))),
 * });
 * const [y] = cumulativeMax([x]);
 */
export function defineKernel(description: KernelDescription): Kernel {
  checkDescription(description);
  const id = ++defined;
  const { name, inputs: arity, outputs: infer, gradient, multiplyAccumulates } = description;
  const plain = (attributes: Node['attributes']): KernelAttributes => attributes['call'] as KernelAttributes;
  const op: KernelOp = {
    family: 'kernel',
    name: `kernel ${name} ${id}`,
    strided: false,
    ...(gradient && {
      gradient: (_, site) =>
        gradient(site.gradients, { inputs: site.inputs, outputs: site.outputs, attributes: plain(site.attributes) }),
    }),
    ...(multiplyAccumulates && {
      multiplyAccumulates: ({ inputs, attributes }: Node) =>
        check(
          name,
          'what its multiplyAccumulates gives',
          multiplyAccumulates(
            inputs.map(({ shape, dtype }) => ({ shape, dtype })),
            plain(attributes),
          ),
          aNonNegativeNumber,
        ),
    }),
    plan: (node) => {
      const results = infer(node.inputs, plain(node.attributes));
      return {
        outputs: results,
        steps: (): KernelStep[] => [
          {
            spec: {
              kind: 'custom',
              name,
              id,
              bindings: [
                ...node.inputs.map(({ dtype }) => ({ dtype, access: 'read' as const })),
                ...results.map(({ dtype }) => ({ dtype, access: 'write' as const })),
              ],
              inputShapes: node.inputs.map(({ shape }) => shape),
              outputShapes: results.map(({ shape }) => shape),
              attributes: plain(node.attributes),
              definition: description,
            },
            operands: [...node.inputs.map((_, input) => ({ input })), ...results.map((_, output) => ({ output }))],
          },
        ],
      };
    },
  };
  const call = (inputs: readonly Tensor[], attributes: KernelAttributes = {}): Tensor[] => {
    check(name, 'the inputs', inputs, tensors);
    checkAttributes(name, attributes);
    if (inputs.length !== arity) throw new ArgumentError(name, `takes ${arity} tensors, not ${inputs.length}`);
    const results = check(
      name,
      'what its outputs rule gives',
      infer(
        inputs.map(({ shape, dtype }) => ({ shape, dtype })),
        attributes,
      ),
      listOf(anObject as Rule<object>),
    ) as readonly ResultType[];
    const [first] = results;
    if (!first) throw new ArgumentError(name, 'its outputs rule gave no output; a kernel has at least one');
    for (const result of results) {
      check(name, 'the dtype of an output of its outputs rule', result.dtype, aDType);
      checkShape(name, result.shape);
    }
    const node = shapedNode(
      op,
      inputs.map((input) => input.node),
      { call: attributes },
      first.shape,
      first.dtype,
    );
    return results.length === 1
      ? [wrap(node)]
      : results.map(({ shape, dtype }, index) => wrap(outputNode(node, index, shape, dtype)));
  };
  return Object.assign(call, { description });
}
