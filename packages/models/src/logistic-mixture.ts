import type { GraphBuilder, Node } from "@isthmus/graph";
import { discretisedLogistic, logProb } from "@isthmus/math";
import type { LastLayer } from "./trunk.ts";

/**
 * A mixture of discretised logistics (Salimans et al. 2017) for every feature of every item: values on `levels` equal steps
 * from 0 to 1, the ends taking what falls outside.
 */
export interface LogisticMixture {
  readonly kind: "logisticMixture";
  readonly levels: number;
  readonly components: readonly LogisticComponent[];
}

/** One of the logistics, [batch, features] each. */
interface LogisticComponent {
  readonly loc: Node;
  readonly logScale: Node;
  /** Natural logarithm of its share over that of the first component, whose own is the scalar 0. */
  readonly logShare: Node;
}

/**
 * Scales lie about START at first, and below no 1 / FINEST of a level: at that scale a level whose middle is the location
 * has all of the mass, to float32.
 */
const START = 0.1;
const FINEST = 32;

/**
 * The mixture whose first locations are the decoder's `output` [batch, features]; its other numbers are layers beside it,
 * `decoder.loc1`, ..., `decoder.logScale0`, ..., `decoder.logShare1`, .... Locations start out spread evenly over [0, 1].
 */
export function logisticMixture(
  build: GraphBuilder,
  output: Node,
  { levels, logistics }: { readonly levels: number; readonly logistics: number },
  layer: LastLayer,
): LogisticMixture {
  const components = Array.from({ length: logistics }, (_, k) => {
    const start = build.scalar(startLocation(k, logistics));
    const w = layer(`decoder.logScale${k}`);
    return {
      loc: build.add(k === 0 ? output : layer(`decoder.loc${k}`), start),
      logScale: build.log(build.add(build.mul(build.scalar(START), build.exp(w)), build.scalar(leastScale(levels)))),
      logShare: k === 0 ? build.scalar(0) : layer(`decoder.logShare${k}`),
    };
  });
  return { kind: "logisticMixture", levels, components };
}

/** What is added to the decoder's number for the location of component k. */
export function startLocation(k: number, logistics: number): number {
  return logistics === 1 ? 0.5 : k / (logistics - 1);
}

/** The scale that the decoder's number w for it stands for, in the units of the data. */
export function logisticScale(w: number, levels: number): number {
  return START * Math.exp(w) + leastScale(levels);
}

function leastScale(levels: number): number {
  return 1 / (levels - 1) / FINEST;
}

/** log sum_k share_k p_k(x), nats, [batch, features]. */
export function mixtureLogProb(build: GraphBuilder, x: Node, { components, levels }: LogisticMixture): Node {
  const joint = components.map(({ loc, logScale, logShare }) => {
    const p = discretisedLogistic(build, { loc, logScale, low: 0, high: 1, levels });
    return build.add(logShare, logProb(build, p, x));
  });
  return build.sub(
    logSumExp(build, joint),
    logSumExp(
      build,
      components.map(({ logShare }) => logShare),
    ),
  );
}

/** The shares' mean of the locations, each cut to [0, 1], [batch, features]. */
export function mixtureMean(build: GraphBuilder, { components }: LogisticMixture): Node {
  const total = logSumExp(
    build,
    components.map(({ logShare }) => logShare),
  );
  const parts = components.map(({ loc, logShare }) => {
    const cut = build.minimum(build.maximum(loc, build.scalar(0)), build.scalar(1));
    return build.mul(build.exp(build.sub(logShare, total)), cut);
  });
  return parts.reduce((sum, part) => build.add(sum, part));
}

/** `loc0`, `logScale0`, `loc1`, `logScale1`, `logShare1`, ... */
export function mixtureOutputs({ components }: LogisticMixture): Record<string, Node> {
  const named = components.flatMap(({ loc, logScale, logShare }, k) => [
    [`loc${k}`, loc] as const,
    [`logScale${k}`, logScale] as const,
    ...(k === 0 ? [] : [[`logShare${k}`, logShare] as const]),
  ]);
  return Object.fromEntries(named);
}

/** log sum_k exp(l_k), elementwise, by the largest of them. */
function logSumExp(build: GraphBuilder, logs: readonly Node[]): Node {
  const [first, ...rest] = logs;
  if (rest.length === 0) return first!;
  const largest = build.stopGradient(rest.reduce((most, l) => build.maximum(most, l), first!));
  const sum = logs.map((l) => build.exp(build.sub(l, largest))).reduce((total, one) => build.add(total, one));
  return build.add(largest, build.log(sum));
}
