/** What is written as GGUF, read by llama.cpp: the same tokens, and how likely they are. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compressModel,
  ggufTextPairs,
  planCompression,
  textFilesOfGguf,
  writeCompressedFolder,
  writeCompressedGguf,
} from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { openModelInParts, type ModelFolder, type TensorSource } from '@espalier/models';
import { openModelFolder, openTensorFile, writeFileBy } from '@espalier/models/node';
import { noGrad, tensor } from '@espalier/tensor';
import { mean, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

const window = 512;
/** Types of blocks of rows that 32 divides, and of those that 256 does, which the second product of the feed-forward part alone has. */
const types = {
  all: ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'IQ4_NL', 'MXFP4', 'F16', 'BF16'],
  down: ['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_XS'],
};
/** ln p of weights in f32, and the mean difference of ln p where llama.cpp rounds activations to 8 bits. */
const allowed = { exact: 1e-3, rounded: 0.1 };
const script = fileURLToPath(new URL('../llama-cpp.mjs', import.meta.url));

interface Told {
  readonly ids: readonly number[];
  readonly lnp: readonly number[];
}

type Plan = Partial<Parameters<typeof planCompression>[1]>;

/** Writes a model in another file. */
async function written(from: ModelFolder | TensorSource, file: string, plan: Plan): Promise<string> {
  const model = await openModelInParts(from);
  const { pairs } = 'config' in from ? await ggufTextPairs(from, model.description) : { pairs: {} };
  const made = await compressModel(model, planCompression(model, { to: 'gguf', ...plan }), { metadata: pairs });
  await writeFileBy(file, (sink) => writeCompressedGguf(sink, made));
  await made.close();
  return file;
}

/** ln p of the same tokens here. */
async function ours(
  file: string,
  ids: readonly number[],
): Promise<{ readonly ids: Int32Array; readonly lnp: number[] }> {
  const { decoder, tokenizer } = await openLanguageAt(file);
  const logits = noGrad(() => decoder.model.call(tensor([...ids], { dtype: 'i32' })).logSoftmax(-1));
  const size = logits.shape[1] ?? 0;
  const values = await logits.data();
  const lnp = ids.flatMap((_, at) =>
    at >= window / 2 && at + 1 < window ? [values[at * size + (ids[at + 1] ?? 0)] ?? Number.NaN] : [],
  );
  logits.dispose();
  return { ids: tokenizer.encode(brownText('eval'), { frame: false }).slice(0, window), lnp };
}

/** The rows of SmolLM2. */
export function llamaCppRows({ checkpoints, llama }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2);
  const missing = (): string | undefined => {
    if (path === undefined) return `${smolLm2.file} of ${smolLm2.from}`;
    const isThere = llama !== undefined && existsSync(join(llama, 'node_modules/node-llama-cpp'));
    return isThere ? undefined : 'a folder with node-llama-cpp 3.21.1 (--llama FOLDER)';
  };
  const compared = async (file: string, text: string): Promise<{ differing: number; lnp: number[] }> => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, llama ?? '', file, text, String(window)], { encoding: 'utf8', maxBuffer: 2 ** 26 }); // prettier-ignore
    if (status !== 0) throw new Error(`llama.cpp does not read ${file}: ${stderr}`);
    const theirs = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Told;
    const own = await ours(file, theirs.ids);
    const differing = theirs.ids.filter((id, at) => id !== own.ids[at]).length;
    return { differing, lnp: own.lnp.map((each, at) => Math.abs(each - (theirs.lnp[at] ?? Number.NaN))) };
  };
  return [
    {
      name: 'smollm2/llama.cpp-folder',
      target: `largest difference of ln p, file to folder to f32 file, and no other token <= ${allowed.exact}`,
      missing,
      measure: async (bench) => {
        const found = await bench.kept('smollm2-llama.cpp-folder', async () => {
          const [folder, file, text] = ['llama-folder', 'llama-f32.gguf', 'llama-text.txt'].map((name) => bench.folder(name)) as [string, string, string]; // prettier-ignore
          mkdirSync(folder, { recursive: true });
          writeFileSync(text, brownText('eval'));
          const source = await openTensorFile(path ?? '');
          const model = await openModelInParts(source);
          const made = await compressModel(model, planCompression(model, { to: 'safetensors', type: 'F32' }));
          await writeCompressedFolder((name, write) => writeFileBy(join(folder, name), write), made);
          for (const [name, said] of Object.entries(textFilesOfGguf(source.metadata))) writeFileSync(join(folder, name), said); // prettier-ignore
          await source.close();
          const again = await openModelFolder(folder);
          await written(again, file, { type: 'F32' });
          await again.close();
          const { differing, lnp } = await compared(file, text);
          rmSync(folder, { recursive: true });
          return { differing, worst: Math.max(...lnp), mean: mean(lnp) };
        });
        return { value: found.worst, holds: found.worst <= allowed.exact && found.differing === 0, details: found };
      },
    },
    {
      name: 'smollm2/llama.cpp-types',
      target: `mean difference of ln p, the largest of ${types.all.length + types.down.length} types <= ${allowed.rounded}`,
      missing,
      measure: async (bench) => {
        const text = bench.folder('llama-text.txt');
        mkdirSync(dirname(text), { recursive: true });
        writeFileSync(text, brownText('eval'));
        const details: Record<string, { differing: number; mean: number }> = {};
        const all = [...types.all.map((type) => [type, { type }] as const), ...types.down.map((type) => [type, { rules: [{ tensors: 'blk.*.ffn_down.weight', type }] }] as const)]; // prettier-ignore
        for (const [type, plan] of all)
          details[type] = await bench.kept(`smollm2-llama.cpp-${type}`, async () => {
            const source = await openTensorFile(path ?? '');
            const file = await written(source, bench.folder(`llama-${type}.gguf`), plan);
            await source.close();
            const { differing, lnp } = await compared(file, text);
            rmSync(file);
            return { differing, mean: mean(lnp) };
          });
        const worst = Math.max(...Object.values(details).map((each) => each.mean));
        const isSame = Object.values(details).every(({ differing }) => differing === 0);
        return { value: worst, holds: worst <= allowed.rounded && isSame, details };
      },
    },
  ];
}
