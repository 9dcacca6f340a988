/** Products with encoded matrices: one rule for each layout that this device computes from. */
import { RecentlyUsed } from '../../../cache/recently-used.ts';
import { isGrouped } from '../../../kernel/activations.ts';
import type { EncodedLayout, EncodedMatmulSpec, Limit } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { procedureCalls } from '../procedure-calls.ts';
import { liveEngine } from '../program/live-engine.ts';
import type { Procedure } from '../program/procedures.ts';
import type { Runner } from '../program/runner.ts';
import { rowsOfResult } from './decoded-product.ts';
import { bitmaskRule } from './bitmask.ts';
import { blocksRule } from './blocks.ts';
import { codebookRule } from './codebook.ts';
import { encodedCosts } from './costs.ts';
import { csrRule } from './csr.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { int4Rule } from './int4.ts';
import { int8Rule } from './int8.ts';
import { intNRule } from './int-n.ts';
import { nOfMRule } from './n-of-m.ts';
import { provideEncodedPrograms, type LimitedEncodedMatmul } from './provided.ts';
import { sizesOf } from './rows-of-x.ts';

const rules: Readonly<Record<EncodedLayout, EncodedRule>> = {
  bitmask: bitmaskRule,
  blocks: blocksRule,
  codebook: codebookRule,
  csr: csrRule,
  int4: int4Rule,
  int8: int8Rule,
  'int-n': intNRule,
  'n-of-m': nOfMRule,
};

/** Nothing is summed, or there is no result. */
function zeros(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { at } = rowsOfResult(spec, engine);
  const fill = fillKernel(engine);
  return () => fill(at(), spec.m * sizesOf(spec).width * 4);
}

/** Numbers of rows whose calls are kept, those met last. */
const mostKept = 16;
/** Up to so many rows of x, another number of them may call for other kernels. */
const fewRows = 8;

/** A product of as many rows of x as there are when it runs, with the workspace of whatever may be called then. */
function limitedCalls(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { limits: _, ...whole } = spec;
  for (let m = 1; m <= Math.min(spec.m, fewRows); m++) calls({ ...whole, m }, engine);
  calls(whole, engine);
  const bindings = spec.bindings.map((_binding, place) => place);
  return procedureCalls(engine, 'limited-encoded-matmul', { spec, memory: engine.memory.limits }, 1, bindings);
}

/** Such a product, driven as it runs. How it is computed depends on the rows: each number of them has calls of its own. */
function limitedProduct(runner: Runner, { spec, memory }: LimitedEncodedMatmul): Procedure {
  const { limits = [], ...whole } = spec;
  const engine = liveEngine(runner, memory);
  const kept = new RecentlyUsed<Calls>(mostKept);
  let met = -1;
  let last: Calls = () => {};
  return () => {
    let { m } = spec;
    for (let at = 0; at < limits.length; at++) {
      const { binding, offset } = limits[at] as Limit;
      m = Math.min(m, engine.wordAt(engine.address(binding) + offset * 4));
    }
    if (m <= 0) return;
    if (met !== m) {
      last = kept.find(String(m), () => calls({ ...whole, m }, engine));
      met = m;
    }
    last();
  };
}

/** Whether there is a program for `spec`; this device takes no epilogues. */
function accepts(spec: EncodedMatmulSpec): boolean {
  const rule = rules[spec.layout];
  if (spec.activations === 'codes' && !rule.takesCodes?.(spec)) return false;
  if (isGrouped(spec.activations) && !rule.takesGroups?.(spec)) return false;
  return spec.out?.strides[1] === 1 && rule.accepts(spec);
}

/** The calls of a product that is accepted. */
function calls(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { rows, columns, m, limits } = spec;
  if (limits) return limitedCalls(spec, engine);
  if (rows * columns * m === 0) return zeros(spec, engine);
  return rules[spec.layout].calls(spec, engine);
}

provideEncodedPrograms({ accepts, calls, limited: limitedProduct, costs: encodedCosts });
