/** The machine's streaming rate of reading, as WebAssembly reaches it: the sum of 64 MiB of f32. */
import {
  f32 as floatOf,
  laneOp,
  memoryOp,
  op,
} from '../../../../packages/tensor/src/devices/cpu/assembler/expression.ts';
import { ModuleBuilder } from '../../../../packages/tensor/src/devices/cpu/assembler/module-builder.ts';
import { webAssembly } from '../../../../packages/tensor/src/devices/cpu/assembler/web-assembly.ts';
import type { Engine, Prepared } from '../problem.ts';
import { streamedBytes } from '../row.ts';

export const description = 'streaming read (sum of f32 in WebAssembly)';

/** Bytes of a page of memory, and of a cache line. */
const [page, line] = [65_536, 64];

/** (address, lines) to the sum of as many cache lines, of which each has four sums of its own. */
function sum(limits: { readonly initial: number; readonly maximum: number }): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ ...limits, shared: false });
  const f = module.function('sum', ['i32', 'i32'], 'f32', true);
  const [address, lines] = f.arguments;
  const sums = [0, 1, 2, 3].map(() => f.local('v128'));
  f.repeat(lines, () => {
    for (const [part, each] of sums.entries())
      f.set(each, op('f32x4.add', each, memoryOp('v128.load', 16 * part, [address])));
    f.increase(address, line);
  });
  const [all, ...others] = sums;
  if (all === undefined) throw new Error('there are no sums');
  for (const each of others) f.set(all, op('f32x4.add', all, each));
  let total = floatOf(0);
  for (let lane = 0; lane < 4; lane++) total = op('f32.add', total, laneOp('f32x4.extract_lane', lane, all));
  f.return(total);
  return module.encode();
}

function read(): Prepared {
  const pages = streamedBytes / page;
  const limits = { initial: pages, maximum: pages };
  const memory = new webAssembly.Memory(limits);
  new Float32Array(memory.buffer as ArrayBuffer).fill(1);
  const instance = new webAssembly.Instance(new webAssembly.Module(sum(limits)), { device: { memory } });
  const { sum: add } = instance.exports as { sum: (address: number, lines: number) => number };
  let found = 0;
  return {
    step: () => {
      found = add(0, streamedBytes / line);
      if (found !== streamedBytes / 4) throw new Error(`the sum is ${found}`);
    },
    results: async () => [found],
  };
}

export const ops: Engine['ops'] = { read };
