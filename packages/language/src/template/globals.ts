/** What templates know without being told. */
import { TemplateError } from '../errors.ts';
import type { TemplateEnvironment } from './jinja.ts';

/** Numbers that `range` gives at most. */
const mostNumbers = 2 ** 16;

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** Letters of a format of dates. Source: Python's `strftime`. */
const letters: Readonly<Record<string, (date: Date) => string>> = {
  A: (date) => days[date.getDay()] as string,
  B: (date) => months[date.getMonth()] as string,
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  Y: (date) => String(date.getFullYear()).padStart(4, '0'),
  a: (date) => (days[date.getDay()] as string).slice(0, 3),
  b: (date) => (months[date.getMonth()] as string).slice(0, 3),
  d: (date) => two(date.getDate()),
  m: (date) => two(date.getMonth() + 1),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  y: (date) => two(date.getFullYear() % 100),
  '%': () => '%',
};

/** Puts them into an environment. */
export function putGlobals(environment: TemplateEnvironment, name: string, now: Date): void {
  const range = (...args: readonly unknown[]): readonly number[] => {
    const [first = 0, second, step = 1] = args.map(Number);
    const [from, to] = second === undefined ? [0, first] : [first, second];
    const count = Math.max(0, Math.ceil((to - from) / step));
    if (!(count <= mostNumbers)) throw new TemplateError(name, `asks for a range of more than ${mostNumbers} numbers`);
    return Array.from({ length: count }, (_, index) => from + index * step);
  };
  const globals: Readonly<Record<string, unknown>> = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (problem: unknown) => {
      throw new TemplateError(name, `refuses the messages: ${String(problem).slice(0, 400)}`);
    },
    strftime_now: (format: unknown) =>
      String(format).replaceAll(/%(.)/gu, (whole, letter: string) => letters[letter]?.(now) ?? whole),
  };
  for (const [key, value] of Object.entries(globals)) environment.set(key, value);
}
