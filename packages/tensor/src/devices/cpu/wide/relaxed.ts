/** Relaxed SIMD, which engines may lack. */
import { op } from '../assembler/expression.ts';
import { ModuleBuilder } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';

function validates(): boolean {
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  const f = module.function('probe', ['v128'], 'v128');
  const [x] = [f.argument(0)];
  f.return(op('f32x4.relaxed_madd', x, x, x));
  return webAssembly.validate(module.encode());
}

let known: boolean | undefined;

/** Whether the engine validates relaxed SIMD instructions: it is asked once. */
export function hasRelaxedSimd(): boolean {
  known ??= validates();
  return known;
}
