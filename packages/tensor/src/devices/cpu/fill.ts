/** Zeros in memory. */
import { i32, op, v128 } from './assembler/expression.ts';
import type { Engine, WasmFunction } from './engine.ts';
import { onceAnEngine } from './once-an-engine.ts';

/** (address, bytes): writes zeros, a multiple of 4 bytes. Compiled once an engine. */
export const fillKernel: (engine: Engine) => WasmFunction = onceAnEngine((engine) => {
  const { module } = engine.module();
  const f = module.function('fill', ['i32', 'i32'], 'none', true);
  const [address, bytes] = f.arguments;
  const zeros = f.let(v128([0, 0, 0, 0]));
  f.repeat(op('i32.shr_u', bytes, i32(4)), () => {
    f.store('v128.store', address, zeros);
    f.increase(address, 16);
  });
  f.repeat(op('i32.and', op('i32.shr_u', bytes, i32(2)), i32(3)), () => {
    f.store('i32.store', address, i32(0));
    f.increase(address, 4);
  });
  return engine.instantiate(module)['fill'] as WasmFunction;
});
