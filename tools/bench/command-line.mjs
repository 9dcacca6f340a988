// What the command lines of the benchmarks have in common.
import { parseArgs } from 'node:util';

/**
 * A benchmark's command line. Whatever is wrong with it is said in one line, with what would be right, and ends the
 * program.
 *
 * @param {string} program as npm runs it: `bench:search`
 * @param {Readonly<Record<string, string | undefined>>} defaults of its options, by name; undefined: none
 * @param {{ readonly what: string, readonly names: readonly string[] }} [known] the words that it takes, and what they
 *   are; all are meant when none is given
 */
export function commandLine(program, defaults, known = { what: 'word', names: [] }) {
  /** @type {(problem: string) => never} */
  const refuse = (problem) => {
    console.error(`${program}: ${problem}`);
    process.exit(2);
  };
  /** @type {(what: string, name: string, names: readonly string[]) => void} */
  const check = (what, name, names) => {
    if (!names.includes(name)) refuse(`there is no ${what} '${name}'; choose from ${names.join(', ')}`);
  };
  const options = Object.fromEntries(
    Object.keys(defaults).map((name) => [name, /** @type {const} */ ({ type: 'string' })]),
  );
  const { values, positionals, tokens } = parseArgs({ options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    check(
      'option',
      token.rawName,
      Object.keys(defaults).map((name) => `--${name}`),
    );
    if (token.value === undefined) refuse(`${token.rawName} has no value: give one behind it`);
  }
  for (const word of positionals) {
    if (known.names.length === 0) refuse(`'${word}' is one word too many: give options only`);
    check(known.what, word, known.names);
  }
  /** @type {(name: string) => string | undefined} */
  const option = (name) => /** @type {string | undefined} */ (values[name]) ?? defaults[name];
  return {
    option,
    refuse,
    check,
    words: positionals.length > 0 ? positionals : known.names,
    /** @type {(name: string) => readonly number[] | undefined} The whole numbers from 1 that an option lists, if it is there. */
    wholeNumbers: (name) => {
      const text = option(name);
      const numbers = text?.split(',').map(Number);
      const right = numbers === undefined || numbers.every((number) => Number.isSafeInteger(number) && number > 0);
      return right ? numbers : refuse(`--${name} is ${text}: give whole numbers from 1`);
    },
  };
}
