/** What a folder says of a model, for files that are made of it. */
import { OnnxModule } from '@espalier/models';
import type { Module } from '@espalier/nn';
import { UsageError } from '../errors.ts';

/** The names that a model had in the file that it was made of, by those that it has. */
export function originalNames({ imported }: { readonly [key: string]: unknown }): ReadonlyMap<string, string> {
  const names: unknown = Object(imported) === imported ? Reflect.get(imported as object, 'names') : undefined;
  return new Map(
    Object.entries((names ?? {}) as Record<string, string>).filter(([, name]) => typeof name === 'string'),
  );
}

/**
 * The shape of one example, which ONNX says of a model.
 * @throws {UsageError} where nobody says it.
 */
export function inputOf(
  folder: string,
  model: Module,
  { input }: { readonly [key: string]: unknown },
  given: readonly number[] | undefined,
): readonly number[] | undefined {
  if (given !== undefined) return given;
  if (Array.isArray(input) && input.every((size): size is number => Number.isSafeInteger(size))) return input;
  if (model instanceof OnnxModule) return undefined;
  throw new UsageError(`${folder}: ONNX says what a model takes: give the shape of one example, as --input 1,28,28`);
}
