/** What measurements are told, checked. */
import { ArgumentError } from '@espalier/tensor';
import { brief, quote } from '../quote.ts';

/**
 * Throws ArgumentError unless the options are an object of known names with the shape of an example: one that is misspelt would
 * be ignored, and another thing measured.
 */
export function checkMeasurement(operation: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ArgumentError(
      operation,
      `the options are ${quote(options)}; give { inputShape: [784] }, the shape of one example`,
    );
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(operation, `'${brief(unknown)}' is no option; there are ${known.join(', ')}`);
  const shape: unknown = Reflect.get(options, 'inputShape');
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0))
    throw new ArgumentError(
      operation,
      `inputShape is ${quote(shape)}; it must be the shape of one example, such as [784] or [1, 28, 28]`,
    );
}
