/** Vectors of sentences beside those of transformers, and how fast they are beside ONNX Runtime compiled to WebAssembly. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareEmbeddings, type TextEmbedder } from '@espalier/language';
import { openTextModelAt } from '@espalier/language/node';
import { compile, fromTyped, noGrad, type Tensor } from '@espalier/tensor';
import type { Bench } from '../../optimize/bench.ts';
import { atLeast, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, miniLm } from '../checkpoints.ts';
import type { Places } from '../places.ts';
import { onnxRuntime } from '../onnx-runtime.ts';
import { median, processorTime } from '../processor-time.ts';

const sentencesOf = (): readonly string[] =>
  brownText('eval')
    .split('\n')
    .filter((line) => line.length > 40)
    .slice(0, 256);

/** Batches that are timed: rows of 128 tokens. */
const shapes = [1, 32] as const;
const length = 128;
const rounds = 7;
/** Milliseconds of the processor in which engines optimize what they run, before anything is timed. */
const warmUp = 1500;
/** How many times as fast as ONNX Runtime in the slowest shape. */
const wanted = 2;

/** The rows of MiniLM. */
export function embeddingRows({ checkpoints, python }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, miniLm);
  const missing = (): string | undefined => {
    if (path === undefined) return `${miniLm.file} of ${miniLm.from}`;
    return python === undefined ? '--python, one with torch, transformers, onnx and onnxscript' : undefined;
  };
  const place = dirname(path ?? '');
  const open = async (): Promise<TextEmbedder> => (await openTextModelAt(place)) as TextEmbedder;
  /** What Python makes of the model: vectors, and a file for ONNX Runtime. */
  const reference = ({ folder }: Bench): string => {
    const out = folder('minilm-reference');
    if (existsSync(join(out, 'model.onnx'))) return out;
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'sentences.txt'), `${sentencesOf().join('\n')}\n`);
    const script = fileURLToPath(new URL('../minilm.py', import.meta.url));
    const { status } = spawnSync(python ?? '', [script, place, join(out, 'sentences.txt'), out], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`${script} ended with ${status}`);
    return out;
  };
  const cosine: Row = {
    name: 'minilm/cosine',
    target: 'worst cosine to transformers of 256 sentences >= .999999',
    missing,
    measure: async (bench) => {
      const embedder = await open();
      const found = await embedder.embed(sentencesOf());
      const vectors = readFileSync(join(reference(bench), 'vectors.f32'));
      const values = new Float32Array(Uint8Array.from(vectors).buffer);
      const { cosine: near, sameNearest } = await compareEmbeddings({ ...found, values }, found);
      return atLeast(0.999999, near.worst, { ...near, sameNearest: sameNearest.value, tokens: found.tokens });
    },
  };
  const speed: Row = {
    name: 'minilm/speed',
    target: `times as fast as ONNX Runtime (WebAssembly), rows of ${length}, one thread >= ${wanted}`,
    missing,
    measure: async (bench) => {
      const figures = await bench.kept('minilm-speed', async () => {
        const { module } = await open();
        const peer = await onnxRuntime(join(reference(bench), 'model.onnx'));
        const step = compile((ids: Tensor) => noGrad(() => module.call(ids)));
        const all: { rows: number; ours: number; peer: number }[] = [];
        for (const rows of shapes) {
          const ids = Int32Array.from({ length: rows * length }, (_, index) => 1000 + ((index * 7919) % 20_000));
          const given = fromTyped(ids, [rows, length]);
          const own = async (): Promise<void> => {
            using found = step(given);
            await found.data();
          };
          const theirs = (): Promise<unknown> => peer(ids, [rows, length]);
          const times: { readonly own: number; readonly theirs: number }[] = [];
          for (const call of [own, theirs]) for (let spent = 0; spent < warmUp;) spent += await processorTime(call);
          for (let round = 0; round < rounds; round++)
            times.push({ own: await processorTime(own), theirs: await processorTime(theirs) });
          const rate = (milliseconds: number): number => (1000 * rows * length) / milliseconds;
          all.push({
            rows,
            ours: rate(median(times.map((each) => each.own))),
            peer: rate(median(times.map((each) => each.theirs))),
          });
        }
        return all;
      });
      return atLeast(wanted, Math.min(...figures.map(({ ours, peer }) => ours / peer)), figures);
    },
  };
  return [cosine, speed];
}
