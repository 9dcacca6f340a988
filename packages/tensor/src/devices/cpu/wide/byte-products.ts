/** How an engine multiplies vectors of bytes: what relaxed SIMD becomes shows in what it makes of factors past the promised ones. */
import { i32, laneOp, op, v128, type Expression } from '../assembler/expression.ts';
import { memoryImport, ModuleBuilder } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';
import { hasRelaxedSimd } from './relaxed.ts';

/**
 * What is fast: `fours`, four products and a sum are one instruction; `pairs`, two products are, and four take longer than those of i16;
 * `none`.
 */
export type ByteProducts = 'fours' | 'pairs' | 'none';

/** Four times 127 · 255, where two of them that are added up end at the largest i16: processors that add up pairs. */
const ofPairs = 2 * 32767;

function probed(): ByteProducts {
  if (!hasRelaxedSimd()) return 'none';
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  const f = module.function('probe', [], 'i32', true);
  const [codes, counts] = [127, 255].map((byte) => op('i8x16.splat', i32(byte)));
  const products = op(
    'i32x4.relaxed_dot_i8x16_i7x16_add_s',
    codes as Expression,
    counts as Expression,
    v128([0, 0, 0, 0]),
  );
  f.return(laneOp('i32x4.extract_lane', 0, products));
  const memory = new webAssembly.Memory({ initial: 1, maximum: 1 });
  const imports = { [memoryImport.module]: { [memoryImport.name]: memory } };
  const { exports } = new webAssembly.Instance(new webAssembly.Module(module.encode()), imports);
  return (exports['probe'] as () => number)() === ofPairs ? 'pairs' : 'fours';
}

let known: ByteProducts | undefined;

/** What the engine has: it is asked once. */
export function byteProducts(): ByteProducts {
  known ??= probed();
  return known;
}
