// Runs the Vitest projects and counts from Vitest's own results.
import { root } from './command.mjs';

/** Dawn says this of every software adapter, straight to stderr. */
const harmless = /^Warning: maxDynamic(?:Uniform|Storage)BuffersPerPipelineLayout artificially reduced .*\n/gm;

// Vitest pipes what its workers print into process.stderr, and would close any other stream with the first worker.
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (/** @type {string | Uint8Array} */ chunk, /** @type {any[]} */ ...rest) =>
  write(String(chunk).replace(harmless, ''), ...rest);

/**
 * Runs the tests of all projects but those named. A file that cannot be loaded and an error outside every test each
 * count as one failure, so that no failure goes uncounted.
 *
 * @param {readonly string[]} without names of the projects to leave out
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runTests(without) {
  // Not at the top: the file that imports this one may still have to install Vitest.
  const { startVitest } = await import('vitest/node');
  // Of several names to leave out, Vitest's own filter takes a project that differs from any one of them.
  process.env['ESPALIER_WITHOUT'] = without.join();
  const vitest = await startVitest('test', [], { root, config: 'test/vitest.config.ts', watch: false });
  let passed = 0;
  let failed = vitest.state.getUnhandledErrors().length;
  for (const module of vitest.state.getTestModules()) {
    const failedBefore = failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      if (state === 'failed') failed++;
    }
    if (!module.ok() && failed === failedBefore) failed++;
  }
  await vitest.close();
  return { passed, failed };
}
