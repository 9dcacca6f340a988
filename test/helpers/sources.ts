// The TypeScript sources of the workspace and what each of them imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

/** The root folder of the repository, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** One import, re-export or `import()` of a file. */
export interface Import {
  /** The importing file, from the root: `packages/nn/src/fit.ts`. */
  readonly file: string;
  /** What it says. */
  readonly specifier: string;
  /** What that means: a package, or a file from the root when the import is relative. */
  readonly target: string;
  /** True when the import vanishes with the types. */
  readonly typeOnly: boolean;
}

/** Every package and application of the workspace, by its folder from the root. */
export const workspaces: readonly string[] = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
);

/** The files under a workspace's `src`, from the root. */
export function sourceFiles(workspace: string): string[] {
  return readdirSync(join(root, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${workspace}/src/${path}`);
}

/** All imports of one file. Dynamic imports count only where they name a literal. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const target = specifier.startsWith('.') ? join(dirname(file), specifier) : specifier;
    imports.push({ file, specifier, target, typeOnly });
  };
  const isTypeOnly = (start: number): boolean => /^(?:import|export)\s+type\b/.test(text.slice(start));

  for (const { moduleRequest, start } of module.staticImports) add(moduleRequest.value, isTypeOnly(start));
  for (const { entries, start } of module.staticExports) {
    const request = entries[0]?.moduleRequest;
    if (request) add(request.value, isTypeOnly(start));
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^['"](.*)['"]$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[1];
    if (literal !== undefined) add(literal, false);
  }
  return imports;
}
