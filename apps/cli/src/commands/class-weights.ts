/** `--class-weights`: how much each class counts in training, as text. */
import { classWeightsField, type ClassWeights } from '@espalier/pipeline';
import { InvalidArgumentError, Option } from 'commander';
import { parse } from 'yaml';

/** The option of runs without a recipe. */
export function classWeightsOption(): Option {
  return new Option(
    '--class-weights <weights>',
    "how much each class counts in training: 'balanced', so that all count alike together, 'none', or '{yes: 5, no: 1}'",
  ).argParser((text: string) => {
    classWeightsOf(text);
    return text;
  });
}

/**
 * Class weights from a text, such as `balanced` or `{yes: 5}`; undefined for `none`.
 * @throws {InvalidArgumentError} for anything else.
 */
function classWeightsOf(text: string): ClassWeights | undefined {
  if (text === 'none') return undefined;
  const value = read(text);
  if (classWeightsField.accepts(value)) return value as ClassWeights;
  throw new InvalidArgumentError(
    "Give balanced, none, or how much classes count, from 1e-6 to 1e6, such as '{yes: 5, no: 1}'.",
  );
}

function read(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Those that a run was told. */
export function weightsOf({ classWeights }: { readonly classWeights?: string }): ClassWeights | undefined {
  return classWeights === undefined ? undefined : classWeightsOf(classWeights);
}
