/**
 * The peers as they were installed, where Node loads them; what runs in a page has `chromium/installed.ts` in its place. Their
 * types are not known where this is checked: who asks for one says what of it is used.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Loads each peer. */
export interface Installed {
  readonly jaxJs: () => Promise<unknown>;
  readonly onnxruntime: () => Promise<unknown>;
  /** With the files of its WebAssembly backend found. */
  readonly tfjs: () => Promise<unknown>;
}

const require = createRequire(new URL('../peers/package.json', import.meta.url));

export const installed: Installed = {
  jaxJs: () => import(pathToFileURL(require.resolve('@jax-js/jax').replace('.cjs', '.js')).href),
  onnxruntime: async () => require('onnxruntime-web'),
  tfjs: async () => {
    const tf: unknown = require('@tensorflow/tfjs');
    const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
    return tf;
  },
};
