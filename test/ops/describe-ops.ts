// Derives tests from the op table alone: every op against the reference, every gradient against finite differences.
import { opTable, type Device } from '@espalier/tensor';
import { checkOp, checkOpGradient, type OpCheckOptions } from '@espalier/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const differentiable = opTable.filter(({ smooth }) => smooth !== undefined);

/** Cases drawn for each op where FC_RUNS does not say. */
export interface Effort {
  readonly runs: number;
}

/** One test for each op: the device agrees with the reference on the op's whole domain. */
export function describeOps(name: string, open: () => Promise<Device>, effort: Effort & OpCheckOptions): void {
  describe(`ops on ${name}`, () => {
    let device: Device;
    let cases = 0;
    beforeAll(async () => {
      device = await open();
    });
    afterAll(() => console.log(`${name}: ${opTable.length} ops, ${cases} cases agree with the reference`));
    test.each(opTable)('$name', async (entry) => {
      const report = await checkOp(entry, device, { ...effort, runs: fc.readConfigureGlobal().numRuns ?? effort.runs });
      expect(report.cases).toBeGreaterThan(0);
      cases += report.cases;
    });
  });
}

/** One test for each differentiable op and order of derivative, in f64 on the reference device. */
export function describeGradients(order: 1 | 2, effort: Effort): void {
  const what = order === 1 ? 'gradient' : 'second derivative';
  describe(`order ${order}`, () => {
    let cases = 0;
    afterAll(() => console.log(`${what}: ${differentiable.length} ops, ${cases} cases agree with finite differences`));
    test.each(differentiable)('$name', async (entry) => {
      const report = await checkOpGradient(entry, { order, runs: fc.readConfigureGlobal().numRuns ?? effort.runs });
      expect(report.cases).toBeGreaterThan(0);
      cases += report.cases;
    });
  });
}
