/**
 * Plans a step in a process that has planned nothing yet, and prints milliseconds of processor time: `bench:planning` starts it with the
 * number of layers, and the folder of plans where it is to have one.
 */
import { planFolder } from '@espalier/nn/node';
import { configure, planReport } from '@espalier/tensor';
import { gptStep, planningSizes } from './gpt-step.ts';

const [layers, folder] = process.argv.slice(2);
if (folder !== undefined) configure({ plans: planFolder(folder) });
const { step, inputs } = gptStep({ ...planningSizes, depth: Number(layers) });
const start = process.cpuUsage();
planReport(step, ...inputs);
const { user, system } = process.cpuUsage(start);
console.log((user + system) / 1000);
