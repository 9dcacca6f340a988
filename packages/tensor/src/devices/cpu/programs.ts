/** From a kernel spec to a program: one rule for each kind of spec. */
import type { KernelSpec } from '../../kernel/spec.ts';
import { acceptsConv2d, conv2dProgram } from './conv/conv2d.ts';
import { acceptsCustom, customProgram } from './custom.ts';
import { encodedPrograms } from './encoded/provided.ts';
import type { Engine, Program } from './engine.ts';
import { acceptsMatmul, matmulProgram } from './gemm/matmul.ts';
import { scanProgram } from './scan.ts';
import { scatterAddProgram } from './scatter-add.ts';
import { sortProgram, sortScratch } from './sort.ts';

type Rules = {
  readonly [K in KernelSpec['kind']]: {
    readonly accepts: (spec: Extract<KernelSpec, { kind: K }>) => boolean;
    readonly compile: (spec: Extract<KernelSpec, { kind: K }>, engine: Engine) => Program;
    /** Bytes of each piece of memory that the program works in; absent: none. */
    readonly scratch?: (spec: Extract<KernelSpec, { kind: K }>) => readonly number[];
  };
};

const always = (): boolean => true;

const rules: Rules = {
  loop: { accepts: always, compile: (spec, engine) => engine.loop(spec) },
  matmul: { accepts: acceptsMatmul, compile: matmulProgram },
  'encoded-matmul': encodedPrograms,
  conv2d: { accepts: acceptsConv2d, compile: conv2dProgram },
  scan: { accepts: always, compile: scanProgram },
  sort: { accepts: always, compile: sortProgram, scratch: sortScratch },
  'scatter-add': { accepts: always, compile: scatterAddProgram },
  custom: { accepts: acceptsCustom, compile: customProgram, scratch: ({ scratch = [] }) => scratch },
};

/** Whether there is a program for `spec`. */
export function acceptsSpec(spec: KernelSpec): boolean {
  const accepts = rules[spec.kind].accepts as (spec: KernelSpec) => boolean;
  return accepts(spec);
}

/** Makes the program of `spec`. */
export function compile(spec: KernelSpec, engine: Engine): Program {
  const rule = rules[spec.kind].compile as (spec: KernelSpec, engine: Engine) => Program;
  return rule(spec, engine);
}

/** Bytes of each piece of memory that the program of `spec` works in: they are bound after its bindings. */
export function scratchOf(spec: KernelSpec): readonly number[] {
  const rule = rules[spec.kind].scratch as ((spec: KernelSpec) => readonly number[]) | undefined;
  return rule?.(spec) ?? [];
}
