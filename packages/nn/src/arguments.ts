/**
 * @espalier/nn/arguments: what arguments of this package have to be, for packages that build on it, beside the rules of
 * `@espalier/tensor/arguments`.
 */
export { aByteArray, aLossValue, aSeed, aShape, hasMethods, mapOf, numberThat, numbers } from './config/rules.ts';
export { showName } from './config/fields.ts';
export { aDataset } from './data/rule.ts';
export { aRawTensor } from './io/safetensors.ts';
export { aParameter } from './module/parameter.ts';
export { aPreference } from './module/prefer.ts';
export { aModule } from './module/rule.ts';
export { aSignal } from './train/signal.ts';
