/** All operators that there are, by domain, name and version. */
import type { Operator } from '../run/operator.ts';
import { arithmeticOperators } from './arithmetic.ts';
import { attentionOperators } from './attention.ts';
import { bitOperators } from './bits.ts';
import { functionOperators } from './functions.ts';
import { reductionOperators } from './reductions.ts';
import { convolutionOperators } from './convolutions.ts';
import { matrixOperators } from './matrices.ts';
import { normalizationOperators } from './normalizations.ts';
import { poolingOperators } from './pooling.ts';
import { choiceOperators } from './choices.ts';
import { generatorOperators } from './generators.ts';
import { indexingOperators } from './indexing.ts';
import { sequenceOperators } from './sequences.ts';
import { lossOperators } from './losses.ts';
import { resizeOperators } from './resize.ts';
import { recurrentOperators } from './recurrent.ts';
import { quantizedOperators } from './quantized.ts';
import { samplingOperators } from './sampling.ts';
import { detectionOperators } from './detection.ts';
import { signalOperators } from './signal.ts';
import { stateOperators } from './states.ts';
import { textOperators } from './texts.ts';
import { shapeOperators } from './shapes.ts';

const families = [
  arithmeticOperators,
  functionOperators,
  reductionOperators,
  shapeOperators,
  convolutionOperators,
  poolingOperators,
  matrixOperators,
  normalizationOperators,
  choiceOperators,
  generatorOperators,
  indexingOperators,
  sequenceOperators,
  textOperators,
  signalOperators,
  detectionOperators,
  samplingOperators,
  quantizedOperators,
  recurrentOperators,
  resizeOperators,
  lossOperators,
  attentionOperators,
  stateOperators,
  bitOperators,
];

let table: Map<string, Operator[]> | undefined;

function allOperators(): Map<string, Operator[]> {
  if (table) return table;
  table = new Map();
  for (const each of families.flat()) {
    const key = `${each.domain ?? ''}::${each.type}`;
    table.set(key, [...(table.get(key) ?? []), each]);
  }
  return table;
}

/** The operator of a name, as a version of its domain has it; undefined where there is none. */
export function findOperator(domain: string, type: string, version: number): Operator | undefined {
  return allOperators()
    .get(`${domain}::${type}`)
    ?.filter(({ since = 1 }) => since <= version)
    .toSorted((a, b) => (b.since ?? 1) - (a.since ?? 1))[0];
}

/** The names of all operators, with their domains where it is not that of ONNX. */
export function operatorNames(): string[] {
  return [...allOperators().keys()].map((key) => key.replace(/^::/, '')).toSorted();
}
