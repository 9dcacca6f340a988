/** jax-js on its WebAssembly backend, through jit. */
export { description } from '../jax-js/library.ts';
export { ops } from '../jax-js/ops.ts';
