/** What tells one recording of a compiled function from another: the tensors among its arguments, and all other values. */
import { ArgumentError } from '../errors.ts';
import { distinctLengths, type Node } from '../graph/node.ts';
import { isMadeOfTensors, isPlain } from '../runtime/structure.ts';
import { TensorHandle } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';

/** Arguments as a recording sees them. */
export interface Signature {
  /** The tensors in arrays, plain objects and objects made of tensors, each once, in order; then lengths that they have. */
  readonly tensors: Tensor[];
  /** Those among them that are no arguments but lengths of arguments; to be disposed after the call. */
  readonly lengths: readonly Tensor[];
  /** Equal for arguments that one recording serves. */
  readonly form: string;
}

/**
 * The signature of arguments. Tensors count by type and device, other values by what they are: numbers by the bit, functions by
 * identity, objects of classes by identity and by what their fields hold, since a step may have read those.
 */
export function signatureOf(args: readonly unknown[]): Signature {
  const numbers = new Map<Tensor, number>();
  const open = new Set<object>();
  const inside = (object: object, parts: () => Iterable<string>): string => {
    open.add(object);
    const text = [...parts()].join();
    open.delete(object);
    return text;
  };
  const fields = (object: object, each: (value: unknown) => string): string =>
    inside(object, () => Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}:${each(value)}`));

  /** Of what a step cannot look into for tensors: those there are captured. */
  const opaque = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return primitive(value);
    if (open.has(value)) return `^${identityOf(value)}`;
    if (value instanceof TensorHandle) return identityOf(value);
    if (value instanceof Date) return `date ${value.getTime()}`;
    if (value instanceof Map || value instanceof Set)
      return `${identityOf(value)}(${inside(value, () => [...value.entries()].flat().map(opaque))})`;
    if (Array.isArray(value)) return `[${inside(value, () => value.map(opaque))}]`;
    return `${isPlain(value) || ArrayBuffer.isView(value) ? '' : identityOf(value)}{${fields(value, opaque)}}`;
  };
  const seen = (value: unknown): string => {
    if (value instanceof TensorHandle) {
      const tensor = value as Tensor;
      const known = numbers.get(tensor);
      if (known !== undefined) return `=${known}`;
      numbers.set(tensor, numbers.size);
      return `${tensor.dtype}[${tensor.shape.join()}]${tensor.requiresGrad ? '∂' : ''}@${identityOf(tensor.device)}`;
    }
    if (isMadeOfTensors(value)) {
      const { tensors, rest } = value.tensorParts();
      return `${identityOf(rest[0])}${rest[1]}{${fields(tensors, seen)}}`;
    }
    const isList = Array.isArray(value);
    if (!isList && !isPlain(value)) return opaque(value);
    if (open.has(value)) throw new ArgumentError('compile', 'an argument contains itself; give the step its parts');
    return isList ? `[${inside(value, () => value.map(seen))}]` : `{${fields(value, seen)}}`;
  };
  const form = seen(args);
  const tensors = [...numbers.keys()];
  const bounded = tensors.filter(({ boundNode }) => boundNode?.lengths);
  if (bounded.length === 0) return { tensors, lengths: [], form };
  const byNode = new Map(tensors.toReversed().map((tensor) => [tensor.boundNode as Node, tensor]));
  const lengths = [...new Set(bounded.flatMap(({ boundNode }) => [...distinctLengths(boundNode?.lengths)]))]
    .filter((length) => !byNode.has(length))
    .map(wrap);
  for (const length of lengths) byNode.set(length.boundNode as Node, length);
  tensors.push(...lengths);
  const numberOf = (length: Node | undefined): string =>
    length ? `${tensors.indexOf(byNode.get(length) as Tensor)}` : '';
  const ends = bounded.map((tensor) => `${numbers.get(tensor)}≤${tensor.boundNode?.lengths?.map(numberOf).join()}`);
  return { tensors, lengths, form: `${form}|${ends.join(';')}` };
}

function primitive(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return identityOf(value);
    case 'symbol':
      return symbolName(value);
    default:
      return String(value);
  }
}

const identities = new WeakMap<object, string>();
let identified = 0;

/** A name of an object or function that no other has. */
function identityOf(value: object): string {
  const known = identities.get(value);
  if (known !== undefined) return known;
  const name = `#${++identified}`;
  identities.set(value, name);
  return name;
}

/** Symbols are no keys of weak maps in every host; there are few of them. */
const symbols = new Map<symbol, string>();

function symbolName(value: symbol): string {
  const name = symbols.get(value) ?? `$${symbols.size}`;
  symbols.set(value, name);
  return name;
}
