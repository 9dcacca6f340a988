/** Products with encoded matrices: one rule for each layout that this device computes from. */
import { RecentlyUsed } from '../../../cache/recently-used.ts';
import type { EncodedLayout, EncodedMatmulSpec, Limit } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';
import { rowsOfResult } from './decoded-product.ts';
import { bitmaskRule } from './bitmask.ts';
import { blocksRule } from './blocks.ts';
import { codebookRule } from './codebook.ts';
import { encodedCosts } from './costs.ts';
import { csrRule } from './csr.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { int4Rule } from './int4.ts';
import { int8Rule } from './int8.ts';
import { nOfMRule } from './n-of-m.ts';
import { provideEncodedPrograms } from './provided.ts';
import { sizesOf } from './rows-of-x.ts';

const rules: Readonly<Record<EncodedLayout, EncodedRule>> = {
  bitmask: bitmaskRule,
  blocks: blocksRule,
  codebook: codebookRule,
  csr: csrRule,
  int4: int4Rule,
  int8: int8Rule,
  'n-of-m': nOfMRule,
};

/** Nothing is summed, or there is no result. */
function zeros(spec: EncodedMatmulSpec, engine: Engine): Program {
  const { at } = rowsOfResult(spec, engine);
  return () => void engine.memory.view('f32', at(), spec.m * sizesOf(spec).width).fill(0);
}

/** Numbers of rows whose programs are kept, those met last. */
const mostKept = 16;

/** A product of as many rows of x as there are when it runs. How it is computed depends on them: each has a program. */
function limitedProgram(spec: EncodedMatmulSpec, limits: readonly Limit[], engine: Engine): Program {
  const { limits: _, ...whole } = spec;
  const programs = new RecentlyUsed<Program>(mostKept);
  return () => {
    let { m } = spec;
    for (const { binding, offset } of limits)
      m = Math.min(m, engine.memory.words[(engine.address(binding) >> 2) + offset] as number);
    if (m <= 0) return;
    programs.find(String(m), () => compile({ ...whole, m }, engine))();
  };
}

/** Whether there is a program for `spec`; this device takes no epilogues. */
function accepts(spec: EncodedMatmulSpec): boolean {
  return spec.out?.strides[1] === 1 && rules[spec.layout].accepts(spec);
}

/** The program of a product that is accepted. */
function compile(spec: EncodedMatmulSpec, engine: Engine): Program {
  const { rows, columns, m, limits } = spec;
  if (limits) return limitedProgram(spec, limits, engine);
  if (rows * columns * m === 0) return zeros(spec, engine);
  return rules[spec.layout].compile(spec, engine);
}

provideEncodedPrograms({ accepts, compile, costs: encodedCosts });
