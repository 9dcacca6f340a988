// Finds what the tests can run on: a WebGPU adapter for Node (through Dawn), a Chromium and a PostgreSQL.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lavapipe = '/usr/share/vulkan/icd.d/lvp_icd.json';

/** The Vulkan driver the WebGPU tests name to the loader: the caller's choice, else Mesa's software driver, else the loader's own pick. */
export const vulkanDriver = process.env['VK_DRIVER_FILES'] ?? (existsSync(lavapipe) ? lavapipe : undefined);

/** The environment Dawn needs before its process starts. */
export const dawnEnv = vulkanDriver === undefined ? {} : { VK_DRIVER_FILES: vulkanDriver };

/** What makes headless Chromium offer WebGPU on a machine without a GPU. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

/** The Chromium to run: `CHROMIUM_PATH`, else one that a distribution or Playwright has installed, else undefined. */
export async function chromiumPath() {
  const { chromium } = await import('playwright');
  const candidates = [
    process.env['CHROMIUM_PATH'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    chromium.executablePath(),
  ];
  return candidates.find((path) => path !== undefined && existsSync(path));
}

/** The description of Dawn's adapter, or undefined where it has none. Asked in a process of its own, so that a driver that crashes is only absent. */
export function dawnAdapter() {
  try {
    const probe = fileURLToPath(new URL('probe-webgpu.mjs', import.meta.url));
    const env = { ...process.env, ...dawnEnv };
    return execFileSync(process.execPath, [probe], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** The folder of PostgreSQL's binaries: `POSTGRES_BIN`, else where Debian puts the newest, else on the path; undefined where there is none. */
export function postgresPath() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    process.env['POSTGRES_BIN'],
    ...versions.map((version) => `${debian}/${version}/bin`),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => folder && ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}
