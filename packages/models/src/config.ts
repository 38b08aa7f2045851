import { elementCount } from "@isthmus/graph";
import { requireKnown, requireOneOf, requireSizes } from "./checks.ts";
import { checkedFields, type Fields } from "./fields.ts";
import { checkedLikelihood, type GivenLikelihood, type Likelihood } from "./likelihood.ts";
import { checkedTrunk, type GivenTrunk, type Trunk } from "./trunk.ts";

/** What the pixels, or features, are to the likelihood. Printed with every likelihood: the choice moves it by ten nats and more. */
export type Binarization =
  /** Values in [0, 1] as they are; under a Bernoulli likelihood, real-valued pixels as probabilities. */
  | "none"
  /** Each value drawn anew as 0 or 1 with itself as probability, in training and in testing. */
  | "dynamic"
  /** 1 above 0.5, else 0. */
  | "threshold";

/** What every model of the zoo is told; each kind adds its own fields. */
export interface BaseConfig {
  /** Shape of one item, `[28, 28, 1]`; networks are fed it flat. */
  readonly inputShape: readonly number[];
  /** The layers between the data and the code. */
  readonly trunk: Trunk;
  /** The layers between the code and the data, as an encoder's: they are mirrored. Default: the trunk. */
  readonly decoder?: Trunk;
  /** Latent dimensions. */
  readonly latent: number;
  readonly likelihood: Likelihood;
  readonly binarize: Binarization;
}

/** A configuration whose gaps are filled with defaults. */
export type Given<C extends BaseConfig = BaseConfig> = Partial<Omit<C, "trunk" | "decoder" | "likelihood">> & {
  readonly trunk?: GivenTrunk;
  readonly decoder?: GivenTrunk;
  readonly likelihood?: GivenLikelihood;
};

/** A kind of model: what it is called, what it starts from and which fields it adds. */
export interface ModelKind {
  /** Its name: in model files and on the command line. */
  readonly kind: string;
  /** One line for people. */
  readonly summary: string;
  /** Where it departs from the defaults of all. */
  readonly defaults: Given;
  /** What it is told beside what all are. */
  readonly fields: Fields;
}

/** The network of the PyTorch VAE example (784-400-20), whose published figures make it everyone's yardstick. */
const defaults = {
  inputShape: [28, 28, 1],
  trunk: { kind: "dense", hidden: [400] },
  latent: 20,
  likelihood: { kind: "bernoulli" },
  binarize: "none",
} as const satisfies Given;

/**
 * The configuration of a kind with its defaults filled in.
 *
 * @throws TypeError or RangeError naming the field
 */
export function checkedConfig<C extends BaseConfig>(model: ModelKind, given: Given<C>): C {
  const own = given as Given & Readonly<Record<string, unknown>>;
  const base: Given = { ...model.defaults, ...own };
  const { inputShape, latent, binarize } = { ...defaults, ...base };
  requireKnown(model.kind, own, [...Object.keys(defaults), "decoder", ...Object.keys(model.fields)]);
  requireSizes("inputShape", inputShape, 1);
  requireSizes("latent", [latent], 1);
  requireOneOf("binarize", binarize, ["none", "dynamic", "threshold"]);
  return {
    inputShape,
    trunk: checkedTrunk("trunk", base.trunk ?? defaults.trunk, inputShape),
    ...(base.decoder && { decoder: checkedTrunk("decoder", base.decoder, inputShape) }),
    latent,
    likelihood: checkedLikelihood(base.likelihood ?? defaults.likelihood),
    binarize,
    ...checkedFields(model.fields, own),
  } as unknown as C;
}

/** Features of one flat item. */
export function featureCount({ inputShape }: Pick<BaseConfig, "inputShape">): number {
  return elementCount(inputShape);
}
