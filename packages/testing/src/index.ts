/**
 * Property-based testing of numerics: fast-check arbitraries for dtypes, shapes, values and tensors, closeness with a
 * readable difference, and checks of ops, gradients, kernels and devices. Works with any test runner: checks throw.
 */
export { anyDType, type DTypeLimits } from './arbitraries/dtype.ts';
export {
  anyElement,
  smallestNormal,
  smallestSubnormal,
  specialValues,
  type ElementLimits,
  type SpecialValues,
} from './arbitraries/element.ts';
export {
  anyAxes,
  anyAxis,
  anyBroadcastablePair,
  anyBroadcastableShapes,
  anyPermutation,
  anyShape,
  type ShapeLimits,
} from './arbitraries/shape.ts';
export { anySample, anyTensor, anyView, TensorSample, type TensorLimits } from './arbitraries/tensor.ts';

export { defaultBounds, type Bound } from './compare/bounds.ts';
export { allclose, expectClose, type CloseOptions, type Comparable, type Nested } from './compare/close.ts';
export {
  compareValues,
  describeDifference,
  type Allowance,
  type Difference,
  type Mismatch,
} from './compare/compare.ts';

export { anyOpCase, OpCase, type CaseLimits } from './check/case.ts';
export { checkDevice } from './check/device.ts';
export {
  checkGradient,
  checkOpGradient,
  type DifferentiableFunction,
  type GradientInput,
  type GradientOptions,
  type OpGradientOptions,
} from './check/gradient.ts';
export { checkPrograms } from './check/programs.ts';
export { checkKernelSpecs, drawnKinds, type DrawnKind } from './check/kernel-specs.ts';
export { checkKernel, type KernelCheckOptions, type KernelReport } from './check/kernel.ts';
export { checkOp, type OpCheckOptions } from './check/op.ts';
export { checkProperty, type Describable } from './check/property.ts';
export { CheckError, MismatchError, type TestingErrorCode } from './errors.ts';
export type { CheckReport, DrawOptions } from './settings.ts';
