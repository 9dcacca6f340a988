/** What implementations of a user's kernel are told of a call. */
import { describe } from '../arguments/describe.ts';
import { ArgumentError } from '../errors.ts';
import type { KernelSite } from './definition.ts';
import type { Binding, CustomSpec } from './spec.ts';

/** The site of a spec. */
export function siteOf({ bindings, inputShapes, outputShapes, attributes }: CustomSpec): KernelSite {
  const described = [...inputShapes, ...outputShapes].map((shape, position) => ({
    shape,
    dtype: (bindings[position] as Binding).dtype,
  }));
  return {
    inputs: described.slice(0, inputShapes.length),
    outputs: described.slice(inputShapes.length),
    attributes,
  };
}

/**
 * Takes what an implementation that runs in JavaScript gave: nothing that is waited for.
 * @throws {ArgumentError} for a promise: what it writes later is lost, or falls on other values.
 */
export function finished(name: string, gave: unknown): void {
  if (typeof (gave as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  throw new ArgumentError(
    name,
    `an implementation of it gave ${describe(gave)}; it must have written its outputs when it returns, so that it can wait for nothing`,
  );
}
