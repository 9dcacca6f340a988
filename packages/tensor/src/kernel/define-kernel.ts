/** Kernels made by users, beside those of this package. */
import { checkAttributes } from '../arguments/attributes.ts';
import {
  aCount,
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
import { gradientOfParts, withOwnGradient } from '../autograd/decomposition.ts';
import { gradientParts } from '../autograd/gradient-parts.ts';
import { ArgumentError } from '../errors.ts';
import type { Node } from '../graph/node.ts';
import type { Attributes, GradientRule, KernelOp, ResultType } from '../graph/op.ts';
import { checkShape, sameShape, showShape } from '../shape/shape.ts';
import { applyKernel } from '../tensor/apply-kernel.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { KernelAttributes, KernelDefinition, KernelSite } from './definition.ts';
import type { CustomSpec } from './spec.ts';

/** What a kernel is made of. */
export interface KernelDescription extends KernelDefinition {
  /** How many tensors it takes. */
  readonly inputs: number;
  /** Shapes and dtypes of the results. It throws what the caller should see if the inputs do not fit. */
  readonly outputs: (inputs: readonly ResultType[], attributes: KernelAttributes) => readonly ResultType[];
  /**
   * Tensor operations that give the same results: what is computed on devices without an implementation, instead of the
   * reference in doubles (cpu) or a DeviceError (webgpu).
   */
  readonly decompose?: (inputs: readonly Tensor[], attributes: KernelAttributes) => readonly Tensor[];
  /** Gradients with respect to the inputs. Default: those of `decompose`; without either the kernel is not differentiable. */
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
  scratch: aFunction as Rule<NonNullable<KernelDescription['scratch']>>,
  decompose: aFunction as Rule<NonNullable<KernelDescription['decompose']>>,
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

const resultsRule = listOf(anObject as Rule<object>);
const scratchRule = listOf(aCount);

/** The attributes that a user gave, within those of a node. */
const given = (attributes: Attributes): KernelAttributes => attributes['call'] as KernelAttributes;

/** What its rules gave when it was called: for plans, which are made later, and would not fit what rules give then. */
interface Ruled {
  readonly results: readonly [ResultType, ...ResultType[]];
  readonly scratch?: readonly number[];
}
const ruled = ({ attributes }: Node): Ruled => attributes['ruled'] as Ruled;

/** Copies, as are all shapes that rules are given and give: what becomes of those is no change of a tensor. */
const typesOf = (values: readonly ResultType[]): ResultType[] =>
  values.map(({ shape, dtype }) => ({ shape: [...shape], dtype }));

/**
 * The results of a call.
 * @throws {ArgumentError} where the rule gives none, or no types.
 */
function resultsOf(
  { name, outputs }: KernelDescription,
  inputs: readonly ResultType[],
  attributes: KernelAttributes,
): readonly [ResultType, ...ResultType[]] {
  const gave: unknown = check(name, 'what its outputs rule gives', outputs(inputs, attributes), resultsRule);
  const [first, ...others] = gave as readonly ResultType[];
  if (!first) throw new ArgumentError(name, 'its outputs rule gave no output; a kernel has at least one');
  const results = [first, ...others] as const;
  for (const result of results) {
    check(name, 'the dtype of an output of its outputs rule', result.dtype, aDType);
    checkShape(name, result.shape);
  }
  return typesOf(results) as [ResultType, ...ResultType[]];
}

/**
 * What a kernel decomposes into.
 * @throws {ArgumentError} where that is not of the types of its results.
 */
function partsOf(
  description: KernelDescription,
  decompose: NonNullable<KernelDescription['decompose']>,
  inputs: readonly Tensor[],
  attributes: KernelAttributes,
): readonly Tensor[] {
  const { name } = description;
  const parts = check(name, 'what its decompose gives', decompose(inputs, attributes), tensors);
  const results = resultsOf(description, typesOf(inputs), attributes);
  const show = (types: readonly ResultType[]): string =>
    types.map(({ dtype, shape }) => `${dtype} ${showShape(shape)}`).join(', ');
  const same = results.every(
    ({ shape, dtype }, index) => parts[index]?.dtype === dtype && sameShape(parts[index].shape, shape),
  );
  if (!same || parts.length !== results.length)
    throw new ArgumentError(
      name,
      `its decompose gave ${show(parts) || 'nothing'}; its outputs rule says ${show(results)}`,
    );
  return parts;
}

let defined = 0;

/**
 * Makes a kernel from a reference in plain TypeScript and, where it should be fast, implementations for cpu and WebGPU.
 * Devices without an implementation of their own compute what `decompose` says; without one they run the reference (cpu) or
 * refuse with DeviceError (webgpu). Memory that an implementation works in is asked for by `scratch`.
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
  const { name, inputs: arity, gradient, decompose, scratch, multiplyAccumulates } = description;
  const ownGradient: GradientRule | undefined =
    gradient &&
    ((_, { inputs, outputs, gradients, attributes }) =>
      gradientParts(name, gradient(gradients, { inputs, outputs, attributes: given(attributes) }), arity));
  const parts =
    decompose &&
    ((inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[] =>
      partsOf(description, decompose, inputs, given(attributes)));
  const multiplied = ({ inputs, attributes }: Node): number | undefined =>
    multiplyAccumulates &&
    check(
      name,
      'what its multiplyAccumulates gives',
      multiplyAccumulates(typesOf(inputs), given(attributes)),
      aNonNegativeNumber,
    );
  const specOf = (node: Node): CustomSpec => {
    const inputs = typesOf(node.inputs);
    const { results, scratch: pieces } = ruled(node);
    const products = multiplied(node);
    return {
      kind: 'custom',
      name,
      id,
      bindings: [
        ...inputs.map(({ dtype }) => ({ dtype, access: 'read' as const })),
        ...results.map(({ dtype }) => ({ dtype, access: 'write' as const })),
      ],
      inputShapes: inputs.map(({ shape }) => shape),
      outputShapes: results.map(({ shape }) => shape),
      attributes: given(node.attributes),
      ...(pieces && { scratch: pieces }),
      ...(decompose && { decomposes: true }),
      ...(products !== undefined && { multiplyAccumulates: products }),
      definition: description,
    };
  };
  const op: KernelOp = {
    family: 'kernel',
    name: `kernel ${name} ${id}`,
    ofUser: true,
    strided: false,
    ...(ownGradient ? { gradient: ownGradient } : parts && { gradient: gradientOfParts(parts) }),
    ...(parts && { decompose: ownGradient ? withOwnGradient(parts, ownGradient) : parts }),
    ...(multiplyAccumulates && { multiplyAccumulates: (node: Node) => multiplied(node) ?? 0 }),
    plan: (node) => {
      const outputs = ruled(node).results;
      return {
        outputs,
        steps: () => [
          {
            spec: specOf(node),
            operands: [...node.inputs.map((_, input) => ({ input })), ...outputs.map((_, output) => ({ output }))],
          },
        ],
      };
    },
  };
  const call = (inputs: readonly Tensor[], attributes: KernelAttributes = {}): Tensor[] => {
    check(name, 'the inputs', inputs, tensors);
    checkAttributes(name, attributes);
    if (inputs.length !== arity) throw new ArgumentError(name, `takes ${arity} tensors, not ${inputs.length}`);
    const results = resultsOf(description, typesOf(inputs), attributes);
    const site: KernelSite = { inputs: typesOf(inputs), outputs: typesOf(results), attributes };
    const pieces = scratch && check(name, 'what its scratch rule gives', scratch(site), scratchRule);
    const rules: Ruled = { results, ...(pieces && { scratch: [...pieces] }) };
    return [...applyKernel(op, inputs, { call: { ...attributes }, ruled: rules }, results)];
  };
  return Object.assign(call, { description });
}
