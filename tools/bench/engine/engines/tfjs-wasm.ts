/** TensorFlow.js on its WebAssembly backend. */
export { description } from '../tfjs-wasm/library.ts';
export { ops } from '../tfjs-wasm/ops.ts';
