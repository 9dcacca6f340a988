import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStudy, float, space } from '@espalier/search';
import { csv } from '../../src/study/csv.ts';
import { renderTable } from '../../src/terminal/table.ts';
import { asAsked, jsonLine, messageLine, printable, shown, visible, visibleLine } from '../../src/terminal/visible.ts';
import { FakeStream } from '../helpers/fake-stream.ts';
import { html } from '../../src/report/html/markup.ts';

/** What no text may bring to a terminal: controls, and what turns or hides the characters around it. */
const harmful = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

describe('what is shown is data', () => {
  test.each([
    ['\u001B[2J\u001B[31mred', '\\u001b[2J\\u001b[31mred'],
    ['\u001B]0;title\u0007', '\\u001b]0;title\\u0007'],
    ['a\rb', 'a\\u000db'],
    ['\u009B31m', '\\u009b31m'],
    ['abc\u202Egpj.exe', 'abc\\u202egpj.exe'],
    ['\u2066x\u2069', '\\u2066x\\u2069'],
    ['zero\u200Bwidth', 'zero\\u200bwidth'],
    ['\u{E0041}', '\\u{e0041}'],
    ['\uD800', '\\ud800'],
    ['Größe 模型 🙂 a\tb\nc', 'Größe 模型 🙂 a\tb\nc'],
    ['postgres://me:pw@host/db', 'postgres://me@host/db'],
  ])('%j as %j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  test('but to the letter where no terminal is, if it was asked for', () => {
    const text = '👨\u200D👩\u200D👧 می\u200Cخواهم \u001B[2J';
    expect(asAsked(text, new FakeStream())).toBe(text);
    expect(asAsked(text, new FakeStream({ isTTY: true }))).not.toMatch(harmful);
  });

  test('whatever it is, on a line of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleLine(text)).not.toMatch(harmful);
        expect(messageLine(text)).not.toMatch(harmful);
        const line = jsonLine({ [text]: text });
        expect(line).not.toMatch(harmful);
        expect(Object.keys(JSON.parse(line) as object)).toHaveLength(1);
        const stream = new FakeStream({ isTTY: false });
        expect(renderTable([{ heading: text }], [[text]], stream).split('\n')).toHaveLength(3);
        expect(
          printable(text, new FakeStream({ isTTY: true }))
            .split('\u001B[')
            .map((part) => part.replace(/^[0-9;]*m/u, ''))
            .join('')
            .replaceAll(/[\n\t]/gu, ''),
        ).not.toMatch(harmful);
        expect(html`${text}`.markup.replaceAll(/[\n\t]/gu, '')).not.toMatch(harmful);
      }),
      { numRuns: 300 },
    );
  });

  test('JSON is the value it was of, but for passwords', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonLine({ value }))).toEqual(JSON.parse(JSON.stringify({ value })));
      }),
    );
  });

  test('a message is one line of reasonable length, and keeps both its ends', () => {
    const long = 'x'.repeat(100_000);
    for (const text of [
      `'${long}' is no number: give one`,
      `--trials ${long}: give one`,
      `a ${'b '.repeat(50_000)}: give one`,
    ]) {
      const line = messageLine(text);
      expect(line.length).toBeLessThan(2100);
      expect(line).toMatch(/: give one$/u);
      expect(line.slice(0, 2)).toBe(text.slice(0, 2));
    }
    expect(shown(long).length).toBeLessThan(100);
    expect(messageLine('a\n  b\n\nc')).toBe('a b c');
  });
});

describe('CSV', () => {
  const exported = async (message: string, raw: boolean): Promise<readonly string[]> => {
    await using study = await createStudy({
      name: 's',
      space: space({ '=x': float(-1, -0.5) }),
      objectives: ['minimize a'],
    });
    const { TrialFailure } = await import('@espalier/search');
    await study.tell(await study.ask(), new TrialFailure('crash', message));
    await study.tell(await study.ask(), { a: -3 });
    return csv(study, raw).split('\r\n');
  };

  test.each([
    ['=1+1', "'=1+1"],
    ['+cmd', "'+cmd"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', `"'\t=1"`],
    ['\r=1', String.raw`'\u000d=1`],
    ['a\r\nb', '"a\nb"'],
    ['\u001B[2Jgone', String.raw`\u001b[2Jgone`],
    ['=1\u001B]8;;file:', String.raw`"'=1\u001b]8;;file:"`],
    ['\u202Eabc', String.raw`\u202eabc`],
    ['=HYPERLINK("x";"y")', `"'=HYPERLINK(""x"";""y"")"`],
    ['a;=1', '"a;=1"'],
    ['-5', '-5'],
    ['+1e3', '+1e3'],
    ['plain, text', '"plain, text"'],
  ])('shows the text %j as %s, and as it is with --raw', async (message, expected) => {
    const [head, failed, complete] = await exported(message, false);
    expect(head).toMatch(/,'=x$/u);
    expect(failed).toContain(`,${expected},-`);
    expect(complete).toMatch(/^1,complete,-3,/u);
    const raw = (await exported(message, true)).join('\r\n');
    expect(raw).toMatch(/^number,state,a,seconds,finished,operator,failure,=x\r\n/u);
    expect(raw).toContain(message.replaceAll('"', '""'));
    expect(raw).not.toContain("'");
  });
});
