/** The comparison in a page of headless Chromium, whose wall time is all the clock that there is. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer, defaultClientConditions } from 'vite';
import { chromiumArgs, chromiumPath } from '../../devices.mjs';
import type { Comparison } from './compare.ts';

const page = `
  import { device } from '@espalier/tensor';
  import { compareProducts } from '/tools/bench/encoded-webgpu/compare.ts';
  globalThis.compare = async (comparison) => compareProducts(await device('webgpu'), comparison);
`;

/** The tables of a page. Throws where there is no Chromium. */
export async function compareInPage(comparison: Comparison): Promise<string> {
  const executablePath = await chromiumPath();
  const server = await createServer({
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    configFile: false,
    cacheDir: 'node_modules/.vite/bench',
    logLevel: 'error',
    appType: 'custom',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    resolve: { conditions: ['@espalier/source', ...defaultClientConditions] },
    plugins: [
      {
        name: 'comparison',
        resolveId: (id) => (id === '/comparison.js' ? id : undefined),
        load: (id) => (id === '/comparison.js' ? page : undefined),
        configureServer: ({ middlewares }) => {
          middlewares.use('/comparison.html', (_, response) => {
            response.setHeader('content-type', 'text/html');
            response.end('<!doctype html><title>products</title><script type="module" src="/comparison.js"></script>');
          });
        },
      },
    ],
  });
  await server.listen();
  const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) });
  try {
    const tab = await browser.newPage();
    await tab.goto(new URL('comparison.html', server.resolvedUrls?.local[0]).href);
    await tab.waitForFunction('"compare" in globalThis');
    return await tab.evaluate<string>(`compare(${JSON.stringify(comparison)})`);
  } finally {
    await browser.close();
    await server.close();
  }
}
