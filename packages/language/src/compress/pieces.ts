/** Texts to calibrate on, in pieces that go through a layer at once. */
import { ArgumentError } from '@espalier/tensor';

/** Texts to calibrate on: sequences of ids. Those of one length go through a layer together, so that none is filled up. */
export type CalibrationIds = readonly (readonly number[])[];

/** Sequences of one length. */
export interface Piece {
  readonly sequences: CalibrationIds;
  readonly length: number;
}

/** Tokens whose products are added up in f32, as one goes through a layer with them. */
const tokensAtOnce = 2048;

/**
 * Sequences by their lengths, so many tokens in a piece.
 * @throws {ArgumentError} for a sequence without tokens.
 */
export function piecesOf(ids: CalibrationIds): readonly Piece[] {
  const byLength = new Map<number, (readonly number[])[]>();
  for (const sequence of ids) {
    if (sequence.length === 0) throw new ArgumentError('compressModel', 'a sequence of ids is empty; leave it out');
    const others = byLength.get(sequence.length);
    if (others) others.push(sequence);
    else byLength.set(sequence.length, [sequence]);
  }
  return [...byLength].flatMap(([length, sequences]) => {
    const count = Math.max(1, Math.floor(tokensAtOnce / length));
    const pieces: Piece[] = [];
    for (let at = 0; at < sequences.length; at += count)
      pieces.push({ sequences: sequences.slice(at, at + count), length });
    return pieces;
  });
}
