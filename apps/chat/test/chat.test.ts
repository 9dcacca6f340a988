// The page in a real browser: a model is opened by range, or from a chosen file, and answers as it does in Node.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complete, encodeChat } from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { chromium, type Browser, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs, chromiumPath } from '../../../tools/devices.mjs';
import { serve, type Server } from '../src/serve/server.ts';
import { siteFiles } from '../src/serve/site.ts';
import { writeTinyGguf } from '../../cli/test/helpers/tiny-language-model.ts';

const executablePath = await chromiumPath();

describe.skipIf(executablePath === undefined)('the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-chat-'));
  const model = join(folder, 'tiny.gguf');
  /** One that can go on for long. */
  const long = join(folder, 'long.gguf');
  let server: Server | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    await writeTinyGguf(model);
    await writeTinyGguf(long, 1, true, { context: 16_384 });
    const texts = { ...(await siteFiles()), '/models.json': JSON.stringify(['models/tiny.gguf']) };
    server = await serve({ texts, files: { '/models/tiny.gguf': model, '/models/long.gguf': long } });
    browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  interface Opened {
    readonly page: Page;
    readonly complaints: readonly string[];
    /** Waits until the page is in a state. */
    readonly state: (name: string) => Promise<unknown>;
    /** Sends a message, and gives the answer. */
    readonly ask: (text: string) => Promise<string>;
  }

  async function opened(
    device: string,
    choose: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<Opened> {
    const page = (await browser?.newPage()) as Page;
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(server?.address ?? '');
    await page.waitForFunction(() => (document.querySelector('#url') as HTMLInputElement).value !== '');
    await choose(page);
    await page.selectOption('#device', device);
    const state = (name: string): Promise<unknown> =>
      page.waitForSelector(`body[data-state=${name}]`, { timeout: 90_000 });
    await page.click('summary');
    await page.fill('#temperature', '0');
    await page.fill('#most', '24');
    await page.click('#open-button');
    await state('ready');
    const ask = async (text: string): Promise<string> => {
      await page.fill('#text', text);
      await page.click('#send');
      await page.waitForSelector('#messages li:last-child[data-ended]', { timeout: 90_000 });
      return (await page.textContent('#messages li:last-child')) ?? '';
    };
    return { page, complaints, state, ask };
  }

  /** What the model answers in Node. */
  async function answers(texts: readonly string[]): Promise<readonly string[]> {
    const { decoder, tokenizer, template } = await openLanguageAt(model);
    const messages: { role: string; content: string }[] = [];
    const found: string[] = [];
    for (const content of texts) {
      messages.push({ role: 'user', content });
      if (!template) throw new Error('the model has a template');
      const prompt = encodeChat(tokenizer, template, messages);
      const { text } = await complete(decoder, prompt, { tokenizer, maxTokens: 24, temperature: 0 });
      messages.push({ role: 'assistant', content: text });
      found.push(text);
    }
    return found;
  }

  test('talks on the processor, on as many threads as there are cores, as the model does in Node', async () => {
    const { page, ask, complaints } = await opened('cpu');
    expect(await page.textContent('#status')).toMatch(
      /^llama, 259 tokens, context 256, 0\.\d MB, on cpu \(.*(?:one thread|\d threads), shared memory.*\): \d/u,
    );
    // Else workers have no memory in common, and no threads.
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const asked = ['ab?', 'And then, <|done|>?'];
    const told = [await ask(asked[0] as string), await ask(asked[1] as string)];
    expect(told).toEqual(await answers(asked));
    expect(await page.textContent('#figures')).toMatch(
      /^\d+ tokens of prompt, first token after .*; 24 tokens, \d+\.\d tokens a second; \d+\.\d MB of memory$/u,
    );
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('talks on WebGPU, about a file that was chosen', async () => {
    const { page, ask } = await opened('webgpu', (chosen) => chosen.setInputFiles('#file', model));
    expect(await page.textContent('#status')).toContain('on webgpu');
    expect([await ask('ab?')]).toEqual(await answers(['ab?']));
    await page.close();
  });

  test('is stopped in the middle of an answer, and goes on', async () => {
    const { page, state, ask } = await opened('cpu', (chosen) => chosen.fill('#url', 'models/long.gguf'));
    await page.fill('#most', '16000');
    await page.fill('#text', 'Tell.');
    await page.click('#send');
    await page.click('#stop');
    await state('ready');
    expect(await page.getAttribute('#messages li:last-child', 'data-ended')).toBe('stopped');
    await page.fill('#most', '3');
    await ask('More');
    expect(await page.textContent('#figures')).toContain('; 3 tokens');
    await page.close();
  });

  test('says what it cannot open', async () => {
    const broken = join(folder, 'broken.gguf');
    writeFileSync(broken, readFileSync(model).subarray(0, 999));
    const page = (await browser?.newPage()) as Page;
    await page.goto(server?.address ?? '');
    for (const [choose, problem] of [
      [(): Promise<void> => page.setInputFiles('#file', broken), 'broken.gguf'],
      [
        async (): Promise<void> => {
          await page.setInputFiles('#file', []);
          await page.fill('#url', 'models/none.gguf');
        },
        'the server answers with 404',
      ],
    ] as const) {
      await choose();
      await page.click('#open-button');
      await page.waitForSelector(`#messages li:last-child:has-text("${problem}")`, { timeout: 60_000 });
      expect(await page.getAttribute('body', 'data-state')).toBe('empty');
    }
    await page.close();
  });
});
