/** Who says what, when: one time-stamped line each. */
import { styleText } from 'node:util';

export type Speaker = 'you' | 'assistant' | 'travel agent' | 'bellwire';

const COLOUR = {
  you: 'cyan',
  assistant: 'green',
  'travel agent': 'magenta',
  bellwire: 'yellow',
} as const satisfies Record<Speaker, string>;

const SPEAKER_WIDTH = 'travel agent'.length;

/** Hours to milliseconds in UTC, as in the API's answers. */
export function timeOf(instant: string): string {
  return instant.slice(11, 23);
}

export function say(speaker: Speaker, text: string): void {
  const time = styleText('dim', timeOf(new Date().toISOString()));
  const name = styleText(COLOUR[speaker], speaker.padEnd(SPEAKER_WIDTH));
  const forUser = speaker === 'you' || speaker === 'assistant';
  console.log(`${time}  ${name}  ${forUser ? text : styleText('dim', text)}`);
}

export function heading(text: string): void {
  console.log(`\n${styleText('bold', text)}`);
}

export function note(text: string): void {
  console.log(styleText('dim', text));
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  console.log(styleText('dim', line(titles)));
  for (const row of rows) console.log(line(row));
}
