// What a bundler makes of small programs: how large, and without what they do not use. Raising a ceiling is a line in the
// commit that needs it.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown, type OutputChunk } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../tools/build.mjs';
import { root } from '../helpers/sources.ts';

const execute = promisify(execFile);

interface Fixture {
  readonly program: string;
  readonly prints: string;
  /** Bytes of what loads at once, minified and gzipped. */
  readonly ceiling: number;
  /** Words of what the program does not use. */
  readonly without: readonly RegExp[];
}

const study = (strategy: string, options = ''): string => `
  import { createStudy, float, maxTrials, ${strategy}, space } from '@espalier/search';
  const domain = space({ x: float(-1, 1) });
  const study = await createStudy({ name: 's', space: domain, objectives: ['minimize loss'], strategy: ${strategy}(${options}) });
  await study.run(({ config }) => config.x ** 2, { stop: [maxTrials(8)] });
  console.log(study.trials.length);
`;

const fixtures: Readonly<Record<string, Fixture>> = {
  'search with random': {
    program: study('random'),
    prints: '8',
    ceiling: 24_200,
    without: [/['"`](?:gp|tpe|cma-es|nsga2|genetic|sobol|hyperband|bohb)['"`]/],
  },
  'search with TPE': {
    program: study('tpe'),
    prints: '8',
    ceiling: 30_000,
    without: [/['"`](?:gp|cma-es|nsga2|genetic|sobol|hyperband)['"`]/],
  },
  'a product of tensors': {
    program: `
      import { tensor } from '@espalier/tensor';
      console.log(tensor([[1, 2]]).matmul(tensor([[3], [4]])).itemSync());
    `,
    prints: '11',
    ceiling: 106_000,
    without: [/@compute/, /['"`]einsum['"`]/, /['"`]truncatedNormal['"`]/, /columnBytes/],
  },
  'training a layer': {
    program: `
      import { fit, Linear, mse, SGD, tensorDataset } from '@espalier/nn';
      import { ones } from '@espalier/tensor';
      const model = new Linear({ in: 2, out: 1 });
      const data = tensorDataset(ones([8, 2]), ones([8, 1]));
      await fit(model, data, { loss: mse, optimizer: new SGD({ lr: 0.1 }), epochs: 2, batchSize: 4 });
      console.log(model.forward(ones([1, 2])).shape.join());
    `,
    prints: '1,1',
    ceiling: 138_000,
    without: [/one-cycle/, /['"`]batch-norm['"`]/, /['"`]adamw['"`]/, /columnBytes/],
  },
  'pruning a model': {
    program: `
      import { build } from '@espalier/nn';
      import { prune, runRecipe } from '@espalier/optimize';
      const { model } = await runRecipe(build({ type: 'linear', in: 8, out: 4 }), [prune({ sparsity: 0.5 })]);
      console.log(model.config().type);
    `,
    prints: 'linear',
    ceiling: 180_000,
    without: [/@compute/, /temperature/, /columnBytes/],
  },
  'going on with a text': {
    program: `
      import { complete, createTokenizer, Decoder } from '@espalier/language';
      import { registerFamilies } from '@espalier/models';
      import { build } from '@espalier/nn';
      registerFamilies();
      const model = { type: 'gpt2', vocabulary: 4, width: 8, layers: 1, heads: 2, context: 16 };
      const tokenizer = createTokenizer({ model: { type: 'BPE', vocab: { h: 0, i: 1, hi: 2, '!': 3 }, merges: ['h i'] } });
      const decoder = new Decoder(build(model, { seed: 1 }).eval(), { context: 16 });
      const { ids, ended } = await complete(decoder, tokenizer.encode('hi!'), { maxTokens: 5 });
      console.log(ids.length, ended);
    `,
    prints: '5 length',
    ceiling: 176_000,
    without: [/@compute/, /sparse-gpt/, /tokenizer\.ggml/, /split\.count/],
  },
  'a model in a file, for a page': {
    program: `
      import { encodeChat, generate, openLanguage } from '@espalier/language';
      import { blobBytes, openTensors, urlBytes } from '@espalier/models';
      import { device } from '@espalier/tensor';
      const { place } = globalThis;
      try {
        const file = await openTensors(place ? await urlBytes(place) : blobBytes(new Blob(['GGUF'])));
        const { decoder, tokenizer, template } = await openLanguage(file, { device: await device('auto') });
        const prompt = encodeChat(tokenizer, template, [{ role: 'user', content: 'Hi' }]);
        for await (const { text } of generate(decoder, prompt, { tokenizer })) console.log(text);
      } catch (error) {
        console.log(error.name);
      }
    `,
    prints: 'FormatError',
    ceiling: 282_000,
    without: [/sparse-gpt/, /onnx/i],
  },
};

interface Bundle {
  readonly chunks: readonly OutputChunk[];
  /** What loads at once; what is imported later is left out. */
  readonly code: string;
}

/** Bundles a program from the compiled packages, as a user's bundler does. */
async function bundle(program: string): Promise<Bundle> {
  const file = `${root}/test/program.js`;
  const plugin = {
    name: 'program',
    resolveId: (id: string) => (id === file ? file : undefined),
    load: (id: string) => (id === file ? program : undefined),
  };
  const bundler = await rolldown({
    input: file,
    plugins: [plugin],
    platform: 'neutral',
    cwd: root,
    logLevel: 'silent',
  });
  const { output } = await bundler.generate({ format: 'esm', minify: true });
  const chunks = output.filter((made): made is OutputChunk => made.type === 'chunk');
  const atOnce = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of atOnce) for (const chunk of chunks) if (imports.includes(chunk.fileName)) atOnce.add(chunk);
  return { chunks, code: [...atOnce].map(({ code }) => code).join('\n') };
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-bundles-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  if (!(await build())) throw new Error('the packages do not build: see above');
});

describe.each(Object.entries(fixtures))('%s, bundled', (name, { program, prints, ceiling, without }) => {
  let made: Bundle = { chunks: [], code: '' };
  beforeAll(async () => {
    made = await bundle(program);
  });

  test('works', async () => {
    const place = mkdtempSync(join(folder, 'program-'));
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    for (const { fileName, code } of made.chunks) writeFileSync(join(place, fileName), code);
    const entry = made.chunks.find(({ isEntry }) => isEntry)?.fileName ?? '';
    const { stdout } = await execute(process.execPath, [entry], { cwd: place });
    expect(stdout.trim()).toBe(prints);
  });

  test('is below its ceiling', () => {
    const bytes = gzipSync(made.code, { level: 9 }).byteLength;
    console.log(`${name}: ${bytes} bytes, minified and gzipped`);
    expect(bytes).toBeLessThanOrEqual(ceiling);
  });

  test('leaves out what it does not use', () => {
    expect(without.filter((word) => word.test(made.code))).toEqual([]);
  });
});

test('the names that must not appear are there when they are used', async () => {
  const everything = ['language', 'models', 'nn', 'optimize', 'search', 'tensor'].map(
    (name) => `export * as ${name} from '@espalier/${name}';`,
  );
  const { chunks } = await bundle(everything.join('\n'));
  const code = chunks.map((chunk) => chunk.code).join('\n');
  const words = Object.values(fixtures).flatMap(({ without }) => without);
  expect(words.filter((word) => !word.test(code))).toEqual([]);
});
