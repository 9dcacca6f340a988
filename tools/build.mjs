// Builds every package, installing what is missing first. `npm run build` runs it alone.
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { ensureInstalled } from './ensure.mjs';

/** Builds what has changed since it was last built; prints nothing unless that fails. Resolves to whether it went well. */
export async function build() {
  ensureInstalled();
  const { ok, output } = await compile();
  if (!ok) console.error(output);
  // What joins may have been installed just now.
  else await (await import('./join.mjs')).join();
  return ok;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await build()) ? 0 : 1;
