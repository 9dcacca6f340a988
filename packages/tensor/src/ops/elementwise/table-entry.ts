/** What tests know of an element-wise op: how to call it, and the domain on which it is drawn. */
import type { Case, Chooser, OpEntry, Values } from '../domain.ts';
import type { ElementwiseEntry } from './define.ts';

/** A case: one operand has a shape of its own, of several each second one broadcasts against the others. */
function draw(entry: ElementwiseEntry, choose: Chooser, values: readonly Values[], floatsOnly: boolean): Case {
  const { arity } = entry.op;
  const dtype = choose.dtype(floatsOnly ? ['float'] : entry.kinds);
  const shapes = arity > 1 ? choose.broadcastable() : [choose.shape()];
  return {
    inputs: Array.from({ length: arity }, (_, index) => ({
      shape: shapes[index % shapes.length] as number[],
      dtype,
      values: values[index] as Values,
    })),
    attributes: entry.attributes ? choose.pick(entry.attributes) : {},
  };
}

/** The entry of the public table for an element-wise op that is called by `run`. */
export function tableEntry(name: string, entry: ElementwiseEntry, run: OpEntry['run']): OpEntry {
  const { smooth } = entry;
  return {
    name,
    family: 'elementwise',
    summary: entry.summary,
    run,
    domain: (choose) => draw(entry, choose, entry.values, false),
    ...(smooth && { smooth: (choose: Chooser) => draw(entry, choose, smooth, true) }),
    tolerance: { ulps: entry.ulps, ...(entry.absolute !== undefined && { absolute: entry.absolute }) },
  };
}
