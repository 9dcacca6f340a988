// The layers of the command line, the lowest first.
import type { Layers } from './layers.ts';

/** What is printed and written below studies and recipes, commands above those, and above all what parses a line. */
export const cli: Layers = {
  arrows: {
    'errors.ts': [],
    terminal: [],
    output: ['errors.ts'],
    profiling: ['errors.ts', 'output'],
    recipe: ['errors.ts'],
    report: ['terminal'],
    cli: ['errors.ts', 'terminal', 'profiling'],
    files: ['errors.ts', 'terminal', 'output', 'cli'],
    language: ['errors.ts', 'terminal', 'output', 'cli'],
    study: ['errors.ts', 'terminal', 'output', 'recipe', 'cli'],
    commands: ['errors.ts', 'terminal', 'output', 'recipe', 'report', 'cli', 'files', 'language', 'study'],
    'cli/worker-models.ts': ['files'],
    'cli/program.ts': ['cli', 'commands'],
    'cli/run-program.ts': ['errors.ts', 'terminal', 'cli', 'cli/program.ts'],
    'main.ts': ['errors.ts', 'cli', 'cli/run-program.ts'],
  },
  exceptions: [],
};
