/** Signals that end what takes long. */
import { check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { AbortError } from '../errors.ts';

/** The part of an AbortSignal that is used; the real one fits. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** A signal. */
export const aSignal: Rule<AbortSignalLike> = ruleOf(
  'an AbortSignal',
  (value) => Object(value) === value && typeof (value as { readonly aborted?: unknown }).aborted === 'boolean',
);

/**
 * Ends what a signal has aborted.
 * @throws {Error} the reason of the signal; {@link AbortError} where that is no error.
 */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal !== undefined) check('throwIfAborted', 'signal', signal, aSignal);
  if (!signal?.aborted) return;
  throw signal.reason instanceof Error ? signal.reason : new AbortError('signal', signal.reason);
}
