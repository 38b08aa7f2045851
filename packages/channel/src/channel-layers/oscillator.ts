/** What imperfect oscillators do to complex uses. */
import type { Node } from "@isthmus/graph";
import { complexMultiply, complexPhase } from "../layers/complex.ts";
import type { ChannelScope, ChannelOutput } from "./scope.ts";

/** Every use of a block turned by one angle, uniform in [-most, most]. */
export interface PhaseChannel {
  readonly kind: "phase";
  /** Radians, in (0, pi]. Default: pi. */
  readonly most?: number;
}

/** Use i turned by 2 pi f i, f uniform in [-most, most] for each block. */
export interface FrequencyChannel {
  readonly kind: "frequency";
  /** Cycles per use. */
  readonly most: number;
}

/** Use i turned by the sum of i + 1 independent Gaussian angles (Wiener process). */
export interface PhaseNoiseChannel {
  readonly kind: "phaseNoise";
  /** Standard deviation of each angle, radians. */
  readonly deviation: number;
}

export function phase({ most = Math.PI }: PhaseChannel, scope: ChannelScope, x: Node): ChannelOutput {
  return turned(scope, x, uniform(scope, "angle", most));
}

export function frequency({ most }: FrequencyChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const n = x.shape[1] as number;
  const index = scope.build.constant(
    [1, n],
    Array.from({ length: n }, (_, i) => i),
  );
  return turned(scope, x, scope.build.mul(uniform(scope, "offset", 2 * Math.PI * most), index));
}

export function phaseNoise({ deviation }: PhaseNoiseChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build } = scope;
  const n = x.shape[1] as number;
  const steps = build.mul(build.randomNormal(["batch", n], scope.noise("angles")), build.scalar(deviation));
  const upTo = build.constant(
    [n, n],
    Array.from({ length: n * n }, (_, at) => (Math.floor(at / n) <= at % n ? 1 : 0)),
  );
  return turned(scope, x, build.matmul(steps, upTo));
}

/** By angles [batch, n] or [batch, 1]. */
function turned({ build }: ChannelScope, x: Node, angle: Node): ChannelOutput {
  return { y: complexMultiply(build, x, complexPhase(build, angle)) };
}

/** [batch, 1] in (-most, most). */
function uniform(scope: ChannelScope, name: string, most: number): Node {
  const { build } = scope;
  const u = build.randomUniform(["batch", 1], scope.noise(name));
  return build.mul(build.sub(u, build.scalar(0.5)), build.scalar(2 * most));
}
