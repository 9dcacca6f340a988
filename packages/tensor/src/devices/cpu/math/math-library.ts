/** Functions that generated modules share: each is added to a module when first used there. */
import { op, call, laneOp, type Callable, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { wordsOfF32, wordsOfF64, type EngineMemory } from '../memory/engine-memory.ts';
import { scalarInstructions } from '../../../scalar/instructions.ts';
import type { HostOperation } from './host-functions.ts';
import { mathFunctions, type MathFunction } from './math-functions.ts';

/** What the body of a library function is written with. */
export interface MathContext {
  readonly f: FunctionBuilder;
  readonly library: MathLibrary;
  /** Vectors with one constant in all lanes. */
  readonly f32: (value: number) => Expression;
  readonly f64: (value: number) => Expression;
  readonly i32: (value: number) => Expression;
}

/** The library functions of one module. */
export class MathLibrary {
  readonly #module: ModuleBuilder;
  readonly #memory: EngineMemory;
  readonly #functions = new Map<MathFunction, Callable>();

  constructor(module: ModuleBuilder, memory: EngineMemory) {
    this.#module = module;
    this.#memory = memory;
  }

  /** A call of the library function `name`. */
  call(name: MathFunction, ...operands: readonly Expression[]): Expression {
    let callee = this.#functions.get(name);
    if (callee === undefined) {
      const { parameters, result, build } = mathFunctions[name];
      const f = this.#module.function(name, parameters, result);
      this.#functions.set(name, f);
      f.return(
        build(
          this.#context(f, (_, value) => value),
          ...f.arguments,
        ),
      );
      callee = f;
    }
    return call(callee, ...operands);
  }

  /** The library function `name` as a part of `f`, which may be a loop: its constants are read where `f` begins. */
  within(f: FunctionBuilder, name: MathFunction, ...operands: readonly Expression[]): Expression {
    const { isInlined, build } = mathFunctions[name];
    if (!isInlined) return this.call(name, ...operands);
    const context = this.#context(f, (key, value) => f.once(key, value));
    return build(context, ...operands.map((operand) => f.let(operand)));
  }

  #context(f: FunctionBuilder, keep: (key: string, value: Expression) => Expression): MathContext {
    return {
      f,
      library: this,
      f32: (value) => keep(`i32x4 ${wordsOfF32(value)}`, this.#memory.splatF32(value)),
      f64: (value) => keep(`f64x2 ${wordsOfF64(value).join()}`, this.#memory.splatF64(value)),
      i32: (value) => keep(`i32x4 ${value | 0}`, this.#memory.splatI32(value)),
    };
  }

  /** A call of the host's f64 function. */
  host(name: HostOperation, ...operands: readonly Expression[]): Expression {
    const parameters = Array.from({ length: scalarInstructions[name].arity }, () => 'f64' as const);
    return call(this.#module.import(name, parameters, 'f64'), ...operands);
  }

  /** The host's f64 function on f32 scalars. */
  hostF32(name: HostOperation, ...operands: readonly Expression[]): Expression {
    return op('f32.demote_f64', this.host(name, ...operands.map((operand) => op('f64.promote_f32', operand))));
  }

  /** A vector function on scalars. */
  callOnScalars(name: MathFunction, ...operands: readonly Expression[]): Expression {
    return laneOp('f32x4.extract_lane', 0, this.call(name, ...operands.map((operand) => op('f32x4.splat', operand))));
  }
}
