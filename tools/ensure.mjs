// Installs the dependencies that package-lock.json asks for, unless they are there already. Uses nothing but Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What npm writes of an installation, once it is whole. */
const record = `${root}node_modules/.package-lock.json`;

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} Package
 *
 * @param {string} file
 * @returns {Readonly<Record<string, Package>>} the packages that a lock file names, by their folders
 */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** Whether what is installed, by whomever, is what package-lock.json asks for; what is optional may be missing. */
function isInstalled() {
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(`${root}package-lock.json`)).every(([folder, wanted]) => {
    if (!folder.includes('node_modules/')) return true;
    const found = installed[folder];
    if (!found) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** Makes node_modules agree with package-lock.json: `npm ci`, unless it does already. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.error('Installing dependencies (once) …');
  const { status } = spawnSync('npm ci --no-audit --no-fund --loglevel=error', {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}
