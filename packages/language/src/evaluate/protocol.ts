/** Which tokens of a text are scored, after how many others: figures of two protocols are not comparable. */
import { ArgumentError } from '@espalier/tensor';

/**
 * How perplexity is measured. `p1`, as llama.cpp does it: windows of 512 tokens that do not overlap, of which the second half is
 * scored; where a model begins texts with a token, that takes the place of the first one of each window. `p2`, as papers do it:
 * windows of 2,048 tokens, of which all but the first are scored. What is left at the end and fills no window is not looked at.
 */
export type Protocol = 'p1' | 'p2';

interface Rules {
  readonly chunk: number;
  /** From which position of a window on the next token is scored. */
  readonly first: (chunk: number) => number;
  /** Whether each window begins as a text does. */
  readonly begins: boolean;
}

const rules: Readonly<Record<Protocol, Rules>> = {
  p1: { chunk: 512, first: (chunk) => Math.floor(chunk / 2), begins: true },
  p2: { chunk: 2048, first: () => 0, begins: false },
};

/** The protocols, each with the tokens of its windows. */
export const protocols: Readonly<Record<Protocol, number>> = { p1: rules.p1.chunk, p2: rules.p2.chunk };

/** A protocol with its sizes. */
export interface Scored {
  readonly protocol: Protocol;
  /** Tokens of a window. */
  readonly chunk: number;
  /** The first position whose next token is scored; the last one is the one before the window's last. */
  readonly first: number;
  /** How many are scored of a window. */
  readonly count: number;
  readonly begins: boolean;
}

/** The fewest tokens of a window: two of them are scored. */
const fewest = 4;

/**
 * What is scored.
 * @throws {ArgumentError} for windows of fewer than four tokens.
 */
export function scoredBy(operation: string, protocol: Protocol, given: number | undefined): Scored {
  const { chunk: usual, first, begins } = rules[protocol];
  const chunk = given ?? usual;
  if (chunk < fewest) throw new ArgumentError(operation, `chunk is ${chunk}; give windows of ${fewest} tokens or more`);
  return { protocol, chunk, first: first(chunk), count: chunk - 1 - first(chunk), begins };
}
