import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumArgs, chromiumPath, dawnEnv, postgresPath } from '../tools/devices.mjs';
import { LongestFirst } from './setup/longest-first.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceCondition = '@espalier/source';
const deviceTests = ['**/*.gpu.test.ts', '**/*.browser.test.ts', '**/*.postgres.test.ts'];

const folders = {
  tensor: 'packages/tensor',
  nn: 'packages/nn',
  search: 'packages/search',
  storage: 'packages/storage',
  optimize: 'packages/optimize',
  models: 'packages/models',
  language: 'packages/language',
  data: 'packages/data',
  pipeline: 'packages/pipeline',
  testing: 'packages/testing',
  cli: 'apps/cli',
  chat: 'apps/chat',
};

/** The projects that this machine lacks the device for, as `npm test` found out. */
const without = (process.env['ESPALIER_WITHOUT'] ?? '').split(',');

const setup = (name: string): string => `${root}test/setup/${name}.ts`;
const nodeProject = (name: string, folder: string): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, include: [`${folder}/**/*.test.ts`], exclude: ['**/node_modules/**', '**/dist/**', ...deviceTests] },
});

// Absent where no Chromium is installed: Playwright then says so.
const executablePath = await chromiumPath();

// One seed for every property of a run, so that one FC_SEED replays it. Kept in the environment because Vitest reads this file more than once.
process.env['FC_SEED'] ??= String(Math.floor(Math.random() * 2 ** 31));
const propertySeed = Number(process.env['FC_SEED']);
const propertyRuns = process.env['FC_RUNS'] === undefined ? null : Number(process.env['FC_RUNS']);
const propertySeeds = Number(process.env['FC_SEEDS'] ?? 1);

const projects: readonly TestProjectInlineConfiguration[] = [
  ...Object.entries(folders).map(([name, folder]) => nodeProject(name, `${folder}/test`)),
  nodeProject('workspace', 'test'),
  {
    extends: true,
    test: {
      name: 'dawn',
      include: ['packages/*/test/**/*.gpu.test.ts', 'apps/*/test/**/*.gpu.test.ts', 'test/**/*.gpu.test.ts'],
      // Only in a process of its own does a variable set here reach the Vulkan loader.
      pool: 'forks',
      // Kernels of tests run a few times: Mesa's software driver optimizes them for longer than that takes, and compiles
      // for vectors of four numbers in half the time of the processor's own, with fewer invocations in step.
      env: { GALLIVM_PERF: 'nopt', LP_NATIVE_VECTOR_WIDTH: '128', ...dawnEnv },
      setupFiles: [setup('dawn')],
    },
  },
  {
    extends: true,
    test: {
      name: 'postgres',
      include: ['packages/*/test/**/*.postgres.test.ts', 'apps/*/test/**/*.postgres.test.ts'],
      env: { POSTGRES_BIN: postgresPath() ?? '' },
    },
  },
  {
    extends: true,
    // Only a page that is isolated from others may share memory with its workers.
    server: {
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
    test: {
      name: 'chromium',
      include: ['test/browser/**/*.browser.test.ts'],
      browser: {
        enabled: true,
        headless: true,
        ui: false,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { args: chromiumArgs, ...(executablePath === undefined ? {} : { executablePath }) },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  },
];

export default defineConfig({
  root,
  cacheDir: 'node_modules/.vite',
  resolve: { conditions: [sourceCondition, ...defaultClientConditions] },
  ssr: {
    resolve: {
      conditions: [sourceCondition, ...defaultServerConditions],
      externalConditions: [sourceCondition, 'node'],
    },
  },
  test: {
    // What was compiled of a source stays on disk until it changes: importing an engine of hundreds of files is most of a test of one.
    experimental: { fsModuleCache: true },
    provide: { propertySeed, propertyRuns, propertySeeds },
    setupFiles: [setup('properties')],
    // Vitest leaves one processor to itself, and with two of them would run one file at a time; it has little to do.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    // Generous: a slow machine must not decide a test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: projects.filter(({ test }) => !without.some((name) => name === test?.name)),
  },
});
