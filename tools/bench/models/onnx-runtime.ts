/** A text encoder in ONNX Runtime compiled to WebAssembly, on one thread. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As much of onnxruntime-web as is used. */
interface Library {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, shape: readonly number[]) => object;
  readonly InferenceSession: {
    readonly create: (bytes: Uint8Array) => Promise<{ readonly run: (feeds: object) => Promise<object> }>;
  };
}

/** What runs a model on ids, of which all are there. */
export async function onnxRuntime(
  file: string,
): Promise<(ids: Int32Array, shape: readonly [number, number]) => Promise<unknown>> {
  const peers = fileURLToPath(new URL('../peers', import.meta.url));
  if (!existsSync(join(peers, 'node_modules')))
    spawnSync('npm', ['ci', '--prefix', peers, '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  const ort = (await import(join(peers, 'node_modules/onnxruntime-web/dist/ort.node.min.mjs'))) as Library;
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(file)));
  return (ids, shape) => {
    const of = (value: (id: number) => number): object =>
      new ort.Tensor(
        'int64',
        BigInt64Array.from(ids, (id) => BigInt(value(id))),
        shape,
      );
    return session.run({ input_ids: of((id) => id), attention_mask: of(() => 1), token_type_ids: of(() => 0) });
  };
}
