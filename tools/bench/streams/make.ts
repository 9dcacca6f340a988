/** The files that are streamed: a table of mixed columns and a text of tokens, both functions of a seed, of any size. */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Tokens are below this. */
export const vocabulary = 512;

/** Bytes that are made before they are written. */
const atOnce = 1 << 22;

/** Random 32-bit numbers, by Marsaglia's xorshift ("Xorshift RNGs", 2003). */
function numbersFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Makes a file whole or not at all; one of the size that is asked for is left as it is. */
function madeWhole(path: string, bytes: number, fill: (write: (piece: Uint8Array) => boolean) => void): void {
  if (existsSync(path) && statSync(path).size === bytes) return;
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(`${path}.part`, 'w');
  let written = 0;
  try {
    fill((piece) => {
      const part = piece.subarray(0, Math.min(piece.length, bytes - written));
      written += writeSync(file, part);
      return written < bytes;
    });
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
}

const towns = ['Aachen', 'Bonn', 'Celle', 'Dresden', 'Emden', 'Fulda', 'Görlitz', 'Halle', 'Ilmenau', 'Jena'];
const roofs = ['flat', 'gable', 'hip', 'mansard', 'shed'];
const remarks = ['"near the lake, quiet"', '"called ""the mill"" by all"', '"two\nlines"', 'plain', ''];

/** The header of the table. */
const header = 'rooms,area,year,distance,noise,slope,town,roof,garden,remark,note,price\n';

/** Writes decimals of an integer: quick, and the same everywhere. */
const decimal = (value: number, scale: number): string => {
  const whole = Math.floor(value / scale);
  return `${whole}.${String(value % scale).padStart(String(scale).length - 1, '0')}`;
};

/** One row: numbers, categories, truth values, texts in quotes; some are missing, and the price follows from the others. */
function row(next: () => number, index: number): string {
  const [drawn, second, third] = [next(), next(), next()];
  const rooms = 1 + (drawn % 9);
  const area = 200 + ((drawn >>> 4) % 2800);
  const year = 1900 + ((drawn >>> 16) % 125);
  const [town, roof] = [second % towns.length, (second >>> 8) % roofs.length];
  const distance = (second >>> 12) % 100_000;
  const garden = (third & 1) === 1;
  const noise = (third >>> 1) % 1000;
  const slope = (third >>> 11) % 4096;
  const price = 40 * area + 3000 * rooms + 90 * (year - 1900) + 2500 * town + (garden ? 9000 : 0) + (next() % 9000);
  const shownYear = (third & 62) === 0 ? '' : String(year);
  const shownRoof = (third & 1984) === 0 ? 'NA' : roofs[roof];
  const remark = remarks[(third >>> 20) % remarks.length];
  return `${rooms},${decimal(area, 10)},${shownYear},${decimal(distance, 1000)},-${noise},${decimal(slope, 100)},${towns[town]},${shownRoof},${garden ? 'true' : 'false'},${remark},row ${index} of ${third},${price}\n`;
}

/** A table of exactly so many bytes. */
export function makeTable(path: string, bytes: number, seed: number): void {
  const next = numbersFrom(seed);
  const encoder = new TextEncoder();
  let [index, written] = [0, 0];
  // The longest row; what is left at the end is filled up by blank lines, which are no rows.
  const longest = 256;
  madeWhole(path, bytes, (write) => {
    let goesOn = true;
    let text = header;
    while (goesOn) {
      while (text.length < atOnce && written + 2 * text.length + longest < bytes) text += row(next, index++);
      const piece = encoder.encode(text);
      const left = bytes - written;
      if (piece.length === 0) {
        goesOn = write(new Uint8Array(Math.min(left, atOnce)).fill(10));
        continue;
      }
      written += piece.length;
      goesOn = write(piece);
      text = '';
    }
  });
}

/** A file of u16 tokens of exactly so many bytes: most follow from the one before, so that there is something to learn. */
export function makeTokens(path: string, bytes: number, seed: number): void {
  const next = numbersFrom(seed);
  let token = 0;
  madeWhole(path, bytes, (write) => {
    const tokens = new Uint16Array(atOnce / 2);
    let goesOn = true;
    while (goesOn) {
      for (let at = 0; at < tokens.length; at++) {
        const drawn = next();
        token = (drawn & 7) === 0 ? (drawn >>> 8) % vocabulary : (token * 5 + 17) % vocabulary;
        tokens[at] = token;
      }
      goesOn = write(new Uint8Array(tokens.buffer));
    }
  });
}

/** Makes a text of lines of a few thousand words. */
export function makeText(path: string, bytes: number, seed: number): void {
  const next = numbersFrom(seed);
  const syllables = ['an', 'be', 'cor', 'di', 'er', 'fo', 'gra', 'hu', 'in', 'jo', 'ka', 'lüm', 'mo', 'ne', 'or', 'pé'];
  const word = (): string =>
    Array.from({ length: 1 + (next() % 3) }, () => syllables[next() % syllables.length]).join('');
  madeWhole(path, bytes, (write) => {
    for (;;) {
      let text = '';
      while (text.length < atOnce / 4) text += `${Array.from({ length: 12 }, word).join(' ')}.\n`;
      if (!write(Buffer.from(text))) return;
    }
  });
}
