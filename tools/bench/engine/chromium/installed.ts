/** The peers as a worker of a page loads them, in place of `installed.ts`: from where the server has their files. */
import type { Installed } from '../installed.ts';

/** The whole address of a file, as Vite looks at others and would change them. */
const address = (path: string): string => new URL(path, import.meta.url).href;
const load = (path: string): Promise<unknown> => import(/* @vite-ignore */ address(path));

const globals = globalThis as { readonly tf?: unknown };

/** All but onnxruntime, which is told at each session, have as many threads as the worker believes that there are processors. */
export const installed: Installed = {
  jaxJs: () => load('/@jax-js/jax/dist/index.js'),
  onnxruntime: () => load('/onnxruntime-web/dist/ort.wasm.min.mjs'),
  tfjs: async () => {
    await load('/@tensorflow/tfjs/dist/tf.min.js');
    await load('/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
    const tf = globals.tf as { readonly wasm: { setWasmPaths(folder: string): void } };
    tf.wasm.setWasmPaths(address('/@tensorflow/tfjs-backend-wasm/dist/'));
    return tf;
  },
};
