/** onnxruntime-web on WebAssembly. */
export { description } from '../ort-web/library.ts';
export { ops } from '../ort-web/ops.ts';
