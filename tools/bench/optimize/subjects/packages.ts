/** Packages with data, which the benchmark installs when it needs them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../data', import.meta.url));

/** The folder of a package. */
export function packageFolder(name: string): string {
  const path = `${folder}/node_modules/${name}`;
  if (existsSync(path)) return path;
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0 || !existsSync(path)) throw new Error(`${name} could not be installed in ${folder}`);
  return path;
}
