/** Engines in pages of headless Chromium. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer, type Plugin, type ViteDevServer } from 'vite';
import { chromiumArgs, chromiumPath } from '../../../devices.mjs';
import type { Answer } from '../answer.ts';
import { ended, patience, type Place } from '../place.ts';
import { hasProcessorTime, processesOf, processorTime } from './processor-time.ts';
import type { PageOrder } from './worker.ts';

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Has a page that is isolated from others share memory with its workers. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const [emptyPage, timePage] = ['/empty.html', '/processor-time'];

/** An empty page, the time that pages took, and modules of which those that Node alone has are replaced. */
const pages = (headers: Readonly<Record<string, string>>, time: () => number): Plugin => ({
  name: 'pages',
  enforce: 'pre',
  resolveId: (id) => (id === '../installed.ts' ? folder('installed.ts') : undefined),
  configureServer: ({ middlewares }) => {
    middlewares.use((_, response, next) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      next();
    });
    middlewares.use(emptyPage, (_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>benchmark</title>');
    });
    middlewares.use(timePage, (_, response) => void response.end(String(time())));
  },
});

async function served(threads: number, time: () => number): Promise<ViteDevServer> {
  const server = await createServer({
    root: folder('../../../..'),
    publicDir: folder('../../peers/node_modules'),
    configFile: false,
    cacheDir: 'node_modules/.vite/bench',
    logLevel: 'error',
    appType: 'custom',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    plugins: [pages(threads === 1 ? {} : isolation, time)],
  });
  return server.listen();
}

/** Runs in a page: the answer of a worker. */
const asked = (order: PageOrder): string => `new Promise((resolve, reject) => {
  const worker = new Worker('/tools/bench/engine/chromium/worker.ts', { type: 'module', name: ${JSON.stringify(JSON.stringify(order))} });
  worker.addEventListener('message', ({ data }) => resolve(data));
  worker.addEventListener('error', ({ message }) => reject(new Error(message)));
})`;

/**
 * A page an order, and in it a worker. Pages for one thread are not isolated, so that nothing has more of them there.
 * Throws where there is no Chromium.
 */
export async function pagesOfChromium(threads: number): Promise<Place> {
  const executablePath = await chromiumPath();
  const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  let processes: readonly number[] = [];
  const server = await served(threads, () => processorTime(processes));
  const onProcessor = threads === 1 && hasProcessorTime;
  return {
    description: `Chromium ${browser.version()}, time of the ${onProcessor ? 'processor' : 'clock'}`,
    ask: async (order) => {
      const page = await browser.newPage();
      const timer = setTimeout(() => void page.close(), patience);
      try {
        await page.goto(new URL(emptyPage, server.resolvedUrls?.local[0]).href);
        processes = await processesOf(browser);
        return await page.evaluate<Answer>(asked({ ...order, ...(onProcessor && { processorTime: timePage }) }));
      } catch (error) {
        return ended(order, error);
      } finally {
        clearTimeout(timer);
        await page.close();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await server.close();
    },
  };
}
