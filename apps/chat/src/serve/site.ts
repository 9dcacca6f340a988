/** The files of the page: its programs bundled from their sources, nothing imported from elsewhere. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown, type OutputChunk } from 'rolldown';

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a page never asks for: the host of WebGPU in Node, storages of studies. */
const external = ['webgpu', '@espalier/storage'];

async function bundled(path: string, minify: boolean): Promise<string> {
  const code = await rolldown({
    input: from(path),
    platform: 'browser',
    external,
    logLevel: 'silent',
    resolve: { conditionNames: ['@espalier/source', 'browser', 'import', 'default'] },
  });
  const { output } = await code.generate({ format: 'esm', minify, codeSplitting: false });
  await code.close();
  return output
    .filter((made): made is OutputChunk => made.type === 'chunk')
    .map((made) => made.code)
    .join('\n');
}

/** The files by their paths on a server. */
export async function siteFiles({ minify = false }: { readonly minify?: boolean } = {}): Promise<
  Record<string, string>
> {
  const [html, css, page, worker] = await Promise.all([
    readFile(from('../page/index.html'), 'utf8'),
    readFile(from('../page/style.css'), 'utf8'),
    bundled('../page/main.ts', minify),
    bundled('../worker/main.ts', minify),
  ]);
  return { '/index.html': html, '/style.css': css, '/page.js': page, '/worker.js': worker };
}
