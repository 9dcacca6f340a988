/** Turns what a schema objects to into an error at its place in the file. */
import type { z } from 'zod';
import { brief } from '@espalier/search';
import { UsageError } from '../errors.ts';
import type { LocatedYaml } from './located-yaml.ts';

/** @throws {UsageError} that says what the first issue is, and where in the file. */
export function refuse(error: z.ZodError, yaml: LocatedYaml): never {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const at = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
  throw new UsageError(brief(`${at}${issue?.message ?? 'it cannot be read'}`, 1000), yaml.place(path, key));
}
