import { requirePositive } from "./optimiser.ts";

/** Learning rates of the steps t = 1, 2, ...; the host feeds one per step. No `**`, no `Math.cos`: the same bits everywhere. */
export interface LearningRates {
  /** The rate of the next step; the first call gives step 1. */
  next(): number;
}

function requireSteps(schedule: string, option: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new RangeError(`${schedule}: "${option}" expected a positive integer, got ${value}`);
}

/** Always `rate`. */
export function constantRate(rate: number): LearningRates {
  requirePositive("constantRate", "rate", rate);
  return { next: () => rate };
}

/** `rate`, multiplied by `factor`, a positive number, after every `every` steps. */
export function stepRate({ rate, factor, every }: { rate: number; factor: number; every: number }): LearningRates {
  requirePositive("stepRate", "rate", rate);
  requirePositive("stepRate", "factor", factor);
  requireSteps("stepRate", "every", every);
  let current = rate;
  let done = 0;
  return {
    next: () => {
      if (done > 0 && done % every === 0) current *= factor;
      done++;
      return current;
    },
  };
}

/** r t / `steps` at the first steps t = 1 .. `steps`, where r is the first rate of `then`; `then` goes on from there. */
export function linearWarmUp(steps: number, then: LearningRates): LearningRates {
  requireSteps("linearWarmUp", "steps", steps);
  const peak = then.next();
  let t = 0;
  return { next: () => (t < steps ? (peak * ++t) / steps : then.next()) };
}

/**
 * `floor` + (`rate` - `floor`) (1 + cos(pi (t - 1) / `steps`)) / 2: from `rate` at step 1 down to `floor` at step
 * `steps` + 1 and ever after (Loshchilov, Hutter 2017, equation 5, without restarts). The cosine is that of a vector
 * turned a little at every step.
 */
export function cosineRate({ rate, steps, floor = 0 }: { rate: number; steps: number; floor?: number }): LearningRates {
  requirePositive("cosineRate", "rate", rate);
  requireSteps("cosineRate", "steps", steps);
  if (!(floor >= 0 && floor <= rate))
    throw new RangeError(`cosineRate: "floor" expected in [0, ${rate}], got ${floor}`);
  const turn = rotation(Math.PI / steps);
  let [x, y] = [1, 0];
  let t = 0;
  return {
    next: () => {
      if (t === steps) return floor;
      const current = floor + ((rate - floor) * (1 + x)) / 2;
      [x, y] = [x * turn.cos - y * turn.sin, x * turn.sin + y * turn.cos];
      t++;
      return current;
    },
  };
}

/** Cosine and sine of an angle in (0, pi] by their Taylor series: at pi the first term left out is below 1e-20. */
function rotation(angle: number): { cos: number; sin: number } {
  let [cos, sin] = [0, 0];
  for (let k = 0, term = 1; k < 34; term *= angle / ++k) {
    const signed = k & 2 ? -term : term;
    if (k & 1) sin += signed;
    else cos += signed;
  }
  return { cos, sin };
}
