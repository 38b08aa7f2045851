/** Digits kept of a measured figure. */
const DIGITS = 7;

/** JSON for people and diffs: indented, an array of numbers on one line, fractions to seven significant digits. */
export function readableJson(value: unknown): string {
  const text = JSON.stringify(value, (_, one: unknown) => (typeof one === "number" ? shortened(one) : one), 2);
  const oneLine = text.replace(/\[\n[-+\d.eE,\s]*\]/g, (array) =>
    array.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]"),
  );
  return `${oneLine}\n`;
}

function shortened(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
}

/** What its file will hold: charts and pages drawn from it are those that can be drawn from the file. */
export function asWritten<T>(value: T): T {
  return JSON.parse(readableJson(value)) as T;
}
