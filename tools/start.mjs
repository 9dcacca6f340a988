// `npm start`: from a fresh clone to a result. Installs and builds what is missing, then runs the built-in recipe;
// what follows `--` goes to `espalier run`.
import { spawn } from 'node:child_process';
import { build } from './build.mjs';
import { root } from './command.mjs';

if (!(await build())) process.exit(1);
const args = [`${root}apps/cli/dist/joined/main.js`, 'run', ...process.argv.slice(2)];
const cli = spawn(process.execPath, args, { stdio: 'inherit' });

// The terminal sends Ctrl-C to both; the command line decides what to save and when to go.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => cli.kill('SIGTERM'));
cli.on('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
