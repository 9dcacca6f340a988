/**
 * Reading ahead: pieces of rows that lie far apart come from memory one after the other if each is read where it is needed,
 * and side by side if loads of all of them are begun at once.
 */
import { i32, memoryOp, op } from '../assembler/expression.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';

/** Bytes of a cache line. */
const line = 64;

/** (address, rows, bytes, rowStep): reads from every cache line of `rows` pieces of `bytes`, the result is of no use. */
export const touchKernel: (engine: Engine) => WasmFunction = onceAnEngine((engine) => {
  const { module } = engine.module();
  const f = module.function('touch', ['i32', 'i32', 'i32', 'i32'], 'i32', true);
  const [address, rows, bytes, rowStep] = f.arguments;
  // What nobody asks for is not computed.
  const seen = f.let(i32(0));
  const at = f.local('i32');
  f.repeat(rows, () => {
    f.set(at, address);
    const read = (): void => f.set(seen, op('i32.xor', seen, memoryOp('i32.load8_u', 0, [at])));
    f.repeat(op('i32.div_u', bytes, i32(line)), () => {
      read();
      f.increase(at, line);
    });
    // The last line, where pieces do not begin with one.
    f.set(at, op('i32.add', address, op('i32.sub', bytes, i32(1))));
    read();
    f.increase(address, rowStep);
  });
  f.return(seen);
  const { touch } = engine.instantiate(module) as unknown as { readonly touch: WasmFunction };
  return touch;
});
