// `npm test`: everything that has to hold before a change lands. Installs and builds what is missing, runs the static
// checks, then the tests of every device that this machine has. The last line counts the tests.
import { build } from './build.mjs';
import { command, root } from './command.mjs';
import { chromiumPath, dawnAdapter, postgresPath } from './devices.mjs';
import { libraries, packages, staged } from './published.mjs';
import { runTests } from './run-tests.mjs';

/** @param {string} name  @param {string} line  @param {string} [folder] where to run it */
const check = (name, line, folder = root) => ({ name, line, folder });

/** What must hold beside the tests. */
const checks = [
  check('types', 'turbo run typecheck --output-logs=errors-only'),
  check('types of test and tools', 'tsc -b test test/browser'),
  check('lint', 'oxlint --type-aware --deny-warnings'),
  check('format', 'oxfmt --check'),
  check('unused code', 'knip --no-progress --no-config-hints'),
  ...packages.map((folder) => check(`package in ${folder}`, 'publint --strict --pack npm', `${staged}/${folder}`)),
  ...libraries.map((folder) =>
    check(`exported types of ${folder}`, 'attw --pack . --profile esm-only', `${staged}/${folder}`),
  ),
];

/** Builds, runs the checks two at a time, prints what the failing ones had to say, and returns their names. */
async function failingChecks() {
  if (!(await build())) return ['build'];
  const packed = await command('node tools/pack.mjs');
  if (!packed.ok) {
    console.error(packed.output);
    return ['pack'];
  }
  const waiting = checks.values();
  /** @type {string[]} */
  const failed = [];
  const lane = async () => {
    for (const { name, line, folder } of waiting) {
      const { ok, output } = await command(line, folder);
      if (ok) continue;
      failed.push(name);
      console.error(`✗ ${name}: ${line}\n${output}`);
    }
  };
  await Promise.all([lane(), lane()]);
  return failed;
}

/** The test projects that need more than Node, each with what this machine lacks for it. */
async function absentDevices() {
  const devices = [
    { name: 'webgpu', project: 'dawn', found: dawnAdapter(), remedy: 'install a Vulkan driver' },
    { name: 'chromium', project: 'chromium', found: await chromiumPath(), remedy: 'install it, or set CHROMIUM_PATH' },
    { name: 'postgres', project: 'postgres', found: postgresPath(), remedy: 'install it, or set POSTGRES_BIN' },
  ];
  return devices.filter(({ found }) => found === undefined);
}

const failed = await failingChecks();
const absent = await absentDevices();
const required = (process.env['ESPALIER_REQUIRE'] ?? '').split(',');
failed.push(...absent.filter(({ name }) => required.includes(name)).map(({ name }) => `${name}, required and absent`));
if (absent.length > 0) {
  const list = absent.map(({ name, remedy }) => `${name} (${remedy})`).join(', ');
  console.log(`Skipping the tests that need ${list}. As root on Debian 12, .ci/run installs them.`);
}

const tests = await runTests(absent.map(({ project }) => project));
if (failed.length > 0) console.log(`Failed beside the tests: ${failed.join('; ')}`);
console.log(`${tests.passed} passed, ${tests.failed} failed`);
process.exit(failed.length > 0 || tests.failed > 0 || tests.passed === 0 ? 1 : 0);
