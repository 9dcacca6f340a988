/** How memory that is stated is shared out, and which tables are too large for it. */
import { statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { UsageError } from '../../errors.ts';

/** What the program and its two workers take at most beside streams, in bytes: most of it where models are made smaller. */
const programBytes = 896 * 2 ** 20;

/** Streams that may hold examples at the same time: of training and of the test, in each of two workers. */
const streams = 4;

/** A table in memory takes so many times what its file takes, its texts and its examples included. */
const timesItsFile = 8;

/** The part of a machine's memory that a run takes, if nobody says how much. */
const usualShare = 1 / 4;

/** What a run may take, if nobody says how much. */
export function usualMemory(): number {
  return Math.floor(totalmem() * usualShare);
}

/** Files of lines, which are read by parts; others are read as a whole. */
const streamed = /\.(?:csv|tsv|tab)$/iu;

/** Bytes that a table takes as a whole. */
export const wholeTable = (file: string): number => statSync(file).size * timesItsFile;

/** Whether a table is to be streamed: as a whole it would take more than the memory. */
export function isLarger(file: string, memory: number): boolean {
  return streamed.test(file) && wholeTable(file) > memory;
}

/**
 * The bytes that each stream may hold.
 * @param whole bytes of all at once, where that is another way
 * @throws {UsageError} with the least memory that works, of a stream or of all at once, where a stream could not hold its parts.
 */
export function memoryOfStream(file: string, memory: number, least: number, whole: number = Infinity): number {
  const own = Math.floor((memory - programBytes) / streams);
  if (own >= least) return own;
  // What is small enough is not streamed.
  const needed = Math.ceil(Math.min(programBytes + streams * least, whole) / 2 ** 20);
  throw new UsageError(
    `${file}: ${Math.floor(memory / 2 ** 20)} MiB of memory are too few to stream it: give at least --memory ${needed}MiB`,
  );
}
