// What the README of @espalier/browser promises: one module file in pages and workers, under a strict policy.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '@espalier/nn';
import { prune, quantize, runRecipe } from '@espalier/optimize';
import { saveOptimized } from '@espalier/optimize/node';
import { linspace } from '@espalier/tensor';
import { chromium, type Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../tools/command.mjs';
import { chromiumArgs, chromiumPath } from '../../tools/devices.mjs';
import { servePages, type PageServer } from './page-server.ts';

const executablePath = await chromiumPath();
const input = (): ReturnType<typeof linspace> => linspace(-1, 1, 12).reshape([2, 6]);

const predict = `
  import { linspace, loadOptimizedFrom, modelFilesAt } from '/espalier/espalier.js';
  const { model } = await loadOptimizedFrom(modelFilesAt(new URL('/model', location).href));
  const outputs = [...(await model.forward(linspace(-1, 1, 12).reshape([2, 6])).data())];
`;
const texts = {
  '/page.html': '<!doctype html><title>page</title><script type="module" src="/page.js"></script>',
  '/page.js': `${predict} globalThis.outputs = { outputs, isolated: crossOriginIsolated };`,
  '/worker.html': '<!doctype html><title>page</title><script type="module" src="/start-worker.js"></script>',
  '/start-worker.js': `
    const worker = new Worker('/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => { globalThis.outputs = data; };
    worker.onerror = ({ message }) => { globalThis.outputs = { message }; };
  `,
  '/worker.js': `${predict} postMessage({ outputs, isolated: crossOriginIsolated });`,
};

describe.skipIf(executablePath === undefined)('one module file, under a content security policy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-page-'));
  const model = join(folder, 'model');
  let server: PageServer | undefined;
  let browser: Browser | undefined;
  let expected: number[] = [];

  beforeAll(async () => {
    const packed = await command(`node tools/pack.mjs packages/browser --into ${folder}`);
    if (!packed.ok) throw new Error(packed.output);
    const layers = [{ type: 'linear', in: 6, out: 8 }, { type: 'relu' }, { type: 'linear', in: 8, out: 3 }];
    const made = await runRecipe(build({ type: 'sequential', layers }, { seed: 3 }), [
      prune({ sparsity: 0.5 }),
      quantize(),
    ]);
    expected = [...(await made.model.forward(input()).data())].map(Number);
    await saveOptimized(model, made.model);
    server = await servePages(texts, {
      '/espalier/': join(folder, 'folders/packages/browser/dist'),
      '/model/': model,
    });
    browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  test.each(['page', 'worker'])('a %s loads a compressed model by fetch and computes what Node does', async (where) => {
    const page = await browser?.newPage();
    const complaints: string[] = [];
    page?.on('console', (message) => complaints.push(message.text()));
    page?.on('pageerror', (error) => complaints.push(error.message));
    await page?.goto(`${server?.address}/${where}.html`);
    await page?.waitForFunction(() => 'outputs' in globalThis, undefined, { timeout: 60_000 });
    const result: unknown = await page?.evaluate(() => Reflect.get(globalThis, 'outputs'));
    // The weights are the same to the last bit; the page sums from their format, and so perhaps in another order.
    const outputs = expected.map((value): unknown => expect.closeTo(value, 6));
    expect(result).toEqual({ outputs, isolated: true });
    // Browsers ask for an icon, which there is not; nor has this model an optimization.json.
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
    await page?.close();
  });
});
