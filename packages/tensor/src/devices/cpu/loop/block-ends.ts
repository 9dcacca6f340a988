/** Loops in blocks of rounds, with something to do at the end of each. */
import { i32, op, select, tee, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** The blocks of one loop, and what is done at the end of each. */
export interface BlockEnds {
  readonly rounds: number;
  readonly settle: () => void;
}

/** Runs `body` `count` times, in blocks where that many are more than one. */
export function inBlocks(
  f: FunctionBuilder,
  count: number | Expression,
  blocks: BlockEnds | undefined,
  body: () => void,
): void {
  if (blocks === undefined || (typeof count === 'number' && count <= blocks.rounds)) return f.repeat(count, body);
  if (typeof count !== 'number') return f.if(count, () => writeBlocks(f, count, blocks, body));
  writeBlocks(f, i32(count), blocks, body);
}

function writeBlocks(f: FunctionBuilder, count: Expression, blocks: BlockEnds, body: () => void): void {
  const rounds = i32(blocks.rounds);
  const left = f.let(count);
  f.loop((again) => {
    const now = f.let(select(op('i32.lt_u', left, rounds), left, rounds));
    f.repeat(now, body);
    blocks.settle();
    f.branchIf(again, tee(left, op('i32.sub', left, now)));
  });
}
