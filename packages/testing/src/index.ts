/**
 * Property-based testing of numerics: fast-check arbitraries for dtypes, shapes, values and tensors, closeness with a
 * readable difference, and checks of ops, gradients, kernels and devices. Works with any test runner: checks throw.
 */
export { anyDType } from './arbitraries/dtype.ts';
export type { DTypeLimits } from './arbitraries/dtype.ts';
export { anyElement, smallestNormal, smallestSubnormal, specialValues } from './arbitraries/element.ts';
export type { ElementLimits, SpecialValues } from './arbitraries/element.ts';
export {
  anyAxes,
  anyAxis,
  anyBroadcastablePair,
  anyBroadcastableShapes,
  anyPermutation,
  anyShape,
} from './arbitraries/shape.ts';
export type { ShapeLimits } from './arbitraries/shape.ts';
export { anySample, anyTensor, anyView, TensorSample } from './arbitraries/tensor.ts';
export type { TensorLimits } from './arbitraries/tensor.ts';

export { defaultBounds } from './compare/bounds.ts';
export type { Bound } from './compare/bounds.ts';
export { allclose, expectClose } from './compare/close.ts';
export type { CloseOptions, Comparable, Nested } from './compare/close.ts';
export { compareValues, describeDifference } from './compare/compare.ts';
export type { Allowance, Difference, Mismatch } from './compare/compare.ts';

export { anyOpCase, OpCase } from './check/case.ts';
export type { CaseLimits } from './check/case.ts';
export { checkDevice } from './check/device.ts';
export { checkGradient, checkOpGradient } from './check/gradient.ts';
export type { DifferentiableFunction, GradientInput, GradientOptions, OpGradientOptions } from './check/gradient.ts';
export { checkPrograms } from './check/programs.ts';
export { checkKernelSpecs, drawnKinds } from './check/kernel-specs.ts';
export type { DrawnKind } from './check/kernel-specs.ts';
export { checkKernel } from './check/kernel.ts';
export type { KernelCheckOptions, KernelReport } from './check/kernel.ts';
export { checkOp } from './check/op.ts';
export type { OpCheckOptions } from './check/op.ts';
export { checkProperty } from './check/property.ts';
export type { Describable } from './check/property.ts';
export { CheckError, MismatchError } from './errors.ts';
export type { TestingErrorCode } from './errors.ts';
export type { CheckReport, DrawOptions } from './settings.ts';
