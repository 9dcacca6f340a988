/**
 * onnxruntime-web as far as rows use it. It is installed by the benchmark itself, so that its types are not known where
 * this is checked. It takes tensors from JavaScript and returns them there at each run, but for constants of a model.
 */
import { installed } from '../installed.ts';

/** A tensor of onnxruntime. */
export interface OrtTensor {
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** The part of its interface that rows use. */
export interface Library {
  readonly env: { readonly wasm: { numThreads: number }; readonly versions: { readonly web: string } };
  readonly Tensor: new (type: string, values: Float32Array | BigInt64Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: { readonly executionProviders: readonly string[] },
    ): Promise<{ run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>> }>;
  };
}

/** onnxruntime-web. */
export const ort: Library = (await installed.onnxruntime()) as Library;

export const description: string = `onnxruntime-web ${ort.env.versions.web} (wasm)`;
