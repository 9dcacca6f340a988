/** Texts on which two tokenizers are compared: characters of all kinds that rules of splitting tell apart, in runs of few. */

/** Each kind of letter, mark, digit, space, sign and what cannot be seen. */
const characters = [
  'a b s t Z T é ß \u01c5 \u02b0 中 \u0627 \u0301 \u{20000} 7 0 \u0663 \u2163 ½',
  `' " . , / ( - _ + < ^ ~ | \` $ € \u{1f642} \u200d \u0001 's 'T 'll 'RE 123 The \u03a3\u0391\u03a3 \u0399\u0301`,
]
  .flatMap((line) => line.split(' '))
  .concat([' ', ' ', ' ', '  ', '\t', '\n', '\r', '\r\n', '\u00a0', '\u3000', '\u2028', ' and']);
const longestRun = 4;

/** So many texts of so many draws each, the same at each call. */
export function probeTexts(count: number, draws: number): readonly string[] {
  let state = 1;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  return Array.from({ length: count }, () => {
    let text = '';
    for (let draw = 0; draw < draws; draw++)
      text += (characters[below(characters.length)] as string).repeat(below(3) === 0 ? 1 + below(longestRun) : 1);
    return text;
  });
}
