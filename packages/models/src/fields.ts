import { checkedSchedule, type Schedule } from "./schedule.ts";

/** A field of a model's configuration beside those that every model has: enough to check it, and to ask a user for it. */
export type Field = (
  | NumberField
  | ScheduleField
  | { readonly kind: "flag"; readonly default: boolean; readonly what: string }
  | { readonly kind: "choice"; readonly default: string; readonly choices: readonly string[]; readonly what: string }
) & {
  /** It means something where another field has this value, and is left out of the configuration elsewhere. */
  readonly onlyWith?: { readonly field: string; readonly value: string };
};

export interface NumberField {
  readonly kind: "number" | "integer";
  readonly default: number;
  readonly least: number;
  readonly most: number;
  /** In few words, for a line of help. */
  readonly what: string;
}

/** A number that may change from step to step. */
export interface ScheduleField {
  readonly kind: "schedule";
  readonly default: Schedule;
  /** All values are finite and at least this, or above it where `open`. */
  readonly least: number;
  readonly open?: boolean;
  readonly what: string;
}

/** Fields by name. */
export type Fields = Readonly<Record<string, Field>>;

/** `value` if it is what `field` expects, else `undefined`: what a text or a JSON value stands for is the caller's. */
export function isFieldValue(field: Field, value: unknown): boolean {
  if (field.kind === "flag") return typeof value === "boolean";
  if (field.kind === "choice") return typeof value === "string" && field.choices.includes(value);
  if (field.kind === "schedule") return typeof value === "number" || typeof value === "object";
  const isNumber = field.kind === "integer" ? Number.isSafeInteger(value) : typeof value === "number";
  return isNumber && (value as number) >= field.least && (value as number) <= field.most;
}

/** `a number from 0 to 1`, `l1 or kl`. */
export function expectation(field: Field): string {
  if (field.kind === "flag") return "true or false";
  if (field.kind === "choice") return field.choices.join(" or ");
  if (field.kind === "schedule") return "a number or a schedule";
  return `${field.kind === "integer" ? "a whole number" : "a number"} from ${field.least} to ${field.most}`;
}

/**
 * The fields' values: those given, else their defaults. What means nothing beside the others is checked and left out.
 *
 * @throws TypeError, RangeError naming the field
 */
export function checkedFields(fields: Fields, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values = checkedValues(fields, given);
  const meant = Object.entries(values).filter(([name]) => {
    const { onlyWith } = fields[name]!;
    return !onlyWith || values[onlyWith.field] === onlyWith.value;
  });
  return Object.fromEntries(meant);
}

function checkedValues(fields: Fields, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const value = given[name] ?? field.default;
      if (field.kind === "schedule") return [name, checkedSchedule(name, value as Schedule, field)];
      if (isFieldValue(field, value)) return [name, value];
      throw new RangeError(`"${name}" expected ${expectation(field)}, got ${String(value)}`);
    }),
  );
}
