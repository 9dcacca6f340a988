/**
 * Serves the page, or writes it to a folder for any other server: `npm run chat -- [MODEL.gguf …] [--port 8080] [--into FOLDER]`.
 * Models are GGUF files, folders with one, or names of packages that are installed with one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findModel } from '@espalier/language/node';
import { serve } from './server.ts';
import { siteFiles } from './site.ts';

const { values, positionals } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, into: { type: 'string' } },
  allowPositionals: true,
});
const { into, port } = values;
if (into === undefined) {
  const models = positionals.map((name) => resolve(findModel(name).path));
  const names = models.map((path) => `models/${basename(path)}`);
  const files = Object.fromEntries(models.map((path, at) => [`/${names[at]}`, path]));
  const texts = { ...(await siteFiles()), '/models.json': JSON.stringify(names) };
  const { address } = await serve({ texts, files }, Number(port));
  console.log(`${address} (Ctrl-C ends it)`);
} else {
  mkdirSync(into, { recursive: true });
  const site = Object.entries(await siteFiles({ minify: true }));
  for (const [path, text] of site) writeFileSync(join(into, path), text);
  console.log(
    `${into}: ${site.map(([path, text]) => `${path.slice(1)} ${Math.round(Buffer.byteLength(text) / 1000)} kB`).join(', ')}`,
  );
}
