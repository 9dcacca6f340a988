/**
 * Evaluates a template that somebody else wrote, within limits: how many parts are evaluated, how long texts and lists are, and
 * how much is made in all. What makes more of a text than it is given (`replace`, `join`, `indent`, `tojson`) is looked at before
 * it is done. Where the library does otherwise than Python, for which templates are written, it is done here.
 */
import { TemplateError } from '../errors.ts';
import { Interpreter, textValue, type TemplateEnvironment, type TemplateNode, type TemplateValue } from './jinja.ts';
import { isStrip, pythonText, stripped } from './python.ts';

/** Parts that are evaluated. */
const mostSteps = 2 ** 20;
/** Parts that a turn of a loop counts as, which takes as long. */
const turn = 16;
/** Characters of a text, and values in a list and in those within it. */
const mostSize = 2 ** 23;
/** Characters and values that are made in all. */
const mostMade = 2 ** 26;
/** What may come of a text, as the product of all sizes. */
const mostGrown = 2 ** 26;

/** A part that was evaluated before what it stands in. */
interface Evaluated extends TemplateNode {
  readonly type: 'Evaluated';
  readonly value: TemplateValue;
}

interface Called extends TemplateNode {
  readonly callee: TemplateNode & { readonly object?: TemplateNode; readonly property?: TemplateNode };
  readonly args: readonly TemplateNode[];
}
interface Filtered extends TemplateNode {
  readonly operand: TemplateNode;
  readonly filter: TemplateNode;
}
interface Loop extends TemplateNode {
  readonly iterable: TemplateNode;
}
interface Selection extends TemplateNode {
  readonly lhs: TemplateNode;
}
interface Named extends TemplateNode {
  readonly value: string;
}
interface KeywordArgument extends TemplateNode {
  readonly value: TemplateNode;
}

/** What makes more of a text than it is given. */
const growing: ReadonlySet<string> = new Set(['indent', 'join', 'replace', 'tojson']);
/** Whose results are new: the others are parts of what is there. */
const making: ReadonlySet<string> = new Set(['BinaryExpression', 'CallExpression', 'FilterExpression']);

/** An interpreter with limits. */
export class LimitedInterpreter extends Interpreter {
  readonly #name: string;
  readonly #sizes = new WeakMap<object, number>();
  #steps = 0;
  #made = 0;

  constructor(environment: TemplateEnvironment, name: string) {
    super(environment);
    this.#name = name;
  }

  override evaluate(node: TemplateNode | undefined, environment: TemplateEnvironment): TemplateValue {
    if (node?.type === 'Evaluated') return (node as Evaluated).value;
    this.#step(1);
    const checked = node && this.#checked(node, environment);
    const value = checked?.type === 'Evaluated' ? (checked as Evaluated).value : super.evaluate(checked, environment);
    const size = this.#sizeOf(value);
    if (size > mostSize) this.#refuse(`makes a value of more than ${mostSize} characters`);
    if (node && making.has(node.type)) this.#made += shallow(value);
    if (this.#made > mostMade) this.#refuse(`makes more than ${mostMade} characters in all`);
    return value;
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps > mostSteps) this.#refuse(`evaluates more than ${mostSteps} parts; it may go on for ever`);
  }

