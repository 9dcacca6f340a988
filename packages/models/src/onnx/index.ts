/** ONNX: reading, running, importing and writing models. */
export { OnnxError } from './errors.ts';
export { exportOnnx, type ExportOnnxOptions } from './export/export-onnx.ts';
export { onnxLosses } from './export/losses.ts';
export { importOnnx, type OnnxImportOptions } from './import/import-onnx.ts';
export { OnnxModule, registerOnnx } from './import/onnx-module.ts';
export { operatorNames } from './operators/table.ts';
export { describeOnnx, type OnnxDescription, type StoredTensor, type UsedOperator } from './run/describe-onnx.ts';
export { openOnnx, type OnnxModel, type OpenOnnxOptions } from './run/open-onnx.ts';
export type { ElementType } from './values/element-types.ts';
export { OnnxTensor, type SequenceValue, type Value } from './values/value.ts';
