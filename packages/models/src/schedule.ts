/** A number of steps, given so or as epochs. */
export type Span =
  | { readonly steps: number; readonly epochs?: never }
  | { readonly epochs: number; readonly steps?: never };

/** From `from` at step 1 in a straight line to `to`, reached when the span is over and kept ever after. */
export type LinearSchedule = Span & { readonly kind: "linear"; readonly from: number; readonly to: number };

/**
 * `cycles` equal parts of the span (default: 4), in each of which the value rises in a straight line from `from` to `to`
 * during the share `ramp` of it (default: 0.5) and stays there for the rest (Fu et al. 2019, equations 6 and 7, with
 * their defaults). After the span it stays `to`.
 */
export type CyclicalSchedule = Span & {
  readonly kind: "cyclical";
  readonly from: number;
  readonly to: number;
  readonly cycles?: number;
  readonly ramp?: number;
};

/** `from`, a positive number, multiplied by `factor` in (0, 1) after every span, but never below `to`. */
export type DecaySchedule = Span & {
  readonly kind: "decay";
  readonly from: number;
  readonly to: number;
  readonly factor: number;
};

/** A number of the loss that changes from step to step (weight of a KL, capacity, temperature), as JSON. A plain number never changes. */
export type Schedule = number | LinearSchedule | CyclicalSchedule | DecaySchedule;

/** The values a schedule may take, all finite: from `least` on, or above it where `open`. */
export interface ScheduleRange {
  readonly least: number;
  readonly open?: boolean;
}

const ANY: ScheduleRange = { least: -Infinity, open: true };

/**
 * The schedule with its defaults filled in.
 *
 * @param field what it is called in messages
 * @param range of all its values. Default: any finite number
 * @throws TypeError neither a number nor an object; RangeError an unknown kind or option, or a value out of range
 */
export function checkedSchedule(field: string, given: Schedule, range: ScheduleRange = ANY): Schedule {
  if (typeof given === "number") {
    requireValue(field, given, range);
    return given;
  }
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`"${field}" expected a number or a schedule, got ${String(given)}`);
  }
  const known = Object.hasOwn(defaults, given.kind) ? defaults[given.kind] : undefined;
  if (!known) {
    throw new RangeError(
      `"${field}" expected a schedule of kind ${Object.keys(defaults).join(", ")}, got ${String(given.kind)}`,
    );
  }
  const schedule = { ...known, ...given } as Exclude<Schedule, number>;
  requireKnown(field, schedule);
  requireSpan(field, schedule);
  requireValue(`${field}.from`, schedule.from, range);
  requireValue(`${field}.to`, schedule.to, range);
  requireShape(field, schedule);
  return schedule;
}

const defaults = { linear: {}, cyclical: { cycles: 4, ramp: 0.5 }, decay: {} };

const options = {
  linear: ["kind", "from", "to", "steps", "epochs"],
  cyclical: ["kind", "from", "to", "steps", "epochs", "cycles", "ramp"],
  decay: ["kind", "from", "to", "steps", "epochs", "factor"],
};

function requireKnown(field: string, schedule: Exclude<Schedule, number>): void {
  const known = options[schedule.kind];
  const strange = Object.keys(schedule).find((name) => !known.includes(name));
  if (strange !== undefined) throw new RangeError(`"${field}" expected ${known.join(", ")}, got "${strange}"`);
}

function requireSpan(field: string, { steps, epochs }: { readonly steps?: number; readonly epochs?: number }): void {
  if ((steps === undefined) === (epochs === undefined)) {
    throw new RangeError(`"${field}" expected either "steps" or "epochs"`);
  }
  requireCount(`${field}.${steps === undefined ? "epochs" : "steps"}`, steps ?? epochs!);
}

function requireShape(field: string, schedule: Exclude<Schedule, number>): void {
  if (schedule.kind === "cyclical") {
    requireCount(`${field}.cycles`, schedule.cycles!);
    requireBetween(`${field}.ramp`, schedule.ramp!, schedule.ramp! > 0 && schedule.ramp! <= 1, "a number in (0, 1]");
  }
  if (schedule.kind === "decay") {
    const { factor, from, to } = schedule;
    requireBetween(`${field}.factor`, factor, factor > 0 && factor < 1, "a number in (0, 1)");
    requireBetween(`${field}.to`, to, to <= from, `at most the ${from} it begins with`);
  }
}

function requireCount(field: string, value: number): void {
  requireBetween(field, value, Number.isSafeInteger(value) && value > 0, "a positive integer");
}

function requireValue(field: string, value: number, { least, open = false }: ScheduleRange): void {
  const fits = Number.isFinite(value) && (open ? value > least : value >= least);
  const range = least === -Infinity ? "" : ` ${open ? "above" : "of at least"} ${least}`;
  requireBetween(field, value, fits, `a finite number${range}`);
}

function requireBetween(field: string, value: unknown, fits: boolean, expected: string): void {
  if (fits) return;
  throw new RangeError(`"${field}" expected ${expected}, got ${String(value)}`);
}