  /** The same part, with what a growing one is given evaluated, and found to be little enough. */
  #checked(node: TemplateNode, environment: TemplateEnvironment): TemplateNode {
    const early = (part: TemplateNode): Evaluated => ({ type: 'Evaluated', value: this.evaluate(part, environment) });
    const argument = (part: TemplateNode): TemplateNode => {
      if (part.type === 'SpreadExpression') return this.#refuse('gives a list of arguments to what may grow');
      return part.type === 'KeywordArgumentExpression'
        ? ({ ...part, value: early((part as KeywordArgument).value) } as KeywordArgument)
        : early(part);
    };
    if (node.type === 'FilterExpression') {
      const { operand, filter } = node as Filtered;
      if (nameOf(filter) === 'string') {
        const value = this.evaluate(operand, environment);
        return { type: 'Evaluated', value: textValue(pythonText(value)) } as Evaluated;
      }
      if (!growing.has(nameOf(filter))) return node;
      const given = early(operand);
      const args = filter.type === 'CallExpression' ? (filter as Called).args.map(argument) : [];
      this.#checkGrowth([given, ...args]);
      const called = filter.type === 'CallExpression' ? { ...filter, args } : filter;
      return { ...node, operand: given, filter: called } as TemplateNode;
    }
    if (node.type === 'For') return this.#checkedLoop(node as Loop, early);
    if (node.type !== 'CallExpression') return node;
    const { callee, args } = node as Called;
    if (callee.type !== 'MemberExpression' || !callee.object) return node;
    if (isStrip(nameOf(callee.property)) && args.length === 1) return this.#stripped(node as Called, early);
    if (!growing.has(nameOf(callee.property))) return node;
    const object = early(callee.object);
    const given = args.map(argument);
    this.#checkGrowth([object, ...given]);
    return { ...node, callee: { ...callee, object }, args: given } as TemplateNode;
  }

  /** The library strips white space, whatever is asked for. */
  #stripped(node: Called, early: (part: TemplateNode) => Evaluated): TemplateNode {
    const { callee, args } = node;
    const [object, characters] = [callee.object as TemplateNode, args[0] as TemplateNode].map(early) as [
      Evaluated,
      Evaluated,
    ];
    const [text, some] = [object.value.value, characters.value.value];
    if (typeof text !== 'string' || typeof some !== 'string')
      return { ...node, callee: { ...callee, object }, args: [characters] } as Called;
    return { type: 'Evaluated', value: textValue(stripped(text, nameOf(callee.property), some)) } as Evaluated;
  }

  /** Turns are counted before the first one: a loop over many values may have nothing in it. */
  #checkedLoop(node: Loop, early: (part: TemplateNode) => Evaluated): TemplateNode {
    const { iterable } = node;
    const isSelection = iterable.type === 'SelectExpression';
    const values = early(isSelection ? (iterable as Selection).lhs : iterable);
    this.#step(turn * shallow(values.value));
    return { ...node, iterable: isSelection ? ({ ...iterable, lhs: values } as Selection) : values } as Loop;
  }

  #checkGrowth(parts: readonly TemplateNode[]): void {
    let most = 1;
    for (const part of parts) {
      const inner = part.type === 'KeywordArgumentExpression' ? (part as KeywordArgument).value : part;
      const { value } = inner as Evaluated;
      most *= 1 + (typeof value.value === 'number' ? Math.abs(value.value) : this.#sizeOf(value));
    }
    if (most > mostGrown) this.#refuse(`makes a value of more than ${mostSize} characters`);
  }

  /** Characters of a text, values in a list, an object, and those within. */
  #sizeOf(value: TemplateValue | undefined): number {
    const inner = value?.value;
    if (typeof inner === 'string') return inner.length;
    if (!Array.isArray(inner) && !(inner instanceof Map)) return 1;
    const known = this.#sizes.get(inner);
    if (known !== undefined) return known;
    let size = 1;
    for (const each of inner.values() as Iterable<TemplateValue>) size += this.#sizeOf(each);
    this.#sizes.set(inner, size);
    return size;
  }

  #refuse(problem: string): never {
    throw new TemplateError(this.#name, problem);
  }
}

/** The name of a filter or a property. */
function nameOf(part: TemplateNode | undefined): string {
  const callee = part?.type === 'CallExpression' ? (part as Called).callee : part;
  const { value } = (callee ?? {}) as Partial<Named>;
  return typeof value === 'string' ? value : '';
}

function shallow({ value }: TemplateValue): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Map) return value.size;
  return Array.isArray(value) ? value.length : 1;
}
