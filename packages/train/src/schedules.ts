import type { Json } from "@isthmus/graph";
import { checkedSchedule, type Schedule, type Trainable } from "@isthmus/models";

/** The values of a schedule at the steps 1, 2, ...; no `**`, no `Math.exp`: the same bits everywhere. */
export interface ScheduleValues {
  /** The value of the next step; the first call gives step 1. */
  next(): number;
}

/**
 * The values of a schedule, step by step.
 *
 * @param stepsPerEpoch what an epoch is in steps
 * @throws TypeError, RangeError as `checkedSchedule`
 */
export function scheduleValues(given: Schedule, stepsPerEpoch: number): ScheduleValues {
  const schedule = checkedSchedule("schedule", given);
  if (typeof schedule === "number") return { next: () => schedule };
  const span = schedule.steps ?? schedule.epochs * stepsPerEpoch;
  if (schedule.kind === "decay") return decay(schedule, span);
  const { from, to } = schedule;
  const share = schedule.kind === "linear" ? linear(span) : cyclical(span, schedule.cycles!, schedule.ramp!);
  let done = 0;
  return {
    next: () => {
      const s = share(done++);
      // Both ends exactly.
      return s < 1 ? from + (to - from) * s : to;
    },
  };
}

/** What evaluation takes for a schedule: where it ends. */
function finalValue(schedule: Schedule): number {
  return typeof schedule === "number" ? schedule : schedule.to;
}

/** The share of the way that is gone after `done` steps. */
type Share = (done: number) => number;

function linear(span: number): Share {
  return (done) => Math.min(1, done / span);
}

function cyclical(span: number, cycles: number, ramp: number): Share {
  return (done) => (done < span ? Math.min(1, ((done * cycles) % span) / (span * ramp)) : 1);
}

function decay({ from, to, factor }: { from: number; to: number; factor: number }, span: number): ScheduleValues {
  let value = from;
  let done = 0;
  return {
    next: () => {
      if (done > 0 && done % span === 0) value = Math.max(to, value * factor);
      done++;
      return value;
    },
  };
}

/** Scalar inputs by the names of a model's schedules. */
export interface ScheduleScalars {
  /** Input name -> its array of length 1, the same at every step. */
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** Goes one step forward and writes the inputs of that step; the first call gives step 1. */
  readonly advance: () => void;
}

/** The scalars of training, before step 1. */
export function trainingScalars({ schedules = {} }: Trainable, stepsPerEpoch: number): ScheduleScalars {
  const running = Object.entries(schedules).map(([name, schedule]) => ({
    name,
    values: scheduleValues(schedule, stepsPerEpoch),
    scalar: new Float32Array(1),
  }));
  return {
    inputs: Object.fromEntries(running.map(({ name, scalar }) => [name, scalar])),
    advance: () => {
      for (const { values, scalar } of running) scalar[0] = values.next();
    },
  };
}

/** The scalars of evaluation: where each schedule ends. */
export function finalScalars({ schedules = {} }: Trainable): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(schedules).map(([name, schedule]) => [name, Float32Array.of(finalValue(schedule))]),
  );
}

/** The schedules as JSON, every option said. */
export function describedSchedules({ schedules = {} }: Trainable): Json {
  const described = Object.entries(schedules).map(([name, schedule]) => {
    const checked = checkedSchedule(name, schedule);
    return [name, typeof checked === "number" ? checked : { ...checked }] as const;
  });
  return Object.fromEntries(described);
}
