/** From a kernel spec to a program: one rule for each kind of spec. */
import type { KernelSpec } from '../../kernel/spec.ts';
import { attentionPrograms } from './attention/provided.ts';
import { acceptsConv2d, conv2dCalls } from './conv/conv2d.ts';
import { acceptsCustom, customCalls } from './custom.ts';
import { encodedPrograms } from './encoded/provided.ts';
import type { Calls, Engine } from './engine.ts';
import { acceptsMatmul } from './gemm/matmul.ts';
import { productCalls, productScratch, productTail } from './gemm/split-depth.ts';
import { mapCalls } from './looked-up.ts';
import type { Program } from './program/program.ts';
import { scanCalls } from './scan.ts';
import { scatterAddCalls } from './scatter-add.ts';
import { sortCalls } from './sort/sort.ts';

type Rules = {
  readonly [K in KernelSpec['kind']]: {
    readonly accepts: (spec: Extract<KernelSpec, { kind: K }>) => boolean;
    readonly calls: (spec: Extract<KernelSpec, { kind: K }>, engine: Engine) => Calls;
    /** Bytes of each piece of memory that the program works in; absent: none. */
    readonly scratch?: (spec: Extract<KernelSpec, { kind: K }>) => readonly number[];
    /** What one thread does when all units are done, with what they left in those pieces; absent: nothing. */
    readonly tail?: (spec: Extract<KernelSpec, { kind: K }>) => ((engine: Engine) => Calls) | undefined;
  };
};

const always = (): boolean => true;

const rules: Rules = {
  loop: { accepts: always, calls: mapCalls },
  matmul: { accepts: acceptsMatmul, calls: productCalls, scratch: productScratch, tail: productTail },
  'encoded-matmul': encodedPrograms,
  conv2d: { accepts: acceptsConv2d, calls: conv2dCalls },
  attention: attentionPrograms.forward,
  'attention-gradient': attentionPrograms.gradient,
  scan: { accepts: always, calls: scanCalls },
  sort: { accepts: always, calls: sortCalls },
  'scatter-add': { accepts: always, calls: scatterAddCalls },
  custom: { accepts: acceptsCustom, calls: customCalls, scratch: ({ scratch = [] }) => scratch },
};

/** Whether there is a program for `spec`. */
export function acceptsSpec(spec: KernelSpec): boolean {
  const accepts = rules[spec.kind].accepts as (spec: KernelSpec) => boolean;
  return accepts(spec);
}

/** Makes the program of `spec`. */
export function compile(spec: KernelSpec, engine: Engine): Program {
  const calls = rules[spec.kind].calls as (spec: KernelSpec, engine: Engine) => Calls;
  return engine.record(() => calls(spec, engine));
}

/** Makes the program that follows that of `spec`, if there is one. */
export function compileTail(spec: KernelSpec, engine: Engine): Program | undefined {
  const rule = rules[spec.kind].tail as ((spec: KernelSpec) => ((engine: Engine) => Calls) | undefined) | undefined;
  const tail = rule?.(spec);
  return tail && engine.record(() => tail(engine));
}

/** Bytes of each piece of memory that the program of `spec` works in: they are bound after its bindings. */
export function scratchOf(spec: KernelSpec): readonly number[] {
  const rule = rules[spec.kind].scratch as ((spec: KernelSpec) => readonly number[]) | undefined;
  return rule?.(spec) ?? [];
}
