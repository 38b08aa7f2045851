import type { Schedule } from "@isthmus/models";

/** How a schedule is written on the command line; a number is a schedule too. */
export const SCHEDULE_HELP: readonly string[] = [
  "A number that may change from step to step, such as --kl-weight, is a number or a schedule over epochs:",
  "  linear:FROM:TO:EPOCHS                     a straight line, then TO",
  "  cyclical:FROM:TO:EPOCHS[:CYCLES[:RAMP]]   up in the first RAMP (0.5) of each of CYCLES (4) parts, then TO",
  "  decay:FROM:TO:FACTOR:EPOCHS               times FACTOR after each so many epochs, down to TO",
];

const shapes: Readonly<Record<string, readonly string[]>> = {
  linear: ["from", "to", "epochs"],
  cyclical: ["from", "to", "epochs", "cycles", "ramp"],
  decay: ["from", "to", "factor", "epochs"],
};

const least: Readonly<Record<string, number>> = { linear: 3, cyclical: 3, decay: 4 };

/** What the text stands for; `undefined` when it is no schedule. Values are not checked. */
export function parseSchedule(text: string): Schedule | undefined {
  if (text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  const [kind = "", ...values] = text.split(":");
  const names = Object.hasOwn(shapes, kind) ? shapes[kind]! : [];
  if (names.length === 0 || values.length < least[kind]! || values.length > names.length) return undefined;
  if (values.some((value) => value.trim() === "" || !Number.isFinite(Number(value)))) return undefined;
  return { kind, ...Object.fromEntries(values.map((value, i) => [names[i], Number(value)])) } as unknown as Schedule;
}

/** The text that stands for a schedule over epochs. */
export function scheduleText(schedule: Schedule): string {
  if (typeof schedule === "number") return String(schedule);
  const values = { ...schedule } as Readonly<Record<string, unknown>>;
  const said = shapes[schedule.kind]!.filter((name) => values[name] !== undefined);
  return [schedule.kind, ...said.map((name) => String(values[name]))].join(":");
}
