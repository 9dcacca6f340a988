/** Values as error messages show them: short, on one line, whatever they are. */

const longestText = 40;
const shownElements = 4;

/** A text on one line and of bounded length, in quotes. */
function quote(text: string): string {
  const whole = JSON.stringify(text.slice(0, longestText));
  return text.length > longestText ? `${whole.slice(0, -1)}…"` : whole;
}

function className(value: object): string {
  try {
    const maker: unknown = (value as { readonly constructor?: unknown }).constructor;
    return typeof maker === 'function' && maker.name !== '' ? maker.name.slice(0, longestText) : 'Object';
  } catch {
    return 'Object';
  }
}

function describeArray(values: readonly unknown[], depth: number): string {
  if (depth === 0) return `an array of ${values.length}`;
  const shown = Array.from(values.slice(0, shownElements), (value) => describeAt(value, depth - 1));
  return `[${shown.join(', ')}${values.length > shownElements ? ', …' : ''}]`;
}

const articleOf = (name: string): string => (/^[AEIOU]/.test(name) ? 'an' : 'a');

function describeObject(value: object, depth: number): string {
  if (Array.isArray(value)) return describeArray(value as readonly unknown[], depth);
  const name = className(value);
  return name === 'Object' ? 'an object' : `${articleOf(name)} ${name}`;
}

function describeAt(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${String(value).slice(0, longestText)}n`;
    case 'string':
      return quote(value);
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : describeObject(value, depth);
    default:
      return String(value);
  }
}

/** A value for an error message, such as `1.5`, `"abc"`, `[1, NaN]` or `a Map`. Never throws. */
export function describe(value: unknown): string {
  try {
    return describeAt(value, 2);
  } catch {
    return 'an object that cannot be read';
  }
}
